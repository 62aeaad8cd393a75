"""3D-GAN's networks."""

import doctest
import math

import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import gan_3d, gan_3d_discriminator, gan_3d_generator


def cube(side, channels=1):
    return (side, side, side, channels)


def trainable(model):
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)


def test_the_papers_networks():
    """Section 3.1: kernels 4x4x4, 512 to 64 maps and one; no biases, but scale and offset."""
    scales = 2 * (512 + 256 + 128 + 64)
    made = gan_3d_generator(cube(64))
    kernels = 64 * (200 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64)
    assert trainable(made) == kernels + scales == 17_569_664
    sides = [made.get_layer(f"conv_{i}").output.shape[1:] for i in (2, 3, 4)]
    assert sides == [cube(8, 256), cube(16, 128), cube(32, 64)]
    judge = gan_3d_discriminator(cube(64))
    kernels = 64 * (64 + 64 * 128 + 128 * 256 + 256 * 512 + 512)
    assert trainable(judge) == kernels + scales == 11_048_832
    for network in (made, judge):
        assert not any("bias" in v.path.rpartition("/")[2] for v in network.variables)


@pytest.mark.parametrize("side", [8, 16])
@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_shapes_and_ranges(side, upsampling):
    make = {"filters": 2, "upsampling": upsampling}
    made = gan_3d_generator(cube(side, 2), 5, **make)(np.zeros((3, 5), "float32") + 1)
    assert made.shape == (3, *cube(side, 2))
    assert np.max(np.abs(made)) <= 1
    assert gan_3d_discriminator(cube(side, 2), filters=2)(made).shape == (3, 1)


def test_a_sigmoid_scaled_to_both_sides_of_zero():
    """Outputs of s in [0, 1] are 2 s - 1, and the discriminator undoes that."""
    made = gan_3d_generator(cube(8), 3, filters=2)
    z = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    x, logits = z, None
    for layer in made.layers[1:]:
        logits = x if layer.name == "occupancy" else logits
        x = layer(x)
    np.testing.assert_allclose(x, np.tanh(np.asarray(logits) / 2), atol=1e-6)
    judge = gan_3d_discriminator(cube(8), filters=2)
    np.testing.assert_allclose(judge.get_layer("occupancy")(x), (np.asarray(x) + 1) / 2, atol=1e-6)


def test_the_first_layer_is_a_transposed_convolution_of_one_voxel():
    """Its rows, as kernels of 4x4x4, are what each number of z puts into the first maps."""
    made = gan_3d_generator(cube(8), 3, filters=2)
    kernel = made.get_layer("conv_1").kernel.numpy().reshape(3, 4, 4, 4, 2)
    z = np.float32([[0.5, 0.0, -2.0]])
    maps = made.get_layer("maps")(made.get_layer("conv_1")(z))
    np.testing.assert_allclose(maps[0], 0.5 * kernel[0] - 2 * kernel[2], atol=1e-6)


def test_critics_under_a_penalty_do_not_mix_samples():
    x = np.random.default_rng(0).uniform(-1, 1, (4, *cube(8))).astype("float32")
    for kind in ("layer", "none", "batch"):
        judge = gan_3d_discriminator(cube(8), filters=2, normalization=kind)
        alone, together = (judge(x[:n], training=True)[:2] for n in (2, 4))
        same = np.allclose(alone, together, atol=1e-5)
        assert same == (kind != "batch")


def test_told_classes_in_packs():
    made = gan_3d_generator(cube(8), 3, 4, filters=2)
    assert made([np.zeros((2, 3)), np.array([0, 3])]).shape == (2, *cube(8))
    judge = gan_3d_discriminator(cube(8, 2), 4, 2, filters=2)
    assert judge([np.zeros((1, *cube(8, 2))), np.array([[0, 3]])]).shape == (1, 1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: gan_3d_generator((16, 16, 8, 1)), r"a cube of voxels .*\(16, 16, 8, 1\)"),
        (lambda: gan_3d_generator(cube(24)), "a power of two from 8 up"),
        (lambda: gan_3d_discriminator(cube(4)), r"image_shape: .*\(4, 4, 4, 1\)"),
        (lambda: gan_3d_generator((16, 16, 3)), r"image_shape: expected \(depth, height"),
        (lambda: gan_3d_generator(cube(8), 0), "latent_dim: .*0"),
        (lambda: gan_3d_generator(cube(8), upsampling="linear"), "upsampling: .*linear"),
        (lambda: gan_3d_discriminator(cube(8), normalization="instance"), "normalization: "),
    ],
)
def test_refusals(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


def test_examples():
    assert doctest.testmod(gan_3d).failed == 0
