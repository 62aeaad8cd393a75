"""A run of a model that is conditional on classes."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.commands.test_commands import said
from tests.tasks.conditional import untrained
from tests.tiny_runs import lines, tiny_config
from tfgan_zoo import generate
from tfgan_zoo.data import open_captioned
from tfgan_zoo.errors import InputError
from tfgan_zoo.run import building, experiment
from tfgan_zoo.run.drawing import walk_run
from tfgan_zoo.run.evaluation import evaluate_run, task_of_run
from tfgan_zoo.tasks import Request, open_task
from tfgan_zoo.tasks.drawing import generate as draw

pytestmark = pytest.mark.usefixtures("loaded_once")

NAMES = ("cat", "dog", "fox")


def config_of(folder, **overrides):
    """Ten grey shades of each class: cats are dark, foxes bright."""
    data = folder / "animals"
    for label, name in enumerate(NAMES):
        (data / name).mkdir(parents=True, exist_ok=True)
        for i in range(10):
            image = Image.new("RGB", (16, 16), (100 * label + i,) * 3)
            image.save(data / name / f"{i}.png")
    config = tiny_config(folder, "gan", **overrides)
    with config.unlocked():
        config.model = "tests.tasks.conditional:LabelledGAN"
        config.generator = config.discriminator = {"name": ""}
        config.data.source = f"folder:{data}"
        config.train.steps = 4
    return config


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run."""
    folder = tmp_path_factory.mktemp("conditional")
    experiment.train(config_of(folder), folder / "run", lambda _: None)
    return folder / "run"


