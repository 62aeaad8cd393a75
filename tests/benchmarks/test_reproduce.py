"""The published tables, with a few steps each, and numbers computed by hand."""

import itertools
import json
import math
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import flags

from benchmarks import common, speed_record
from benchmarks.reproduce import __main__ as reproduce
from benchmarks.reproduce import (
    fashion_mnist,
    lsgan_stability,
    points,
    r3gan,
    ring_causes,
    significance,
    stacked_mnist,
    super_resolution,
    theory,
)
from benchmarks.reproduce.experiment import verdict
from benchmarks.reproduce.significance import Sample, student
from tfgan_zoo import pictures
from tfgan_zoo.data.points import mixture
from tfgan_zoo.errors import InputError

#: Flags without a default.
NEEDED = {
    "super_resolution": ["--sets=Set5=folder:Set5"],
    "stacked_mnist": ["--data=mnist"],
    "fashion_mnist": ["--data=fashion_mnist"],
}


def parsed(name, *argv):
    given = flags.FlagValues()
    flags.DEFINE_string("workdir", None, "", given)
    reproduce.EXPERIMENTS[name].define(given)
    given(["", *NEEDED.get(name, []), *argv])
    return given


def cells(table):
    """Returns the cells of a table's lines, without its header."""
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("name", reproduce.EXPERIMENTS)
def test_every_experiment_has_its_flags_and_its_place(name):
    given = parsed(name)
    assert all(given[flag].help for flag in given if flag != "workdir")
    assert name in reproduce.__doc__
    with pytest.raises(InputError, match="There is no flag --stepz"):
        reproduce.main([name, *NEEDED.get(name, []), "--stepz=3"])


def test_an_unknown_experiment():
    with pytest.raises(InputError, match=r"NAME: expected one of ring, grid, .*, got 'rings'"):
        reproduce.main(["rings"])


def test_verdicts_include_the_band_s_end():
    assert verdict(26.02, 26.0, 0.02) == "pass"
    assert verdict(25.979, 26.0, 0.02) == "FAIL"


# ------------------------------------------------------------------ PacGAN


