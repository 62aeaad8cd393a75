"""Each of several workers decodes the rows alone that TensorFlow gives it."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.python.data.experimental.ops import distribute
from tensorflow.python.distribute import input_ops

from tfgan_zoo.data import open_source, open_super_resolution, super_resolution, unconditional
from tfgan_zoo.data.pipeline import with_options
from tfgan_zoo.data.shares import Share, only
from tfgan_zoo.data.source import FileSource

NUM, SIDE, BATCH = 64, 8, 8


@pytest.mark.parametrize(("workers", "local"), [(2, 1), (2, 2), (3, 1)])
def test_the_rows_are_those_that_tensorflow_deals_out(workers, local):
    size = workers * local * 2
    for worker in range(workers):
        dataset = with_options(tf.data.Dataset.range(10**6).batch(size, drop_remainder=True))
        sizes = distribute.batch_sizes_for_worker(
            tf.constant(size, tf.int64), workers, local, worker
        )
        dataset = dataset.rebatch(sizes).prefetch(local)
        dataset = input_ops.auto_shard_dataset(dataset, workers, worker, workers * local)
        dealt = [list(each) for each in itertools.islice(dataset.as_numpy_iterator(), 2 * local)]
        rows = np.flatnonzero(Share(worker, workers, workers * local).rows(size))
        assert np.concatenate(dealt).tolist() == [*rows, *(rows + size)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    for i in range(NUM):
        pixels = np.random.default_rng(i).integers(1, 255, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{i:02d}.png")
    return f"folder:{tmp_path / 'photos'}"


def batches(folder, cache):
    source = open_source(folder)
    dataset = unconditional(
        source, batch_size=BATCH, image_size=SIDE, cache=cache, flip=True, seed=2
    )
    return list(itertools.islice(dataset.as_numpy_iterator(), 2))


@pytest.mark.parametrize("cache", [False, "disk"])
def test_a_worker_decodes_its_own_rows_alone(folder, cache, monkeypatch):
    whole = batches(folder, False)
    decoded, read = [], FileSource.read
    monkeypatch.setattr(FileSource, "read", lambda s, i, n=None: decoded.append(i) or read(s, i, n))
    own = Share(1, 2, 4).rows(BATCH)
    with only(Share(1, 2, 4)):
        found = batches(folder, cache)
    for batch, expected in zip(found, whole, strict=True):
        np.testing.assert_array_equal(batch[own], expected[own])
        assert not batch[~own].any()  # a control: these would be wrong rows to train on
    order = tf.random.experimental.stateless_shuffle(tf.range(NUM, dtype=tf.int64), [2, 0])
    mine = order.numpy().reshape(-1, BATCH)[:, own]
    assert decoded
    assert set(decoded[: mine.size // 2]) <= set(mine.ravel().tolist())


def test_crops_of_a_worker_are_those_of_all(folder):
    opened = open_super_resolution(folder, scale=2)
    own = Share(0, 2, 2).rows(BATCH)

    def first():
        dataset = super_resolution(opened, batch_size=BATCH, crop_size=4, cache=False, seed=2)
        return next(dataset.as_numpy_iterator())

    whole = first()
    with only(Share(0, 2, 2)):
        found = first()
    for images, expected in zip(found, whole, strict=True):
        np.testing.assert_array_equal(images[own], expected[own])
        assert not images[~own].any()
