"""The gallery: the maths of its figures, its page, and with `.ci/extras` some of its pictures."""

import math
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from benchmarks.gallery import __main__ as command
from benchmarks.gallery import (
    attributes,
    drawing,
    dynamics,
    generations,
    learning,
    losses,
    maths,
    page,
    style,
)
from benchmarks.gallery.catalogue import FIGURES, GROUPS
from benchmarks.reproduce import theory
from tests.tiny_runs import stepped_run, tiny_attribute_to_image, tiny_translation
from tfgan_zoo.errors import InputError, NonFiniteLossError
from tfgan_zoo.run.building import build_model

FOLDER = Path(__file__).parents[2] / "docs" / "gallery"


def test_slopes_of_the_generators():
    share = np.array([0.001, 0.25, 0.5, 0.9])
    found = maths.generator_slopes(share)
    values, slopes = found["minimax_generator"]
    assert values == pytest.approx(np.log(1 - share), abs=1e-5)
    assert slopes == pytest.approx(-share, abs=1e-5)
    values, slopes = found["non_saturating_generator"]
    assert values == pytest.approx(-np.log(share), abs=1e-5)
    assert slopes == pytest.approx(share - 1, abs=1e-5)


def test_losses_over_the_score():
    found = maths.losses_over_score(np.array([-2.0, 0.0, 3.0]))
    assert found["least squares"] == pytest.approx([4.5, 0.5, 2.0])
    assert found["minimax"][1] == pytest.approx(-math.log(2))
    assert found["non-saturating"] == pytest.approx(np.log1p(np.exp([2.0, 0.0, -3.0])), abs=1e-6)


def test_distances_of_gaussians():
    assert maths.distances(0.0, 0.5) == {"KL": 0.0, "JS": pytest.approx(0, abs=1e-9), "W": 0.0}
    far = maths.distances(8.0, 0.5)
    assert far["JS"] == pytest.approx(math.log(2), abs=1e-6)
    assert (far["KL"], far["W"]) == (128.0, 8.0)
    # The best discriminator's value is -log 4 + 2 JS.
    value = theory.best_value((1.5, 1.0))
    assert value == pytest.approx(-math.log(4) + 2 * maths.distances(1.5, 1.0)["JS"], abs=1e-6)


def test_the_minimax_game_turns_and_neither_falls_nor_rises():
    points = np.random.default_rng(0).normal(size=(50, 2))
    field = maths.dirac_game(points)
    assert np.abs((points * field).sum(axis=1)).max() < 1e-12
    assert np.abs((points * maths.dirac_game(points, non_saturating=True)).sum(axis=1)).max() > 0.1
    # So a step of length h away from a point is a step outwards, by Pythagoras.
    path = maths.played(maths.dirac_game, (1.0, 0.0), 0.2, 50)
    squares = np.square(path).sum(axis=1)
    added = np.square(0.2 * maths.dirac_game(path[:-1])).sum(axis=1)
    assert np.diff(squares) == pytest.approx(added)


def test_where_the_games_end():
    def distance(steps=160, alternating=True, **options):
        def field(point):
            return maths.dirac_game(point, **options)

        return np.linalg.norm(maths.played(field, (1.0, 0.0), 0.2, steps, alternating)[-1])

    assert distance(alternating=False) > 1.5
    assert distance() == pytest.approx(1.0, abs=0.1)
    assert 0.2 < distance(non_saturating=True) < 0.8
    assert distance(r1=0.3) < 0.01


def test_sparsity_of_units():
    found = maths.sparsity(np.array([0.05, 0.5]), 0.05)
    by_hand = 0.05 * math.log(0.05 / 0.5) + 0.95 * math.log(0.95 / 0.5)
    assert found == pytest.approx([0.0, by_hand], abs=1e-5)


def test_the_mode_of_a_point_is_the_nearest():
    centres = np.array([[0.0, 0.0], [2.0, 0.0]])
    points = np.array([[0.9, 5.0], [1.1, 5.0], [-3.0, 0.0]])
    assert maths.partition(points, centres).tolist() == [0, 1, 0]


