"""What runs score on where their data lack the split that the config asks for."""

import contextlib
import json
import re
import warnings
import zipfile
from functools import partial

import numpy as np
import pytest
from PIL import Image

from tests.tiny_runs import tiny_super_resolution, tiny_text_to_image, tiny_translation
from tfgan_zoo import __version__
from tfgan_zoo.config import config_to_resume
from tfgan_zoo.data import (
    Captioned,
    open_captioned,
    open_domains,
    open_source,
    open_super_resolution,
)
from tfgan_zoo.data.splits import rest_of, stand_ins
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.upscaled import PairsRequest
from tfgan_zoo.run import building, experiment
from tfgan_zoo.run.evaluation import evaluate_pairs
from tfgan_zoo.tasks import open_task, resolve
from tfgan_zoo.tasks.held_out import splits_to_evaluate

TENTH = ("train[~::10]", "train[::10]")

#: What earlier versions held out.
LAST_TENTH = ("train[:90%]", "train[90%:]")


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
def test_every_tenth_is_held_out_and_not_trained_on(tmp_path, kind):
    source = write(tmp_path / "x", 20, (40, 20) if kind == "translation" else (20, 20))
    with pytest.warns(UserWarning, match="every tenth of train is held out instead") as told:
        config = resolve(config_of(kind, tmp_path, source))
    assert str(told[0].message) == (
        f"evaluate.split=test: {source} has no split 'test' (found: train, the whole folder); "
        "every tenth of train is held out instead ('--config.data.split=train[~::10]' "
        "'--config.evaluate.split=train[::10]')."
    )
    assert len(told) == 1
    assert splits_of(config) == TENTH
    with contextlib.ExitStack() as stack:
        if kind == "text_to_image":  # nor does the vocabulary know what is held out
            stack.enter_context(pytest.warns(UserWarning, match="are unknown: '0', '10'"))
        trained, held_out = names_of(open_task(config, building.build_model(config)))
    assert [name[-6:] for name in held_out] == ["00.png", "10.png"]
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
    config = config_of("translation", tmp_path, write(tmp_path / "one", 1, (40, 20)))
    assert splits_of(resolve(config)) == ("train", "test")
    config.data.source = "folder:/none"
    assert splits_of(resolve(config)) == ("train", "test")
    assert [held[:2] for held in stand_ins("train[:80%]", "test")] == [("train[:80%]", "val")]
    assert [rest_of(each) for each in ("train", "train[3:]", "train[3:5]", "train+test")] == [
        None,
        "train[:3]",
        "train[~3:5]",
        None,
    ]


def test_a_run_goes_on_with_what_it_began_with(tmp_path):
    source = write(tmp_path / "x", 20, (40, 20))
    given = config_of("translation", tmp_path, source)
    with pytest.warns(UserWarning, match="every tenth"):
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


def test_a_run_that_held_out_the_last_tenth_goes_on_with_it(tmp_path):
    given = config_of("translation", tmp_path, write(tmp_path / "x", 20, (40, 20)))
    begun = given.copy_and_resolve_references()
    begun.data.split, begun.evaluate.split = LAST_TENTH
    before = json.loads(json.dumps(begun.to_dict()))
    half = given.copy_and_resolve_references()
    half.data.split = LAST_TENTH[0]
    for again in (given, half, begun):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert splits_of(resolve(again, before)) == LAST_TENTH
    # Neither do other splits become those of the run, nor those of another version.
    begun.data.split = "train[:80%]"
    assert splits_of(resolve(given, json.loads(json.dumps(begun.to_dict())))) == ("train", "test")
    # The same command, on the stored config.
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    written = {"config": before, "versions": {"tfgan_zoo": __version__}, "recipe": "mine"}
    (run / "config.json").write_text(json.dumps(written))
    resumed, differ = config_to_resume(run, given, {"evaluate.split": "test"}, "mine", "--config")
    assert (splits_of(resumed), differ) == (LAST_TENTH, [])
    # What it is evaluated on.
    assert next(splits_to_evaluate(before, given.data.source, "test"))[0] == LAST_TENTH[1]


