import doctest

import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import dtn, dtn_discriminator, dtn_generator


def test_parameters_of_maps_and_vectors():
    generator = dtn_generator((8, 8, 16), (32, 32, 3), filters=4, convolutions=2)
    convolutions = 9 * 16 * 8 + 9 * 8 * 8  # without biases
    doublings = 16 * 8 * 4 + (16 * 4 * 3 + 3)
    statistics = 4 * (8 + 8 + 4)
    assert generator.count_params() == convolutions + doublings + statistics
    generator = dtn_generator((10,), (28, 28, 1), filters=4, normalization="none")
    # 7x7 maps, doubled twice.
    dense, doublings = 11 * 49 * 8, (16 * 8 * 4 + 4) + (16 * 4 * 1 + 1)
    assert generator.count_params() == dense + doublings
    assert generator.compute_output_shape((2, 10)) == (2, 28, 28, 1)
    discriminator = dtn_discriminator((32, 32, 3), filters=2)
    weights = (16 * 3 * 2 + 2) + 16 * 2 * 4 + 16 * 4 * 8
    assert discriminator.count_params() == weights + 4 * (4 + 8) + (4 * 4 * 8 + 1) * 3


def test_maps_as_large_as_the_image():
    generator = dtn_generator((16, 16, 5), (16, 16, 3), filters=4)
    assert generator.compute_output_shape((1, 20, 7, 5)) == (1, 20, 7, 3)


@pytest.mark.parametrize("shape", [(8, 8), (8, 4, 3), (5, 5, 3), (64, 64, 3)])
def test_maps_that_do_not_double_to_the_image(shape):
    with pytest.raises(InputError, match=r"feature_shape: expected .*\(32, 32\), got"):
        dtn_generator(shape, (32, 32, 3))


def test_examples():
    result = doctest.testmod(dtn)
    assert result.attempted == 2
    assert not result.failed
