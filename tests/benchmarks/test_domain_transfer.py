"""What `benchmarks.domain_transfer` expects, makes and checks."""

import numpy as np
import tensorflow as tf

from benchmarks import domain_transfer

KEPT = {"shape": 0.95, "place": 0.93, "style": 0.9}
RANDOM = {"shape": 0.2, "place": 0.1, "style": 0.9}


def test_what_is_expected_of_dtn():
    assert list(domain_transfer.lost(KEPT)) == []
    assert len(list(domain_transfer.lost(RANDOM))) == 2
    assert len(list(domain_transfer.lost(dict.fromkeys(KEPT, np.nan)))) == 3


def test_colours_are_bright_on_dark_and_differ_from_image_to_image():
    ink = np.zeros((20, 2, 2, 1), np.uint8)
    ink[:, 0] = 255
    made = domain_transfer.coloured(ink, np.random.default_rng(0))
    assert made.shape == (20, 2, 2, 3)
    assert made.dtype == np.uint8
    assert made[:, 0].min() >= 128
    assert made[:, 1].max() < 64
    assert len(np.unique(made[:, 0, 0], axis=0)) == 20
    assert (made[:, :, 0] == made[:, :, 1]).all()


def test_grey_is_luma():
    images = np.array([[[[255, 0, 0], [0, 255, 0], [0, 0, 255], [7, 7, 7]]]], np.uint8)
    assert domain_transfer.grey(images).ravel().tolist() == [76, 150, 29, 7]


def test_stretching_undoes_colours_of_digits():
    ink = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1), np.uint8)
    ink[:, 0, 0], ink[:, 0, 1] = 0, 255
    dull = (60 + ink * 0.5).astype(np.uint8)
    assert np.abs(domain_transfer.stretched(dull).astype(int) - ink).max() <= 2
    flat = np.full((1, 2, 2, 1), 9, np.uint8)
    assert not domain_transfer.stretched(flat).any()


def test_a_changed_bit_of_f_is_seen(tmp_path):
    weights = [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(3, np.float32)]
    variables = [tf.Variable(each) for each in [*weights, np.zeros(2, np.float32)]]
    tf.train.Checkpoint(variables=variables).write(str(tmp_path / "variables" / "variables"))
    assert domain_transfer.is_unchanged(weights, tmp_path)
    weights[0][0, 0] = np.nextafter(np.float32(0), np.float32(1))
    assert not domain_transfer.is_unchanged(weights, tmp_path)