@pytest.mark.slow
def test_points_go_on_from_where_they_were(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(points, "SAMPLES", 50)
    shared = ["--models=pacgan2", "--trials=2", f"--workdir={tmp_path}", "--save_every=2"]
    for steps, lines in ((2, ["pacgan2 2:"]), (5, ["pacgan2 4:", "pacgan2 5:"])):
        table = points.run("ring", parsed("ring", f"--steps={steps}", *shared))
        said = capsys.readouterr().out.splitlines()
        assert [line.startswith(start) for line, start in zip(said, lines, strict=True)]
        modes, quality, divergence = cells(table)
        assert modes[:3] == ["`pacgan2`", "modes", "7.9 ± 0.3 (n = 10)"]
        assert modes[3].endswith("(n = 2)")
        assert {row[-1] for row in (modes, quality, divergence)} == {"at 0.0% of the steps"}
        assert f"`pacgan2` {steps} steps" in table
    # More steps requested, but no training.
    again = points.run("ring", parsed("ring", "--steps=9", "--score_only", *shared))
    assert cells(again) == cells(table)
    with pytest.raises(InputError, match="--models: expected some of gan, pacgan2, pacgan4"):
        points.run("ring", parsed("ring", "--models=pacgan3"))


def test_only_whole_trials_are_tested():
    class Game:  # three perfect, finished trials
        step = points.STEPS
        trials = 3

        def sample(self, num, moving):
            return np.repeat(mixture("grid").centres, num // 25, axis=0)[None].repeat(
                self.trials, axis=0
            )

    modes, quality, divergence = cells(points.table("grid", {"gan": Game()}, {"gan": 12.34}))
    assert modes == [
        *("`gan`", "modes", "17.3 ± 2.5 (n = 10)", "25.0 ± 0.0 (n = 3)", "+7.7"),
        *("5.11", "0.00", "0.00", "n = 3: no verdict"),
    ]
    assert {row[-1] for row in (quality, divergence)} == {"n = 3: no verdict"}
    Game.trials = 5
    five = cells(points.table("grid", {"gan": Game()}, {}))
    assert [row[-1] for row in five] == ["FAIL: above", "FAIL: above", "FAIL: below"]
    Game.step //= 2
    assert {row[-1] for row in cells(points.table("grid", {"gan": Game()}, {}))} == {
        "at 50.0% of the steps"
    }


def test_published_standard_errors_become_deviations_over_trials():
    ring, grid = (points.PUBLISHED[name] for name in ("ring", "grid"))
    assert ring["gan"].modes.deviation == pytest.approx(1.58, abs=0.005)
    assert grid["pacgan2"].quality.deviation == pytest.approx(2.53, abs=0.005)
    assert grid["pacgan2"].reverse_kl.deviation is None  # the error is unknown


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_verdicts_in_the_documentation_follow_from_the_figures_beside_them(name):
    def read(cell):
        mean, *spread, trials = map(float, re.findall(r"[\d.]+", cell))
        return Sample(mean, spread[0] if spread else None, int(trials))

    rows = cells(common.shown("docs/results.md", f"reproduce_{name}"))
    assert len(rows) == 6
    for _, figure, published, ours, difference, _, p, separate, judged in rows:
        tests = [test(read(ours), read(published)) for test in (student, significance.welch)]
        assert judged == significance.judge(tests[0], read(ours).trials), figure
        assert float(difference) == pytest.approx(read(ours).mean - read(published).mean)
        if tests[0] is not None:
            assert [float(p), float(separate)] == pytest.approx([t.p for t in tests], abs=0.03)


# ------------------------------------------------------------------ theory


def test_exact_values():
    # N(0, 1) against itself: D = 1/2; against a distant one: D = 1 and the value 0.
    assert theory.best_value((0.0, 1.0)) == pytest.approx(-math.log(4))
    assert theory.best_value((20.0, 0.5)) == pytest.approx(0.0, abs=1e-6)
    # N(1, 1): log odds 1/2 - x.
    best = theory.best_discriminator(np.array([0.0, 0.5, 2.0]), (1.0, 1.0))
    np.testing.assert_allclose(best, theory.sigmoid(np.array([0.5, 0.0, -1.5])))
    assert theory.wasserstein((-3.0, 1.0)) == 3.0
    assert theory.wasserstein((0.0, 3.0)) == pytest.approx(2 * math.sqrt(2 / math.pi))
    x, y = (np.sort(np.random.default_rng(0).normal(*g, 200_000)) for g in ((0, 1), (0.5, 2.0)))
    assert theory.wasserstein((0.5, 2.0)) == pytest.approx(np.abs(x - y).mean(), abs=0.01)


def test_the_generator_is_the_gaussian_it_should_be_and_stays_so():
    model = theory.game((1.5, 0.8))
    theory.fit(model, theory.adam(1e-2, 4), 4)
    np.testing.assert_allclose(model.generator(np.array([[0.0], [2.0]])), [[1.5], [3.1]], rtol=1e-6)
    assert model.steps_done == 4


@pytest.mark.slow
def test_theory_holds():
    rows = cells(theory.run(parsed("theory")))
    assert [row[-1] for row in rows] == ["pass"] * 8 + ["below", "pass", "below"]


def test_causes_on_the_ring_are_compared_with_the_first_line():
    rows = {"none": [points.Row(4, 98, 0.5), points.Row(5, 97, 0.4), points.Row(6, 96, 0.3)]}
    rows["more"] = [points.Row(m + 3, 90, 0.1) for m in (4, 5, 6)]
    first, second = cells(ring_causes.table(rows, 10))
    assert first == ["none", "4, 5, 6", "5.0 ± 1.0", "97.0 ± 1.0", "0.40 ± 0.10", ""]
    # t = 3 / sqrt(2 / 3) with four degrees of freedom
    assert second == ["more", "7, 8, 9", "8.0 ± 1.0", "90.0 ± 0.0", "0.10 ± 0.00", "0.02"]


def test_moving_statistics_are_another_look_at_the_same_training(tmp_path):
    given = ["--trials=2", "--steps=2", f"--workdir={tmp_path}"]
    table = ring_causes.run(parsed("ring_causes", "--causes=0,3", *given))
    assert [path.name for path in tmp_path.iterdir()] == ["0_2.npz"]
    first, second = cells(table)
    assert [first[0], second[0]] == ["none", "moving statistics"]
    # After two steps the moving averages are far from the batches' statistics.
    assert first[1:] != second[1:]
    (again,) = cells(ring_causes.run(parsed("ring_causes", "--causes=3", *given)))
    assert again[2:5] == second[2:5]


def test_unknown_causes():
    with pytest.raises(InputError, match="--causes: expected some of 0 to 4, got '5'"):
        ring_causes.run(parsed("ring_causes", "--causes=0,5"))


# ------------------------------------------------------------------ LSGAN's table


def test_modes_present():
    centres = mixture("ring").centres
    side = np.linalg.norm(centres[0] - centres[1])
    points = np.repeat(centres, 32, axis=0)  # 256 samples: a quarter of a fair share are 8
    assert lsgan_stability.modes_present(points) == 8
    points[7:32] = 0.0  # mode 0 keeps 7
    points[40:64] = 0.0  # mode 1 keeps 8
    points[64:96] += 0.24 * side / math.sqrt(2)  # mode 2 is off by less than a quarter
    points[96:128] += 0.26 * side / math.sqrt(2)  # mode 3 by more
    assert lsgan_stability.modes_present(points) == 6


def test_lsgan_s_settings_are_named_by_where_batch_norm_is_left_out():
    assert lsgan_stability.BATCH_NORM == {"BN_G": (False, True), "BN_GD": (False, False)}


@pytest.mark.parametrize("game", ["regular", "LSGAN"])
@pytest.mark.parametrize("batch_norm", ["BN_G", "BN_GD"])
def test_lsgan_s_stability_builds_the_networks_of_its_setting(game, batch_norm):
    setting = lsgan_stability.Setting(game, batch_norm, "rmsprop")
    model = lsgan_stability.image_model(setting, 2, 0)
    has = tuple(
        [type(layer).__name__ for layer in network.layers].count("BatchNormalization")
        for network in (model.generator, model.discriminator)
    )
    assert has == {"BN_G": (0, 2), "BN_GD": (0, 0)}[batch_norm]
    assert model.latent_distribution == "uniform"
    targets = {"regular": None, "LSGAN": (0, 1, 1)}[game]
    if setting == lsgan_stability.OTHER_TARGETS:
        targets = (-1, 1, 0)
    assert targets is None or (model.a, model.b, model.c) == targets


def test_lsgan_s_stability_on_points_has_the_authors_networks():
    for game in lsgan_stability.GAMES:
        model = lsgan_stability.point_model(game, 1)
        for network, sizes in (
            (model.generator, [256, 128, 128, 2]),
            (model.discriminator, [2, 128, 128, 1]),
        ):
            kernels = [w for w in network.trainable_weights if w.name == "kernel"]
            assert [tuple(w.shape) for w in kernels] == list(itertools.pairwise(sizes))
            square = np.asarray(kernels[1])
            np.testing.assert_allclose(square.T @ square, 1.96 * np.eye(128), atol=1e-4)


@pytest.mark.parametrize("game", lsgan_stability.GAMES)
def test_players_on_points_are_updated_at_once(game):
    """Neither sees the other's update: the other may as well stand still."""

    def moved(*rates):
        model = lsgan_stability.point_model(game, 1)
        before = {role: np.array(model.role_variables(role)[0]) for role in model.roles()}
        model.compile(*(keras.optimizers.SGD(rate) for rate in rates))
        model.fit(real, epochs=1, steps_per_epoch=1, verbose=0)
        return {role: np.array(model.role_variables(role)[0]) - before[role] for role in before}

    points = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")
    real = tf.data.Dataset.from_tensors(points).repeat()
    both, of_g, of_d = moved(0.1, 0.1), moved(0.1, 0.0), moved(0.0, 0.1)
    for role, alone, still in (("generator", of_g, of_d), ("discriminator", of_d, of_g)):
        assert np.abs(both[role]).max() > 1e-4
        np.testing.assert_allclose(both[role], alone[role], atol=1e-7)
        assert not still[role].any()


def test_finished_trials_of_lsgan_s_stability_are_only_read(tmp_path):
    modes = {
        f"points at once {game} 35000 {trial}": 8 - 5 * trial
        for game in lsgan_stability.GAMES
        for trial in (0, 1)
    }
    alike = {
        " ".join(["images", *names, "16 3000", str(trial)]): 0.99 * published
        for names, published in lsgan_stability.PUBLISHED.items()
        for trial in (0, 1)
    }
    (tmp_path / "numbers.json").write_text(json.dumps(modes | alike))
    given = ["--trials=2", "--point_trials=2", f"--workdir={tmp_path}"]
    rows = cells(lsgan_stability.run(parsed("lsgan_stability", *given)))
    points, images = rows[:2], rows[4:]  # and the second table's header
    assert [row[1:] for row in points] == [["8, 3", "1 of 2", "1 of 2"]] * 2
    assert [row[1:4] for row in images] == (
        [["`BN_G`", "no", "yes"]] * 2 + [["`BN_GD`", "no", "no"]] * 2
    ) * 2
    assert [row[6] for row in images] == [
        "2 of 2" if row[-1] == "YES" else "0 of 2" for row in images
    ]
    assert all(row[-2] == row[-1] for row in images)


def test_the_trials_of_lsgan_s_stability_in_docs_are_those_of_its_table(tmp_path, monkeypatch):
    def train(*_):
        raise AssertionError("docs/lsgan_stability.json lacks a trial that the command needs.")

    for name in ("train_points", "train_images"):
        monkeypatch.setattr(lsgan_stability, name, train)
    page = Path("docs/results.md").read_text()
    (command,) = re.findall("benchmarks.reproduce lsgan_stability (.*) --output", page)
    given = parsed("lsgan_stability", *command.split(), f"--workdir={tmp_path}")
    made = lsgan_stability.run(given)
    assert cells(made) == cells(common.shown("docs/results.md", "reproduce_lsgan_stability"))


@pytest.mark.parametrize("text", ["[]", "{", '{"points regular 35000 0": null}'])
def test_other_files_than_numbers_of_trials_are_refused(tmp_path, text):
    (tmp_path / "some.json").write_text(text)
    given = parsed("lsgan_stability", f"--numbers={tmp_path / 'some.json'}")
    with pytest.raises(InputError, match="--numbers: expected a file of finished trials, got"):
        lsgan_stability.run(given)
    assert (tmp_path / "some.json").read_text() == text


def test_a_sheet_s_first_row_is_read(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), np.uint8)
    pictures.save_png(tmp_path / "sheet.png", pictures.grid(images))
    np.testing.assert_array_equal(lsgan_stability.first_row(tmp_path / "sheet.png"), images[:8])


