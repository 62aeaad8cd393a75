"""What people give the data pipelines: sources in other forms, and arguments of other types."""

import numpy as np
import pytest
from PIL import Image

from tests.marks import slow
from tfgan_zoo.data import (
    captioned,
    load_images,
    load_pairs,
    open_captioned,
    open_domains,
    open_source,
    open_super_resolution,
    paired,
    super_resolution,
    unconditional,
    unpaired,
)
from tfgan_zoo.data.images import Fit
from tfgan_zoo.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    for i, image in enumerate(IMAGES):
        for domain in ("A", "B"):
            (tmp_path / domain).mkdir(exist_ok=True)
            Image.fromarray(image).save(tmp_path / domain / f"{i}.png")
            (tmp_path / domain / f"{i}.txt").write_text(f"image {i}")
    return tmp_path


def first(dataset):
    return next(dataset.take(1).as_numpy_iterator())


@pytest.mark.parametrize("form", ["spec", "path", "array", "source"])
def test_images_may_be_a_spec_a_path_an_array_or_a_source(folder, form):
    path = folder / "A"
    given = {"spec": f"folder:{path}", "path": path, "array": IMAGES}
    given["source"] = open_source(f"folder:{path}")
    expected = first(unconditional(given["source"], batch_size=2, image_size=16))
    came = first(unconditional(given[form], batch_size=2, image_size=(16, 16)))
    np.testing.assert_array_equal(came, expected)
    np.testing.assert_array_equal(load_images(given[form], Fit(16, 3)), IMAGES)
    low, high = first(super_resolution(given[form], batch_size=2, crop_size=8))
    assert (low.shape, high.shape) == ((2, 2, 2, 3), (2, 8, 8, 3))


@pytest.mark.parametrize("form", [slow("spec"), "path", "arrays", slow("sources"), slow("opened")])
def test_domains_may_be_a_spec_a_path_or_two_arrays_or_sources(folder, form):
    opened = open_domains(f"folder:{folder}")
    given = {"spec": f"folder:{folder}", "path": folder, "arrays": (IMAGES, IMAGES)}
    given |= {"sources": (opened.a, folder / "B"), "opened": opened}
    for task in (paired, unpaired):
        expected = first(task(opened, batch_size=2, image_size=16))
        came = first(task(given[form], batch_size=2, image_size=(16, 16), load_size=[16, 16]))
        np.testing.assert_array_equal(came, expected)
    a, b = load_pairs(given[form], 2, 16)
    np.testing.assert_array_equal([a, b], [IMAGES[:2], IMAGES[:2]])


def test_captioned_images_may_be_a_spec_or_a_path(folder):
    expected = first(captioned(open_captioned(f"folder:{folder}"), batch_size=2, image_size=16))
    for given in (f"folder:{folder}", folder):
        came = first(captioned(given, batch_size=2, image_size=(16, 16)))
        np.testing.assert_array_equal(came["image"], expected["image"])
    with pytest.raises(InputError, match="data: expected what open_captioned returns"):
        captioned(IMAGES, batch_size=2)


def test_a_path_says_itself_what_it_is(tmp_path):
    np.savez(tmp_path / "x.npz", x=IMAGES)
    assert len(open_source(tmp_path / "x.npz")) == 6
    (tmp_path / "x.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"x.png holds no samples; .* write folder:"):
        open_source(tmp_path / "x.png")
    with pytest.raises(InputError, match=r"there is nothing at .*missing; check the path"):
        open_source(tmp_path / "missing")


OPENERS = (open_source, open_domains, open_super_resolution, open_captioned)
VIEWS = {open_domains: "figures/paired", open_captioned: "figures/captions"}


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"split": None}, "split: expected text such as 'train'.*, got None"),
        ({"split": 3}, "split: expected text"),
        ({"num": "5"}, "num: expected a whole number from 1 up, got '5'"),
        ({"num": 2.5}, "num: expected a whole number from 1 up, got 2.5"),
        ({"resolution": (32, 32)}, "resolution: expected a whole number"),
        ({"on_error": None}, "on_error: expected"),
        ({"white": "4095"}, "white: expected a number"),
    ],
)
def test_arguments_of_other_types_are_refused_by_all_that_opens(opener, wrong, message):
    with pytest.raises(InputError, match=message):
        opener(VIEWS.get(opener, "figures"), **wrong)


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("spec", [None, 5, IMAGES, ["figures"]])
def test_what_is_no_source_is_refused_by_all_that_opens(opener, spec):
    with pytest.raises(InputError, match="spec: expected a data source such as 'figures'"):
        opener(spec)


TASKS = {
    "unconditional": lambda **options: unconditional(IMAGES, **options),
    "paired": lambda **options: paired((IMAGES, IMAGES), **options),
    "unpaired": lambda **options: unpaired((IMAGES, IMAGES), **options),
    "captioned": lambda **options: captioned(open_captioned("figures/captions", num=6), **options),
    "super_resolution": lambda image_size=16, **options: super_resolution(
        IMAGES, crop_size=image_size, **options
    ),
}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 2.5}, "batch_size: expected a whole number from 1 up, got 2.5"),
        ({"batch_size": "2"}, "batch_size: expected a whole number from 1 up, got '2'"),
        ({"batch_size": True}, "batch_size: expected a whole number from 1 up, got True"),
        ({"start_step": 1.5}, "start_step: expected a whole number from 0 up, got 1.5"),
        (
            {"image_size": (8, 9, 10)},
            r"(image_size|crop_size): expected the side .*\(8, 9, 10\)",
        ),
        (
            {"image_size": "8"},
            "(image_size|crop_size): expected the side .*'8'",
        ),
        (
            {"image_size": 8.0},
            "(image_size|crop_size): expected the side .*8.0",
        ),
    ],
)
@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_arguments_of_other_types_are_refused_by_every_pipeline(task, wrong, message):
    with pytest.raises(InputError, match=message):
        task(**{"batch_size": 2, **wrong})


@pytest.mark.parametrize(
    "task", [unconditional, paired, unpaired, super_resolution, captioned], ids=lambda t: t.__name__
)
@pytest.mark.parametrize(
    "given", [None, 5, {"a": 1}, object()], ids=lambda each: type(each).__name__
)
def test_what_is_no_data_is_refused_by_every_pipeline(task, given):
    with pytest.raises(InputError, match=r"(source|domains|opened|data): expected what open_"):
        task(given, batch_size=2)