def test_modes_are_kept_by_half_of_their_share():
    centres = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    points = np.repeat(centres, (8, 1, 6, 1), axis=0)  # of 16; half of a share are 2
    assert maths.modes_kept(points, centres) == 2
    points[0] = points[-1]
    assert maths.modes_kept(points, centres) == 3
    assert maths.modes_kept(points + 100.0, centres) == 1


def test_mixtures_of_classes_add_up():
    weights = drawing.between(("a", "b", "c"), "c", "a", 5)
    assert weights.sum(axis=1).tolist() == [1.0] * 5
    assert weights[1].tolist() == [0.25, 0.0, 0.75]
    assert drawing.between(("a", "b"), "b", "b", 3).tolist() == [[0, 1]] * 3


def test_pixels_are_blended_evenly():
    ends = np.zeros((2, 2, 3)), np.full((2, 2, 3), 0.8)
    frames = attributes.blend(*ends, 5)
    assert frames.shape == (5, 2, 2, 3)
    assert frames[:, 0, 1, 2] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])


def test_solids_are_rendered_from_each_view():
    torus = attributes.rendered("torus", 16)
    assert torus.shape == (13, 16, 16, 3)
    assert torus.dtype == np.uint8
    assert np.all(torus[:, 0, 0] == 0)
    covered = (torus.max(axis=-1) > 40).sum(axis=(1, 2))
    assert covered[6] < 0.6 * covered[0]  # from the side, at 90 degrees
    assert np.array_equal(torus[0], torus[12])  # after half a turn


def test_two_models_learn_while_their_latents_stay(monkeypatch):
    monkeypatch.setattr(learning, "_BATCH", 4)
    images = np.random.default_rng(0).integers(0, 256, (50, 32, 32, 3), np.uint8)
    for model in (learning.vae(images, 4, 2), learning.gan(2, 2)):
        model.run_eagerly = True
        samples, seconds = learning.taught(model, images, (0, 1, 2))
        assert int(model.step) == 2
        assert seconds > 0
        assert [each.shape for each in samples] == [(15, 32, 32, 3)] * 3
        assert not np.array_equal(samples[0], samples[1])
        assert np.array_equal(samples[2], model.generate(15, seed=0))
        # Both rates have fallen to 0.
        for role in model.roles():
            optimizer = getattr(model, f"{role}_optimizer")
            assert float(optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


def test_durations_in_words():
    found = [learning.duration(each) for each in (0, 0.032, 4.26, 61.7)]
    assert found == ["0 s", "0.03 s", "4.3 s", "62 s"]


def _small_game():
    """Returns a config of a game of tiny networks, whose learning rates decay."""
    config = generations.config_of("GAN 2014")
    config.generator = {"name": "mlp_generator", "units": (2,)}
    config.discriminator = {"name": "mlp_discriminator", "units": (2,)}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {"name": "sgd", "learning_rate": 0.1, "decay": "linear"}
    config.data.batch_size = 4
    return config


def test_a_game_takes_the_steps_that_fit_into_its_time(monkeypatch):
    monkeypatch.setattr(generations, "_FIRST", 1)
    monkeypatch.setattr(generations, "_MEASURED", 2)
    clock = iter([10.0, 14.0, 20.0, 27.0])  # two seconds a step
    monkeypatch.setattr(generations, "time", SimpleNamespace(process_time=clock.__next__))
    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)
    model, steps, seconds = generations.trained(_small_game(), images, minutes=0.1)
    assert (steps, seconds) == (3, 7.0)
    assert int(model.step) == 3
    assert float(model.generator_optimizer.learning_rate) == pytest.approx(0, abs=1e-9)
    assert float(model.discriminator_optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


def test_a_game_that_diverges_is_not_drawn(monkeypatch):
    config = _small_game()
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"].learning_rate = 1e30
    monkeypatch.setattr(generations, "_FIRST", 1)
    monkeypatch.setattr(generations, "_MEASURED", 4)
    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)
    with pytest.raises(NonFiniteLossError, match="At step"):
        generations.trained(config, images, minutes=0.1)