@pytest.mark.parametrize("flag", ["--trials", "--point_trials"])
def test_no_trials_of_lsgan_s_stability(flag):
    with pytest.raises(InputError, match=f"{flag}: expected 1 or more, got 0"):
        lsgan_stability.run(parsed("lsgan_stability", f"{flag}=0"))


def test_trials_of_lsgan_s_stability():
    points = lsgan_stability.train_points("LSGAN", 0, 2)
    assert points.shape == (lsgan_stability.SAMPLES, 2)
    setting = lsgan_stability.Setting("regular", "BN_G", "rmsprop")
    images = lsgan_stability.train_images(setting, 0, 2, 2)
    assert images.shape == (lsgan_stability.IMAGES, 32, 32, 3)
    assert images.dtype == np.uint8


# ------------------------------------------------------------------ R3GAN


def test_both_losses_have_the_same_networks_and_samples():
    for name in r3gan.PENALTIES:
        pairing, other = (r3gan.build("ring", game, name, 0) for game in r3gan.GAMES)
        assert pairing.samples_per_step(8) == other.samples_per_step(8) == 8
        assert (pairing.r1_gamma, pairing.r2_gamma) == (other.r1_gamma, other.r2_gamma)
        assert (pairing.r1_gamma > 0, pairing.r2_gamma > 0) == r3gan.PENALTIES[name]
        for role, networks in pairing.roles().items():
            assert networks[0].count_params() == other.roles()[role][0].count_params()


