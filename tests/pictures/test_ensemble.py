import numpy as np

from tfgan_zoo.pictures.ensemble import self_ensemble


def twice(image):
    return image.repeat(2, axis=0).repeat(2, axis=1)


def test_results_are_turned_back():
    image = np.random.default_rng(0).normal(size=(3, 5, 2))
    np.testing.assert_allclose(self_ensemble(twice)(image), twice(image))


def test_an_error_in_one_corner_is_shared_by_all():
    def wrong(image):
        made = np.zeros((4, 6, 1) if image.shape == (2, 3, 1) else (6, 4, 1))
        made[0, 0] = 8.0
        return made

    made = self_ensemble(wrong)(np.zeros((2, 3, 1)))
    assert made.sum() == 8
    np.testing.assert_array_equal(made[[0, 0, -1, -1], [0, -1, 0, -1]], [[2.0]] * 4)