def test_only_the_first_game_has_the_networks_of_its_paper():
    first, *others = configs = [generations.config_of(name) for name in generations.GAMES]
    assert [config.model for config in configs] == list(FIGURES["generations"].models)
    model = build_model(first)
    assert [layer.units for layer in model.generator.layers if hasattr(layer, "units")] == [
        1200,
        1200,
        32 * 32 * 3,
    ]
    assert type(model.generator_optimizer).__name__ == "Adam"
    assert model.ema_half_life is None
    for config in others:
        assert (config.generator.name, config.discriminator.name) == (
            "dcgan_generator",
            "dcgan_discriminator",
        )


@pytest.mark.parametrize("name", FIGURES)
def test_figures_have_titles_and_sentences(name):
    figure = FIGURES[name]
    assert re.fullmatch(r"[a-z_]+", name)
    assert figure.title
    assert not figure.title.endswith(".")
    assert 2 <= len(re.findall(r"[a-z0-9)][.](?= |$)", figure.see)) <= 3
    assert figure.kind in ("png", "gif")
    assert figure.draw.__doc__.startswith("Draws ")
    assert f"gallery {name}" in figure.command(name)
    assert ("--workdir" in figure.command(name)) == (figure.recipe is not None)


def test_no_figure_is_left_out():
    assert sum(map(len, GROUPS.values())) == len(FIGURES)
    assert len({figure.title for figure in FIGURES.values()}) == len(FIGURES)


def test_the_page_shows_what_was_drawn():
    written = FOLDER.with_name("gallery.md").read_text("utf-8")
    assert written == page.text(FOLDER), (
        "run python -m benchmarks.gallery NAME --output=docs/gallery"
    )
    shown = set(re.findall(r"\]\(gallery/([\w.]+)\)", written))
    files = {path.name for path in FOLDER.iterdir()} - {"drawn.json"}
    assert shown == files == {FIGURES[name].file(name) for name in page.records(FOLDER)}
    sizes = [(FOLDER / name).stat().st_size for name in files]
    assert max(sizes) < 1e6
    assert sum(sizes) < 2e6


def test_a_figure_that_is_not_there_is_not_shown(tmp_path):
    folder = tmp_path / "figures"
    assert "###" not in page.text(folder)
    style.save(folder / "rotation.png", np.zeros((4, 4, 3), np.uint8))
    page.record(folder, "rotation", command.Drawn(1.0, "2026-01-01"))
    page.record(folder, "line", command.Drawn(200.0, "2026-01-01"))
    page.write(folder)
    written = (tmp_path / "figures.md").read_text("utf-8")
    assert re.findall(r"^### (.*)$", written, re.M) == [FIGURES["rotation"].title]
    assert "![Two players go in circles](figures/rotation.png)" in written


def test_pictures_and_films_keep_their_colours(tmp_path):
    frames = [np.full((8, 9, 3), level, np.uint8) for level in (0, 120, 255)]
    style.save(tmp_path / "a.png", frames[1])
    style.save(tmp_path / "a.gif", frames)
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), frames[1])
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 3
        for i, frame in enumerate(frames):
            film.seek(i)
            assert np.abs(np.asarray(film.convert("RGB")).astype(int) - frame).max() <= 4
        assert film.info["duration"] == 2000
        film.seek(1)
        assert film.info["duration"] == 120
    style.save(tmp_path / "slow.gif", frames, 700)
    with Image.open(tmp_path / "slow.gif") as film:
        assert film.info["duration"] == 700


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rotatoin"], "got 'rotatoin'.*rotation"),
        (["interpolation"], "--workdir: expected a finished run of dcgan_conditional"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        command.main(arguments)


def test_without_matplotlib_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=re.escape("pip install 'tfgan_zoo[docs]'")):
        command.main(["rotation"])


