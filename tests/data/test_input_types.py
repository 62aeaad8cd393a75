"""Images are bytes, from every kind of source and for every task, until a model has them."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from benchmarks import input as files
from tests.marks import slow
from tfgan_zoo.data import (
    captioned,
    open_captioned,
    open_domains,
    open_source,
    open_super_resolution,
    paired,
    super_resolution,
    unconditional,
    unpaired,
)

SIZE = {"num": 6, "height": 40, "width": 36}


def drawn(source):
    return lambda root: source


def made(make, **options):
    return lambda root: make(root, **SIZE, **options)


def side_by_side(root):
    return files.images(root, 6, 36, 72, "png")


def sixteen_bits(root):
    """PNGs of 16 bits a pixel, the one kind of file with more than bytes in it."""
    for i in range(6):
        pixels = np.full((40, 36), 257 * 50 * i, np.uint16)
        Image.fromarray(pixels).save(root / f"{i}.png")
    return f"folder:{root}"


def few(source):
    return {"num": 6} if source.startswith("figures") else {}


def single(source, **options):
    source = open_source(source, **few(source), **options)
    return unconditional(source, batch_size=2, image_size=32, **COMMON)


def pairs(source, layout="auto"):
    domains = open_domains(source, layout=layout, **few(source))
    return paired(domains, batch_size=2, image_size=24, load_size=32, **COMMON)


def apart(source):
    domains = open_domains(source, **few(source))
    return unpaired(domains, batch_size=2, image_size=24, load_size=32, **COMMON)


def texts(source):
    data = open_captioned(source, **few(source))
    return captioned(data, batch_size=2, image_size=24, load_size=32, **COMMON)


def larger(source):
    opened = open_super_resolution(source, **few(source))
    return super_resolution(opened, batch_size=2, crop_size=16, **COMMON)


COMMON = {"flip": True}

SOURCES = {
    "figures": (drawn("figures"), single),
    "figures/full": (drawn("figures/full"), larger),
    "figures/paired": (drawn("figures/paired"), pairs),
    "figures/unpaired": (drawn("figures/unpaired"), apart),
    "figures/captions": (drawn("figures/captions"), texts),
    "idx": (made(files.idx), single),
    "npz": (made(files.npz, names=("images",)), single),
    "npz pairs": (made(files.npz, names=("a", "b")), pairs),
    "npz, larger": (made(files.npz, names=("images",)), larger),
    "JPEG": (made(files.images, ending="jpg"), single),
    "PNG of 16 bits": (sixteen_bits, single),
    "JPEG, larger": (made(files.images, ending="jpg"), larger),
    "pairs": (made(files.domains, ending="jpg"), pairs),
    "two domains": (made(files.domains, ending="jpg"), apart),
    "side by side": (side_by_side, pairs),
    "grey": (made(files.images, ending="jpg"), lambda source: pairs(source, "grey")),
    "captions": (made(files.captions, ending="jpg"), texts),
    "both resolutions": (made(files.resolutions, ending="png"), larger),
}
#: A source of each reader.
QUICK = (
    "figures/captions",
    "idx",
    "npz pairs",
    "JPEG",
    "PNG of 16 bits",
    "two domains",
    "side by side",
    "captions",
    "both resolutions",
)


def images_of(batch):
    return [part for part in tf.nest.flatten(batch) if part.shape.rank == 4]


@pytest.mark.parametrize("cache", [slow(True), False])
@pytest.mark.parametrize(
    ("make", "open_batches"),
    [
        pytest.param(*case, id=name, marks=[] if name in QUICK else pytest.mark.slow)
        for name, case in SOURCES.items()
    ],
)
def test_images_are_bytes(tmp_path, monkeypatch, make, open_batches, cache):
    monkeypatch.setitem(COMMON, "cache", cache)
    dataset = open_batches(make(tmp_path))
    batch = images_of(next(iter(dataset)))
    assert [image.dtype for image in batch] == [tf.uint8] * len(batch)
    assert [image.dtype for image in images_of(dataset.element_spec)] == [tf.uint8] * len(batch)
    assert len(batch) == (1 if open_batches in (single, texts) else 2)


def test_those_of_tfds_are_too(tmp_path):
    pytest.importorskip("tensorflow_datasets")
    source = files.tfds(tmp_path, **SIZE, ending="jpg")
    dataset = single(source, data_dir=str(tmp_path))
    assert dataset.element_spec == tf.TensorSpec((2, 32, 32, 3), tf.uint8)
    assert next(iter(dataset)).dtype == tf.uint8
