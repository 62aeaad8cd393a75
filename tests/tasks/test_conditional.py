"""A run of a model that is conditional on classes."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.commands.test_commands import said
from tests.tiny_runs import lines, tiny_config
from tfgan_zoo import generate
from tfgan_zoo.data import open_captioned
from tfgan_zoo.errors import InputError
from tfgan_zoo.run import building, experiment
from tfgan_zoo.run.drawing import walk_run
from tfgan_zoo.run.evaluation import evaluate_run, task_of_run
from tfgan_zoo.tasks import Request, open_task
from tfgan_zoo.tasks.drawing import generate as draw

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
        config.train.export = True
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
        InputError, match=r"^data.source: expected labels in npz:\S+, got none; put"
    ):
        open_task(config, building.build_model(config))


def test_a_run_knows_the_names_of_its_classes_and_draws_a_row_of_each(run):
    config = json.loads((run / "config.json").read_text())["config"]
    assert config["data"]["class_names"] == list(NAMES)
    assert '"fox"' in next((run / "export").glob("*/1/README.md")).read_text()
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


@pytest.mark.slow
def test_labels_are_refused_where_the_model_knows_no_classes(tmp_path, capsys):
    config = tiny_config(tmp_path, train__steps="4")
    experiment.train(config, tmp_path / "run", lambda _: None)
    capsys.readouterr()
    flags = [f"--workdir={tmp_path / 'run'}", "--label=cat", f"--output={tmp_path / 'x.png'}"]
    status, _, error = said(generate.main, *flags, capsys=capsys)
    assert status == 2
    assert "--label: expected no label for" in error


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