def layouts(root, num):
    """Writes images in every layout; yields a function that opens a split, and what to compare."""
    for i in range(num):
        for folder in ("sides", "classes/" + "abc"[i * 3 // num], "captions", "a", "b", "hr", "lr"):
            size = (8, 4) if folder == "sides" else (16, 16) if folder == "hr" else (4, 4)
            name = f"{i:03}.{'jpg' if folder == 'b' else 'png'}"
            (root / folder).mkdir(parents=True, exist_ok=True)
            # Written in another order than that of the names.
            Image.new("RGB", size, (num - i, 0, 0)).save(root / folder / name)
        (root / "captions" / f"{i:03}.txt").write_text(f"thing {i}\nimage {i}\n")
    for name in ("A", "B", "HR", "LR"):
        (root / ("pairs" if name in "AB" else "sizes")).mkdir(exist_ok=True)
        (root / name.lower()).rename(root / ("pairs" if name in "AB" else "sizes") / name)
    with zipfile.ZipFile(root / "classes.zip", "w") as archive:
        for file in sorted((root / "classes").rglob("*.png"), reverse=True):
            archive.write(file, file.relative_to(root))
    pixels = np.arange(num, dtype=np.uint8).reshape(num, 1, 1, 1) * np.ones((4, 4, 3), np.uint8)
    np.savez(root / "arrays.npz", a=pixels, b=pixels)
    for kind in ("folder", "zip"):
        path = f"{kind}:{root}/classes" + (".zip" if kind == "zip" else "")
        yield partial(open_source, path), lambda opened: [opened]
    for path in (f"folder:{root}/sides", f"folder:{root}/pairs", f"npz:{root}/arrays.npz"):
        yield partial(open_domains, path), lambda opened: opened[:2]
    yield partial(open_super_resolution, f"folder:{root}/sizes"), lambda opened: opened[:2]
    yield partial(open_captioned, f"folder:{root}/captions"), lambda opened: [opened.images]


@pytest.mark.parametrize("num", [19, 20, 21, 101])
def test_of_every_layout_each_image_is_in_one_of_both_parts(tmp_path, num):
    opened = 0
    for open_split, sources in layouts(tmp_path, num):
        opened += 1
        whole, trained, held_out = (open_split(split) for split in ("train", *TENTH))
        numbers = []
        for part in (trained, held_out):
            each = [
                [int(re.search(r"(\d+)(\.\w+|\])$", source.name(i))[1]) for i in range(len(source))]
                for source in sources(part)
            ]
            assert all(one == each[0] for one in each)  # Pairs stay together.
            numbers.append(each[0])
            if isinstance(part, Captioned):
                assert part.captions == [(f"thing {n}", f"image {n}") for n in each[0]]
            if sources(part)[0].labels is not None:
                assert sources(part)[0].labels.tolist() == [n * 3 // num for n in each[0]]
                assert len(set(sources(part)[0].labels)) == min(3, len(each[0]))
                last = sources(open_split(LAST_TENTH[1]))[0]
                assert len(set(last.labels)) == 1  # Why the parts are spread out.
                assert sources(part)[0].class_names == ("a", "b", "c")
        assert numbers[1] == list(range(0, num, 10))
        assert sorted(numbers[0] + numbers[1]) == list(range(num))
        # The samples are those of the whole.
        for part, rows in zip((trained, held_out), numbers, strict=True):
            for source, all_of_it in zip(sources(part), sources(whole), strict=True):
                assert source.read(len(source) - 1).tolist() == all_of_it.read(rows[-1]).tolist()
    assert opened == 7


@pytest.mark.slow
def test_a_run_resumes_and_is_evaluated_on_what_it_held_out(tmp_path):
    source = write(tmp_path / "x", 20)
    config = config_of("super_resolution", tmp_path, source)
    config.pretraining.steps = 0
    config.train.steps = config.train.log_every = 2
    config.train.sample_every = config.train.checkpoint_every = 2
    run = tmp_path / "run"
    with pytest.warns(UserWarning, match="every tenth"):
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
