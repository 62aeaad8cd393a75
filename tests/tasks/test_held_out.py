"""What runs score on where their data lack the split that the config asks for."""

import contextlib
import json

import numpy as np
import pytest
from PIL import Image

from tests.tiny_runs import tiny_super_resolution, tiny_text_to_image, tiny_translation
from tfgan_zoo.config import config_to_resume
from tfgan_zoo.data.splits import rest_of, stand_ins
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.upscaled import PairsRequest
from tfgan_zoo.run import building, experiment
from tfgan_zoo.run.evaluation import evaluate_pairs
from tfgan_zoo.tasks import open_task, resolve

TENTH = ("train[:90%]", "train[90%:]")


def write(folder, num, size=(20, 20)):
    folder.mkdir(parents=True)
    for i in range(num):
        Image.new("RGB", size, (i, 0, 0)).save(folder / f"{i:02}.png")
        (folder / f"{i:02}.txt").write_text(f"red {i}\n")
    return f"folder:{folder}"


def config_of(kind, tmp_path, source):
    if kind == "translation":
        config = tiny_translation(tmp_path, "pix2pix", evaluate__split="test")
    elif kind == "super_resolution":
        config = tiny_super_resolution(tmp_path, evaluate__split="test")
    else:
        config = tiny_text_to_image(tmp_path, evaluate__split="test")
    config.data.source = source
    return config


def splits_of(config):
    return config.data.split, config.evaluate.split


def names_of(task):
    """Returns the names of the training images and of the held-out ones."""
    if hasattr(task, "domains"):
        sources = task.domains.a, task.held_out.a
    else:
        opened = task.opened, task.opened_held_out
        sources = [getattr(each, "hr", None) or each.images for each in opened]
    return [[source.name(i) for i in range(len(source))] for source in sources]


@pytest.mark.parametrize("kind", ["translation", "super_resolution", "text_to_image"])
def test_the_last_tenth_is_held_out_and_not_trained_on(tmp_path, kind):
    source = write(tmp_path / "x", 20, (40, 20) if kind == "translation" else (20, 20))
    with pytest.warns(UserWarning, match="the last tenth of train is held out instead") as told:
        config = resolve(config_of(kind, tmp_path, source))
    assert str(told[0].message) == (
        f"evaluate.split=test: {source} has no split 'test' (found: train, the whole folder); the "
        "last tenth of train is held out instead ('--config.data.split=train[:90%]' "
        "'--config.evaluate.split=train[90%:]')."
    )
    assert len(told) == 1
    assert splits_of(config) == TENTH
    with contextlib.ExitStack() as stack:
        if kind == "text_to_image":  # nor does the vocabulary know what is held out
            stack.enter_context(pytest.warns(UserWarning, match="are unknown: '18', '19'"))
        trained, held_out = names_of(open_task(config, building.build_model(config)))
    assert [name[-6:] for name in held_out] == ["18.png", "19.png"]
    assert (len(trained), set(trained) & set(held_out)) == (18, set())


def test_another_split_is_used_before_training_images_are_held_out(tmp_path):
    for split, num in (("train", 10), ("val", 3)):
        source = write(tmp_path / "x" / split, num, (40, 20)).removesuffix(f"/{split}")
    with pytest.warns(UserWarning, match=r"its split val is used .*\(--config.evaluate.split=val"):
        config = resolve(config_of("translation", tmp_path, source))
    assert splits_of(config) == ("train", "val")
    # Another source may be used whole.
    config = config_of("super_resolution", tmp_path, source)
    config.evaluate.source = write(tmp_path / "y", 4)
    with pytest.warns(UserWarning, match=r"its split train is used instead"):
        assert splits_of(resolve(config)) == ("train", "train")


def test_splits_that_exist_or_cannot_be_replaced_stay(tmp_path):
    for split in ("train", "test"):
        source = write(tmp_path / "x" / split, 6, (40, 20)).removesuffix(f"/{split}")
    config = config_of("translation", tmp_path, source)
    assert splits_of(resolve(config)) == ("train", "test")
    config.evaluate.split = "tset"  # a slip of the pen is not a wish for another split
    assert splits_of(resolve(config)) == ("train", "tset")
    config = config_of("translation", tmp_path, write(tmp_path / "few", 3, (40, 20)))
    assert splits_of(resolve(config)) == ("train", "test")
    config.data.source = "folder:/none"
    assert splits_of(resolve(config)) == ("train", "test")
    assert [held[:2] for held in stand_ins("train[:80%]", "test")] == [("train[:80%]", "val")]
    assert [rest_of(each) for each in ("train", "train[3:]", "train[3:5]")] == [
        None,
        "train[:3]",
        None,
    ]


def test_a_run_goes_on_with_what_it_began_with(tmp_path):
    source = write(tmp_path / "x", 20, (40, 20))
    given = config_of("translation", tmp_path, source)
    with pytest.warns(UserWarning, match="the last tenth"):
        begun = resolve(given)
    before = json.loads(json.dumps(begun.to_dict()))
    # As given in Python, and by commands: with the stored split, and that of the flag.
    half = given.copy_and_resolve_references()
    half.data.split = TENTH[0]
    for again in (given, half, begun):
        assert splits_of(resolve(again, before)) == TENTH
    # A test split that is added later changes nothing; a run that began without it keeps its own.
    write(tmp_path / "x" / "test", 2, (40, 20))
    assert splits_of(resolve(given, before)) == TENTH
    given.data.split = "train[:50%]"
    assert splits_of(resolve(given, before)) == ("train[:50%]", "test")


def test_a_run_resumes_and_is_evaluated_on_what_it_held_out(tmp_path):
    source = write(tmp_path / "x", 20)
    config = config_of("super_resolution", tmp_path, source)
    config.pretraining.steps = 0
    config.train.steps = config.train.log_every = 2
    config.train.sample_every = config.train.checkpoint_every = 2
    run = tmp_path / "run"
    with pytest.warns(UserWarning, match="the last tenth"):
        experiment.train(config, run, lambda _: None, recipe="mine")
    stored = json.loads((run / "config.json").read_text())["config"]
    assert (stored["data"]["split"], stored["evaluate"]["split"]) == TENTH
    resumed, differ = config_to_resume(run, config, {"evaluate.split": "test"}, "mine", "--config")
    assert [each.split(":")[0] for each in differ] == []
    for again in (config, resumed):
        experiment.train(again, run, lambda _: None)
    with pytest.warns(UserWarning, match="what the run has held out is used instead"):
        scores = evaluate_pairs(run, PairsRequest(["psnr"], split="test"))
    assert len(scores.images) == 2
    other = PairsRequest(["psnr"], source=write(tmp_path / "y" / "test", 3).removesuffix("/test"))
    with pytest.warns(UserWarning, match="no split 'train'.*its split test is used instead"):
        found = evaluate_pairs(run, other)
    assert len(found.images) == 3
    with pytest.raises(InputError, match="no split 'tets'"):
        evaluate_pairs(run, PairsRequest(["psnr"], split="tets"))
    assert np.isfinite(scores.means()["psnr"])