def test_scores_of_points():
    centres = mixture("ring").centres
    perfect = r3gan.score("ring", np.repeat(centres, 10, axis=0))
    assert (perfect["modes"], perfect["high_quality"]) == (8, 1)
    assert perfect["reverse_kl"] == pytest.approx(0, abs=1e-6)
    assert r3gan.score("ring", centres[:1])["modes"] == 1
    assert r3gan.score("ring", np.full((4, 2), np.nan))["modes"] == 0


@pytest.mark.slow
def test_r3gan_trains_what_is_missing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(r3gan, "PENALTIES", {"R1 + R2": (True, True)})
    monkeypatch.setattr(r3gan, "BATCH", 8)
    arguments = ["--points=ring", "--steps=2", "--trials=1", f"--workdir={tmp_path}"]
    done = {"key": "ring/non-saturating/R1 + R2/2/0", "modes": 3, "high_quality": 0.25}
    (tmp_path / "scores.jsonl").write_text(json.dumps(done | {"reverse_kl": 0.5}) + "\n")
    first, second = cells(r3gan.run(parsed("r3gan", *arguments)))
    assert first[:3] == ["ring", "pairing", "R1 + R2"]
    assert second == ["ring", "non-saturating", "R1 + R2", "3", "0.50", "25%"]
    assert len(capsys.readouterr().out.splitlines()) == 1
    r3gan.run(parsed("r3gan", *arguments))
    assert not capsys.readouterr().out
    with pytest.raises(InputError, match="--points: expected some of 25gaussians, ring, got 'x'"):
        r3gan.run(parsed("r3gan", "--points=x", f"--workdir={tmp_path}"))


# ------------------------------------------------------------------ images


