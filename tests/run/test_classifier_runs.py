"""Runs of a classifier, and of a transfer whose classifier is trained first."""

import json

import numpy as np
import pytest

from tests.run.test_experiment import assert_same_runs, lines, stop_at
from tests.tiny_runs import quiet, tiny_classifier, tiny_transfer
from tfgan_zoo import pictures
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import Classifier
from tfgan_zoo.run import building, experiment
from tfgan_zoo.tasks import open_task, resolve


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with a finished run of a transfer."""
    folder = tmp_path_factory.mktemp("transfer")
    said = []
    experiment.train(tiny_transfer(folder), folder / "run", said.append)
    return folder, said


@pytest.mark.slow
def test_the_classifier_comes_first_and_is_what_the_transfer_sees_with(whole):
    folder, said = whole
    at = folder / "run" / "pretraining"
    assert said[0] == f"Pretraining comes first: classifier, 6 steps, in {at}."
    assert any(line.startswith("Classifier 16x16x3 (parameters: classifier ") for line in said)
    first = folder / "run" / "pretraining"
    assert [row["step"] for row in lines(first)] == [4, 6]
    assert {"loss", "accuracy", "held_out_accuracy"} <= set(lines(first)[0])
    config = json.loads((first / "config.json").read_text())["config"]
    assert config["model"] == "classifier"
    assert config["data"]["source"] == f"npz:{folder / 'classes.npz'}"
    assert config["data"]["class_names"] == ["0", "1", "2"]
    assert "layout" not in config["data"]
    classifier = experiment.load_run(first)
    transfer = experiment.load_run(folder / "run")
    for mine, theirs in zip(
        transfer.classifier.get_weights(), classifier.classifier.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    # The control: a new one of the same seed has other weights.
    new = building.build_model(tiny_transfer(folder))
    assert np.any(new.classifier.get_weights()[0] != classifier.classifier.get_weights()[0])


@pytest.mark.slow
def test_both_resume_bit_for_bit(whole, tmp_path, monkeypatch):
    folder, _ = whole
    config = tiny_transfer(folder)
    for step in (5, 3):  # of the classifier; of the game
        stop_at(monkeypatch, config, tmp_path / "run", step)
    experiment.train(config, tmp_path / "run", quiet)
    assert lines(tmp_path / "run" / "pretraining") == lines(folder / "run" / "pretraining")
    assert_same_runs(tmp_path / "run", folder / "run")


@pytest.mark.slow
def test_a_classifier_of_its_own_run_serves_as_well(tmp_path):
    config = tiny_classifier(tmp_path)
    with config.unlocked():
        config.classifier.filters = 32  # those of a transfer
    experiment.train(config, tmp_path / "classifier", quiet)
    config = tiny_transfer(
        tmp_path,
        pretraining__steps="0",
        train__steps="1",
        train__generator_from=str(tmp_path / "classifier"),
    )
    experiment.train(config, tmp_path / "run", quiet)
    weights = [
        experiment.load_run(tmp_path / name).classifier.get_weights()
        for name in ("classifier", "run")
    ]
    for mine, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def of(config):
    return open_task(config, building.build_model(config))


def test_a_classifier_that_nobody_trains_is_refused(tmp_path):
    with pytest.raises(InputError, match="expected a classifier that is trained, got a new one"):
        of(tiny_transfer(tmp_path, pretraining__steps="0"))


def test_sources_without_labels_are_refused(tmp_path):
    config = tiny_transfer(tmp_path)
    np.savez(tmp_path / "pairs.npz", a=np.zeros((8, 20, 20, 3), "uint8"), b=[1])
    with config.unlocked():
        one, _, two = config.data.source.partition("|")
        config.data.source = f"{two}|{one}"
        config.model_args.channels_b = 3
    with pytest.raises(InputError, match="expected images with classes, got npz:"):
        of(config).pretraining()
    with config.unlocked():
        config.data.source = "figures/transfer"
    with pytest.raises(InputError, match=r"data.source: expected two sources, SOURCE\\|SOURCE"):
        of(config).pretraining()


def test_a_transfer_of_other_classes_is_refused_before_it_begins(tmp_path):
    with pytest.raises(InputError, match=r"model_args.num_classes: expected 3, as npz:.* got 4"):
        of(tiny_transfer(tmp_path, model_args__num_classes="4")).pretraining()


def test_the_other_direction_classifies_the_other_source(tmp_path):
    config = tiny_transfer(tmp_path, data__direction="b_to_a")
    labels = np.arange(12) % 3
    np.savez(tmp_path / "target.npz", images=np.zeros((12, 20, 20, 1), np.uint8), labels=labels)
    assert of(config).pretraining().data.source == config.data.source.split("|")[1]


def test_another_number_of_classes_is_refused(tmp_path):
    config = tiny_classifier(tmp_path, model_args__num_classes="4")
    with pytest.raises(InputError, match=r"model_args.num_classes: expected 3, as npz:.* got 4"):
        experiment.train(config, tmp_path / "run", quiet)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_the_score_is_the_share_that_is_right(tmp_path):
    config = tiny_classifier(tmp_path)
    task = of(config)
    images, labels = task.held_out, task.held_out_labels
    found = task.model.classify(images[:16]).argmax(axis=1)
    expected = np.mean(found == labels[:16])
    assert task.score(task.model) == {"held_out_accuracy": pytest.approx(expected)}
    assert len(task.held_out) == 16
    assert task.sheet(task.model).ndim == 3


def folder_of(folder, *classes):
    for i, name in enumerate(classes):
        (folder / "classes" / name).mkdir(parents=True)
        for number in range(6):
            image = np.full((16, 16, 3), 20 * i + number, np.uint8)
            pictures.save_png(folder / "classes" / name / f"{number}.png", image)
    return f"folder:{folder / 'classes'}"


def test_classes_keep_their_numbers(tmp_path):
    source = folder_of(tmp_path, "ant", "bee", "cat")
    config = tiny_classifier(tmp_path, data__source=source, evaluate__samples="4")
    config = resolve(config, None, Classifier)
    assert of(config).opened.class_names == ("ant", "bee", "cat")
    (tmp_path / "classes" / "ant").rename(tmp_path / "classes" / "yak")
    with pytest.raises(InputError, match=r"data.source: expected the classes ant, bee, cat, as"):
        of(config)
    (tmp_path / "classes" / "yak").rename(tmp_path / "classes" / "ant")
    folder_of(tmp_path, "dog")
    with pytest.raises(InputError, match=r"expected the classes ant, .* got ant, bee, cat, dog"):
        of(config)


def test_held_out_images_may_lack_the_last_class(tmp_path):
    images = np.zeros((20, 16, 16, 3), np.uint8)
    train, test = np.arange(20) % 3, np.arange(20) % 2
    for name, labels in (("two", test), ("four", np.arange(20) % 4)):
        arrays = {"x_train": images, "y_train": train, "x_test": images, "y_test": labels}
        np.savez(tmp_path / f"{name}.npz", **arrays)
    options = {"evaluate__split": "test", "data__source": f"npz:{tmp_path / 'two.npz'}"}
    task = of(tiny_classifier(tmp_path, **options))
    assert set(task.held_out_labels) == {0, 1}
    options["data__source"] = f"npz:{tmp_path / 'four.npz'}"
    with pytest.raises(InputError, match=r"evaluate.split: expected the classes of the training"):
        of(tiny_classifier(tmp_path, **options))
