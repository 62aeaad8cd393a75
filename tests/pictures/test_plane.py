import numpy as np

from tfgan_zoo.pictures.plane import MARGIN, SIDE, palette, plane


def test_places_and_colours():
    codes = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    images = np.stack([np.full((8, 8, 1), value, np.uint8) for value in (0, 100, 200)])
    labels = np.array([0, 1, 1])
    picture = plane(codes, images, labels)
    assert picture.shape == (SIDE, 2 * SIDE + 2, 3)
    # One scale for both axes: the wider one reaches the margins. The second axis points up.
    left, right, middle = MARGIN, SIDE - MARGIN, SIDE // 2
    half = (right - left) // 4
    places = [(middle + half, left), (middle + half, right), (middle - half, left)]
    for (row, column), label, image in zip(places, labels, images, strict=True):
        assert tuple(picture[row, column]) == palette(2)[label]
        assert np.all(picture[row, SIDE + 2 + column] == image[0, 0, 0])
    assert np.all(picture[0, 0] == 255)


def test_images_do_not_cover_one_another():
    codes = np.array([[0.0, 0.0], [0.001, 0.0], [1.0, 1.0]])
    images = np.stack([np.full((40, 20, 3), value, np.uint8) for value in (10, 60, 90)])
    shown = plane(codes, images)[:, SIDE + 2 :]
    assert {10, 90} <= set(np.unique(shown))
    assert 60 not in np.unique(shown)
    # Large ones are reduced to 32 pixels.
    assert (shown == 10).all(axis=-1).sum() == 32 * 16


def test_names_stand_below():
    codes = np.random.default_rng(0).standard_normal((4, 2))
    images = np.zeros((4, 8, 8, 3), np.uint8)
    names = [f"a long name of class {i}" for i in range(12)]
    picture = plane(codes, images, np.array([0, 3, 3, 11]), names)
    assert picture.shape[0] > SIDE
    strip = picture[SIDE:]
    for i in (0, 3, 11):
        assert np.any(np.all(strip == palette(12)[i], axis=-1))
    assert not np.any(np.all(strip == palette(12)[5], axis=-1))
    assert len(set(palette(48))) == 48


def test_codes_that_coincide():
    picture = plane(np.ones((3, 2)), np.zeros((3, 8, 8, 1), np.uint8))
    assert tuple(picture[SIDE // 2, SIDE // 2]) == (31, 80, 200)
