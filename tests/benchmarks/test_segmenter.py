"""The segmenter of `benchmarks.segmenter`, and the shares of what it reads."""

import numpy as np
import pytest

from benchmarks import segmenter


def test_shares_by_hand():
    wanted = np.array([[0, 0, 0, 1], [1, 3, 3, 3]])
    read = np.array([[0, 0, 1, 1], [0, 2, 2, 3]])
    found = segmenter.shares(read, wanted, 5)
    # Right: two of three, one of two, one of three; class 4 is nowhere, class 2 only read.
    assert found.pixels == 4 / 8
    assert found.classes == pytest.approx((2 / 3 + 1 / 2 + 1 / 3) / 3)
    # The unions have 3 + 3 - 2, 2 + 2 - 1 and 3 + 1 - 1 pixels.
    assert found.iou == pytest.approx((2 / 4 + 1 / 3 + 1 / 3) / 3)
    assert segmenter.shares(wanted, wanted, 5) == (1.0, 1.0, 1.0)


def test_images_and_maps_are_cropped_alike():
    maps = np.arange(4 * 6 * 8).reshape(4, 6, 8)
    images = np.repeat(maps[..., np.newaxis], 3, axis=-1)
    found, read = segmenter.cropped(images, maps, 4, np.random.default_rng(0))
    assert found.shape == (4, 4, 4, 3)
    np.testing.assert_array_equal(found[..., 0], read)
    steps = read[:, 0, 1] - read[:, 0, 0]
    assert set(steps) == {-1, 1}
    for labels, whole in zip(read, maps, strict=True):
        assert set(labels.ravel()) <= set(whole.ravel())


def test_colours_are_learned_once(tmp_path, monkeypatch, capsys):
    maps = np.random.default_rng(0).integers(0, 2, (8, 3, 3)).repeat(4, 1).repeat(4, 2)
    images = np.uint8([[200, 40, 40], [40, 40, 200]])[maps]
    options = {"epochs": 12, "filters": 4, "depth": 2}
    model = segmenter.trained(tmp_path, images, maps, 2, 8, **options)
    read = segmenter.read(model, images)
    assert segmenter.shares(read, maps, 2).pixels > 0.9
    assert capsys.readouterr().out.count("of the pixels") == 12
    monkeypatch.setattr(segmenter, "train", None)
    again = segmenter.trained(tmp_path, images, maps, 2, 8, **options)
    np.testing.assert_array_equal(segmenter.read(again, images), read)
    with pytest.raises(TypeError):
        segmenter.trained(tmp_path, 255 - images, maps, 2, 8, **options)