def test_super_resolution_is_judged_as_printed(tmp_path):
    from PIL import Image

    rng = np.random.default_rng(0)
    for name, side in (("HR", 96), ("LR", 24)):
        image = rng.integers(0, 255, (side, side, 3), np.uint8)
        Image.fromarray(image).save(tmp_path / f"img_001_SRF_4_{name}.png")
    given = parsed("super_resolution", f"--sets=Set5=folder:{tmp_path}")
    nearest, bicubic = cells(super_resolution.run(given))
    assert [nearest[i] for i in (0, 1, 3, 4, 6, 7)] == [
        *("Set5", "nearest", "26.26", "FAIL", "0.7552", "FAIL")
    ]
    assert bicubic[1] == "bicubic"
    with pytest.raises(InputError, match="--sets: expected NAME=SOURCE, of BSD100, Set14, Set5"):
        super_resolution.run(parsed("super_resolution", "--sets=Set7=folder:x"))


def test_stacks_are_of_three_independent_digits():
    digits = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1) * np.ones((1, 4, 4, 1), np.uint8)
    images = stacked_mnist.stacked(digits, 4000, seed=0)
    assert images.shape == (4000, 4, 4, 3)
    assert (images == images[:, :1, :1]).all()

    def reader(channel):  # an image's digit is its brightness
        return None, np.eye(10)[channel[:, 0, 0, 0]]

    scores = stacked_mnist.modes(images, reader)
    assert scores["modes"] > 960  # 1000 (1 - e^-4) = 982
    alike = images.copy()
    alike[..., 1:] = alike[..., :1]
    assert stacked_mnist.modes(alike, reader)["modes"] == 10
    assert stacked_mnist.modes(alike[:1], reader)["reverse_kl"] == pytest.approx(math.log(1000))


@pytest.mark.parametrize("name", fashion_mnist.MODELS)
def test_recipes_take_the_overrides(name):
    """Every entry exists in the recipe and has its type; all have the same networks."""
    from pathlib import Path

    from tfgan_zoo import cli, config

    given = parsed("fashion_mnist", "--data=/data", "--steps=100")
    values, rest = cli.take_overrides(fashion_mnist.overrides(name, given))
    recipe = Path(__file__).parents[2] / "configs" / f"{fashion_mnist.MODELS[name][0]}.py"
    resolved = config.load_config(str(recipe), values)
    assert not rest
    assert resolved.model == name
    assert resolved.train.steps == 100
    assert resolved.train.checkpoint_every == 20
    assert resolved.model_args.get("discriminator_steps", 1) == (5 if "wgan" in name else 1)
    assert resolved.generator.filters == resolved.discriminator.filters == 32
    assert resolved.generator_optimizer.get("decay", "constant") == "constant"


def test_stacked_mnist_s_recipe_takes_its_overrides(tmp_path):
    from pathlib import Path

    from tfgan_zoo import cli, config

    given = parsed("stacked_mnist", "--steps=50")
    pictures = tmp_path / "stacks.npz"
    values, _ = cli.take_overrides(stacked_mnist.overrides(given, pictures, "r3gan"))
    resolved = config.load_config("r3gan_fashion_mnist", values)
    assert resolved.generator_optimizer.decay == "linear"
    assert resolved.train.steps == 50
    assert resolved.model_args.ema_half_life == 10_000
    assert resolved.model_args.image_shape == (32, 32, 3)
    values, _ = cli.take_overrides(stacked_mnist.overrides(given, pictures, "pacdcgan2"))
    recipe = Path(__file__).parents[2] / "configs" / "dcgan_fashion_mnist.py"
    resolved = config.load_config(str(recipe), values)
    assert resolved.model_args.packing == 2
    assert resolved.model_args.image_shape == (32, 32, 3)
    assert resolved.model_args.ema_half_life is None
    assert resolved.data.source == f"npz:{tmp_path}/stacks.npz"


def test_tables_have_their_place_in_the_document(tmp_path, capsys):
    page = tmp_path / "results.md"
    page.write_text("a\n<!-- reproduce_ring:begin -->\nold\n<!-- reproduce_ring:end -->\nz\n")
    common.show("new", str(page), "reproduce_ring")
    assert page.read_text().splitlines()[2] == "new"


@pytest.mark.parametrize(
    ("cores", "existing", "said"),
    [(2, 2, "2 CPU cores, "), (1, 2, "1 CPU core of 2, "), (1, 1, "1 CPU core, ")],
)
def test_tables_say_how_many_cores_they_had(monkeypatch, cores, existing, said):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    monkeypatch.setattr("os.cpu_count", lambda: existing)
    assert said in common.where()
    assert speed_record.Recorded(common.where(), {}).cores() == cores