def test_the_list_has_every_name(capsys):
    command.main(["--list"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(FIGURES)


@pytest.mark.slow
def test_least_squares_move_what_cross_entropy_leaves():
    pushes = {}
    for name in ("gan", "lsgan"):
        _, places, push = losses.pushed(name, steps=600)
        passed = places.sum(axis=1) > 3  # on the side of the data, and far from them
        assert passed.sum() == 4
        pushes[name] = np.linalg.norm(push, axis=1), passed
        if name == "lsgan":
            back = (push * (np.array([1.0, 0.6]) - places)).sum(axis=1)
            assert np.all(back[passed] > 0)
    assert np.linalg.norm(pushes["gan"][0][pushes["gan"][1]]) < 0.2
    assert np.linalg.norm(pushes["lsgan"][0][pushes["lsgan"][1]]) > 0.6


@pytest.mark.slow
def test_samples_on_the_line_reach_the_data():
    first, last = dynamics.line_states([0, 1500])

    def mean(state):
        return np.average(state["x"], weights=state["density"])

    assert abs(mean(first) - 1.5) > 0.5
    assert abs(mean(last) - 1.5) < 0.3
    near = np.abs(last["x"] - 1.5) < 0.6
    assert np.abs(last["judged"][near] - 0.5).max() < 0.15


@pytest.mark.slow
def test_figures_are_drawn(tmp_path):
    pytest.importorskip("matplotlib", reason="pip install 'tfgan_zoo[docs]'")
    folder = tmp_path / "drawn"
    command.main(["saturation", "rotation", f"--output={folder}"])
    for name in ("saturation", "rotation"):
        with Image.open(folder / f"{name}.png") as image:
            assert abs(image.width - style.WIDTH * style.DPI) < 1
            assert len(np.unique(np.asarray(image.convert("L")))) > 20  # not blank
    assert (tmp_path / "drawn.md").read_text().count("### ") == 2


@pytest.fixture
def drawn_style():
    pytest.importorskip("matplotlib", reason="pip install 'tfgan_zoo[docs]'")
    with style.settings():
        yield


def test_a_film_has_a_frame_for_each_stop(drawn_style):
    random = np.random.default_rng(0)
    samples = list(random.uniform(-1, 1, (3, 15, 8, 8, 3)).astype(np.float32))
    made = {name: learning.Taught(samples, 0.01) for name in ("VAE", "GAN")}
    frames = learning.film(made, (0, 1, 200))
    assert len({frame.shape for frame in frames}) == 1
    lower = [frame[-60:] for frame in frames]
    assert not np.array_equal(lower[1], lower[2])  # The time goes on.


def test_games_are_drawn_in_rows(monkeypatch, drawn_style, capsys):
    monkeypatch.setattr(generations, "GAMES", {"GAN 2014": None})
    config = _small_game()
    monkeypatch.setattr(generations, "config_of", lambda name: config)
    figure = generations.generations(minutes=1e-9, samples=20)
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["data", "GAN 2014\n1 step\n0% clean"]
    assert "GAN 2014: 1 step in" in capsys.readouterr().out


@pytest.mark.slow
def test_runs_are_drawn(tmp_path, drawn_style):
    size = {"model_args__image_shape": "32,32,3"}
    for draw, source in (
        (attributes.attributes, "figures/attributes"),
        (attributes.turning, "solids/views"),
    ):
        run = tmp_path / draw.__name__
        config = tiny_attribute_to_image(tmp_path, data__source=source, **size)
        figure = draw(stepped_run(config, run))
        assert len(figure.axes) == 8
    config = tiny_translation(
        tmp_path,
        "dtn",
        data__source="figures/transfer",
        data__split="train[:20]",
        data__load_size="none",
        **size,
    )
    figure = drawing.transfer(stepped_run(config, tmp_path / "dtn"), steps=2)
    assert [each.get_ylabel().split()[0] for each in figure.axes] == [
        "source",
        "style",
        "style",
        "DTN",
    ]