def test_batches_and_scores_have_the_labels_of_the_images(tmp_path):
    config = config_of(tmp_path)
    task = open_task(config, building.build_model(config))
    batch = next(task.batches(0).as_numpy_iterator())
    np.testing.assert_array_equal(batch["label"], batch["image"][:, 0, 0, 0] // 100)
    assert task.describe().endswith(": 30 samples of 3 classes")
    real = task.real_samples(16)

    class Copies:
        def generate(self, num, seed, label):
            np.testing.assert_array_equal(label, np.rint((real[:, 0, 0, 0] + 1) * 127.5) // 100)
            return real

    assert task.score(Copies()) == {"swd": pytest.approx(0, abs=1e-6)}


def test_a_source_without_labels_is_refused(tmp_path):
    config = config_of(tmp_path)
    config.data.source = tiny_config(tmp_path).data.source
    with pytest.raises(
        InputError,
        match=r"^data.source: expected labels in npz:\S+, got none; put .* without classes",
    ):
        open_task(config, building.build_model(config))


def test_a_run_knows_the_names_of_its_classes_and_draws_a_row_of_each(run):
    config = json.loads((run / "config.json").read_text())["config"]
    assert config["data"]["class_names"] == list(NAMES)
    assert "swd" in lines(run)[-1]
    with Image.open(run / "samples" / "final.png") as sheet:
        assert sheet.height == 3 * (64 + 22)  # four samples in all: one of each class


@pytest.mark.slow
def test_a_run_with_classes_goes_on(run, tmp_path):
    resumed = config_of(run.parent)
    resumed.train.steps = 8
    copy = shutil.copytree(run, tmp_path / "run")
    experiment.train(resumed, copy, lambda _: None)
    assert [row["step"] for row in lines(copy)] == [4, 8]


def test_generate_draws_classes_by_name_or_number_or_in_turn(run, tmp_path, capsys):
    model = experiment.load_run(run)
    flags = [f"--workdir={run}", "--num=2"]
    generate.main([*flags, "--label=fox", "--label=0", f"--output={tmp_path / 'two'}"])
    made = open_captioned(f"folder:{tmp_path / 'two'}")
    assert [caption for (caption,) in made.captions] == ["fox", "fox", "cat", "cat"]
    expected = model.generate(label=[2, 2, 0, 0], latents=np.tile(model.sample_latents(2), (2, 1)))
    for i, image in enumerate(expected):
        np.testing.assert_array_equal(made.images[i], np.rint((image + 1) * 127.5))
    generate.main([*flags, "--num=4", f"--output={tmp_path / 'four'}"])
    with Image.open(tmp_path / "four" / "000003.png") as image:
        expected = model.generate(4, label=[0, 1, 2, 0])[3]
        np.testing.assert_array_equal(np.asarray(image), np.rint((expected + 1) * 127.5))
    _, walks = walk_run(str(run), [], 0, num=3, frames=4)
    assert walks.shape == (3, 4, 16, 16, 3)
    output = f"--output={tmp_path / 'x.png'}"
    status, _, error = said(generate.main, *flags, "--label=fxo", output, capsys=capsys)
    assert (status, error) == (2, "error: --label: there is no class 'fxo'; did you mean fox?\n")


def test_samples_are_evaluated_under_the_labels_of_real_images(run):
    request = Request(("swd",), split="train", num=40)
    found = evaluate_run(run, request)
    assert (found.protocol["samples"], found.protocol["reference"]["samples"]) == (40, 30)


def of_classes(folder, names):
    for name in names:
        (folder / name).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (16, 16), (100,) * 3).save(folder / name / f"{i}.png")
    return f"folder:{folder}"


def test_classes_of_other_data_are_known_by_their_names(run, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "tfgan_zoo.tasks.noise_to_image.generate",
        lambda model, latents, label: drawn.append(label) or draw(model, latents, label=label),
    )
    source = of_classes(tmp_path / "some", ["dog", "fox"])
    evaluate_run(run, Request(("swd",), source=source, split="train", num=20))
    np.testing.assert_array_equal(np.concatenate(drawn), np.repeat([1, 2], 10))
    source = of_classes(tmp_path / "strange", ["dog", "eel"])
    with pytest.raises(InputError, match=r"^--data: expected classes of the run.*got 'eel'"):
        evaluate_run(run, Request(("swd",), source=source, split="train", num=20))


def test_a_run_does_not_go_on_with_classes_of_other_numbers(tmp_path):
    config = config_of(tmp_path)
    model = building.build_model(config)
    with config.unlocked():
        config.data.class_names = ("ant", "cat", "dog")
    with pytest.raises(InputError, match=r"^data.source: expected the classes ant, cat, dog, as"):
        open_task(config, model)


def test_classes_are_refused_where_the_model_knows_none(tmp_path, capsys):
    _, run = untrained(tiny_config(tmp_path), tmp_path / "run")
    flags = [f"--workdir={run}", "--label=cat", f"--output={tmp_path / 'x.png'}"]
    status, _, error = said(generate.main, *flags, capsys=capsys)
    assert status == 2
    assert "--label: expected no label for" in error
    # Before features are opened, which may not be there.
    with pytest.raises(InputError, match=r"^--metrics: intra_fid compares samples class by class"):
        evaluate_run(run, Request(("intra_fid",), inception=str(tmp_path / "none"), num=20))


def test_classes_that_the_networks_do_not_know_are_refused_before_training(tmp_path):
    config = config_of(tmp_path)
    config.data.source = of_classes(tmp_path / "five", ["ant", "bee", "cat", "dog", "eel"])
    with pytest.raises(
        InputError,
        match=r"^data\.source, label: expected the 3 classes that layer .* knows, got classes from "
        r"0 to 4, of which it does not know 3; make networks for all of them, or leave the others",
    ):
        experiment.train(config, tmp_path / "run", lambda _: None)
    assert not (tmp_path / "run").exists()


def test_unnamed_classes_of_other_data_are_checked(run, tmp_path):
    """A run of an earlier version does not know the names of its classes."""
    config = config_of(tmp_path)
    config.data.source = of_classes(tmp_path / "more", ["a", "b", "c", "d"])
    request = Request(("swd",), source=config.data.source, split="train", num=20)
    with pytest.raises(InputError, match=r"^--data, label: expected the 3 classes .* know 3;"):
        task_of_run(run).evaluation(experiment.load_run(run), config, request)


# ---------------------------------------------------------------------- num_classes of any model


def config_of_dcgan(folder, num_classes=3, **overrides):
    """`config_of` with a DCGAN that is told the classes."""
    config = config_of(folder, **overrides)
    with config.unlocked():
        config.model = "dcgan"
        config.generator = {"name": "dcgan_generator", "filters": 4}
        config.discriminator = {"name": "dcgan_discriminator", "filters": 4}
        config.model_args.num_classes = num_classes
        config.model_args.packing = 2
    return config


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A finished run of a DCGAN that is told classes."""
    folder = tmp_path_factory.mktemp("told")
    config = config_of_dcgan(folder, train__export="true")
    experiment.train(config, folder / "run", lambda _: None)
    return folder / "run"


@pytest.mark.slow
def test_a_run_names_the_classes_of_its_model(told):
    model = experiment.load_run(told)
    assert (model.num_classes, model.class_names, model.fake_labels) == (3, NAMES, "shuffled")
    np.testing.assert_array_equal(model.generate(2, label="fox"), model.generate(2, label=2))
    card = next((told / "export").glob("*/1/README.md")).read_text()
    assert "| 2 | fox |" in card
    assert '"fox"' in card  # within the config
    with Image.open(told / "samples" / "final.png") as sheet:
        assert sheet.height == 3 * (64 + 22)


@pytest.mark.slow
def test_generate_draws_every_class_and_walks_from_class_to_class(told, tmp_path, capsys):
    model = experiment.load_run(told)
    flags = [f"--workdir={told}", "--truncation=0.5"]
    status, out, _ = said(
        generate.main, *flags, "--all_labels", "--num=2", f"--output={tmp_path / 'all'}",
        capsys=capsys,
    )  # fmt: skip
    assert (status, out) == (0, f"6 images: {tmp_path / 'all'}\n")
    made = open_captioned(f"folder:{tmp_path / 'all'}")
    assert [caption for (caption,) in made.captions] == ["cat", "cat", "dog", "dog", "fox", "fox"]
    latents = model.sample_latents(2, truncation=0.5)
    expected = model.generate(label=[0, 0, 1, 1, 2, 2], latents=np.tile(latents, (3, 1)))
    for i, image in enumerate(expected):
        np.testing.assert_array_equal(made.images[i], np.rint((image + 1) * 127.5))

    walk = [*flags, "--interpolate", "--label=fox", "--label=cat", "--frames=3"]
    generate.main([*walk, f"--output={tmp_path / 'walk'}"])
    made = open_captioned(f"folder:{tmp_path / 'walk'}")
    mixtures = np.array([[0, 0, 1], [0.5, 0, 0.5], [1, 0, 0]], "float32")
    expected = model.generate(latents=np.tile(latents[:1], (3, 1)), label=mixtures)
    for i, image in enumerate(expected):
        np.testing.assert_array_equal(made.images[i], np.rint((image + 1) * 127.5))
    generate.main([*walk, "--num=2", f"--output={tmp_path / 'walk.gif'}"])
    with Image.open(tmp_path / "walk.gif") as film:
        assert film.n_frames == 4  # fox, between, cat, between, and again

    output = f"--output={tmp_path / 'x.png'}"
    for more, sentence in (
        (["--all_labels", "--label=cat"], "--all_labels: expected none beside --label"),
        (["--all_labels", "--truncation=0"], "--truncation: expected a number above 0"),
    ):
        status, _, error = said(generate.main, *flags, *more, output, capsys=capsys)
        assert status == 2
        assert error.startswith(f"error: {sentence}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"num": 4}, r"model_args.num_classes: expected 3, as folder:\S+ has the classes cat, dog,"
         r" fox, got 4; give --config.model_args.num_classes=3\."),
        ({"source": "points/grid"}, r"data.source: expected labels in points/grid, got none; put "
         r".*, or train without classes \(--config\.model_args\.num_classes=none\)\.$"),
        ({"generator": "tests.tasks.test_conditional:plain"},
         r"generator.name: expected a function of 3 arguments, \(16, 16, 3\), 8, 3, got"),
        ({"gap": True}, "data.source: expected samples of each of 4 classes, got none of '2'"),
    ],
)  # fmt: skip
def test_what_a_run_cannot_be_told_is_refused_before_training(tmp_path, change, said):
    config = config_of_dcgan(tmp_path, change.get("num", 3))
    with config.unlocked():
        config.data.source = change.get("source", config.data.source)
        if "generator" in change:
            config.generator = {"name": change["generator"]}
    if "gap" in change:
        labels = np.repeat([0, 1, 3], 10)
        np.savez(tmp_path / "gap.npz", images=np.zeros((30, 16, 16, 3), "uint8"), labels=labels)
        config.data.source = f"npz:{tmp_path / 'gap.npz'}"
        config.model_args.num_classes = 4
    with pytest.raises(InputError, match=f"^{said}"):
        experiment.train(config, tmp_path / "run", lambda _: None)
    assert not (tmp_path / "run").exists()


def plain(image_shape, latent_dim, *, name="generator"):
    """A network's function of before there were classes."""
    raise AssertionError("it is called")
