"""Strided convolutions against PyTorch's arithmetic, written out in numpy."""

import keras
import numpy as np
import pytest

from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.networks.common import downsample, size_multiple, transposed

# Keras 3.15 reads any variable for saving through a numpy protocol that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RNG = np.random.default_rng(0)


def conv(x, kernel, bias=0.0, stride=1, padding=0):
    """torch.nn.functional.conv2d for `[B, H, W, C]` and a kernel `[k, k, in, out]`."""
    x = np.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    k = len(kernel)
    height, width = ((side - k) // stride + 1 for side in x.shape[1:3])
    out = np.zeros((len(x), height, width, kernel.shape[-1]))
    for i in range(height):
        for j in range(width):
            window = x[:, i * stride : i * stride + k, j * stride : j * stride + k]
            out[:, i, j] = np.einsum("bhwi,hwio->bo", window, kernel)
    return out + bias


def conv_transpose(x, kernel, bias=0.0, stride=2, padding=0, output_padding=0):
    """torch.nn.functional.conv_transpose2d for a kernel `[k, k, out, in]`."""
    k = len(kernel)
    sides = [(side - 1) * stride + k + output_padding for side in x.shape[1:3]]
    out = np.zeros((len(x), *sides, kernel.shape[2]))
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            spread = np.einsum("bi,hwoi->bhwo", x[:, i, j], kernel)
            out[:, i * stride : i * stride + k, j * stride : j * stride + k] += spread
    bottom, right = (side - padding for side in sides)
    return out[:, padding:bottom, padding:right] + bias


def instance_norm(x):
    mean, variance = (f(x, axis=(1, 2), keepdims=True) for f in (np.mean, np.var))
    return (x - mean) / np.sqrt(variance + 1e-5)


def reflected(x, n):
    return np.pad(x, [(0, 0), (n, n), (n, n), (0, 0)], mode="reflect")


def relu(x):
    return np.maximum(x, 0)


def leaky(x):
    return np.maximum(x, 0.2 * x)


def noisy(model):
    """Assigns weights and biases values at which each of them matters."""
    for weight in model.weights:
        weight.assign(RNG.normal(size=weight.shape) / np.sqrt(np.prod(weight.shape[:-1]) or 1))
    return model


def weights(model, name):
    """Returns a layer's kernel and bias, or 0 if it has none."""
    kernel, *bias = (w.numpy() for w in model.get_layer(name).weights)
    return kernel, bias[0] if bias else 0.0


def close(ours, theirs):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def differ(ours, theirs):
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() > 0.005


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 6, 7])
def test_symmetric_padding_is_that_of_pytorch(kernel_size):
    inputs, p = keras.Input((None, None, 2)), (kernel_size - 1) // 2
    x = RNG.normal(size=(2, 8, 6, 2)).astype("float32")
    for padding in ("same", "symmetric"):
        check = close if padding == "symmetric" or kernel_size in (1, 2, 4, 6) else differ
        down = noisy(
            keras.Model(inputs, downsample(inputs, 3, kernel_size, name="c", padding=padding))
        )
        check(down(x), conv(x, *weights(down, "c"), stride=2, padding=p))
        up = noisy(
            keras.Model(inputs, transposed(inputs, 3, kernel_size, name="c", padding=padding))
        )
        more = 2 + 2 * p - kernel_size
        check(up(x), conv_transpose(x, *weights(up, "c"), padding=p, output_padding=more))


@pytest.mark.parametrize(("padding", "check"), [("symmetric", close), ("same", differ)])
def test_cyclegan_s_generator_with_copied_weights_gives_the_authors_picture(padding, check):
    model = noisy(networks.translation_resnet((16, 16, 3), filters=2, blocks=1, padding=padding))
    x = RNG.normal(size=(1, 16, 20, 3)).astype("float32")
    y = relu(instance_norm(conv(reflected(x, 3), *weights(model, "input"))))
    for name in ("down_1", "down_2"):
        y = relu(instance_norm(conv(y, *weights(model, name), stride=2, padding=1)))
    z = relu(instance_norm(conv(reflected(y, 1), *weights(model, "block_1_conv_1"))))
    y = y + instance_norm(conv(reflected(z, 1), *weights(model, "block_1_conv_2")))
    for name in ("up_1", "up_2"):
        y = conv_transpose(y, *weights(model, name), padding=1, output_padding=1)
        y = relu(instance_norm(y))
    check(model(x), np.tanh(conv(reflected(y, 3), *weights(model, "output"))))


@pytest.mark.parametrize(
    ("kernel_size", "padding", "check"),
    [(5, "symmetric", close), (5, "same", differ), (4, "same", close), (4, "symmetric", close)],
)
def test_dcgan_s_networks_with_copied_weights_give_what_the_authors_do(kernel_size, padding, check):
    options = {"kernel_size": kernel_size, "padding": padding, "normalization": "none"}
    p, more = (2, 1) if kernel_size == 5 else (1, 0)
    generator = noisy(networks.dcgan_generator((16, 16, 3), 4, filters=2, **options))
    z = RNG.normal(size=(2, 4)).astype("float32")
    kernel, bias = weights(generator, "project")
    y = (z @ kernel + bias).reshape(2, 4, 4, 4)
    for name in ("conv_1", "output"):
        y = conv_transpose(relu(y), *weights(generator, name), padding=p, output_padding=more)
    check(generator(z), np.tanh(y))

    discriminator = noisy(networks.dcgan_discriminator((16, 16, 3), filters=2, **options))
    x = y = RNG.normal(size=(2, 16, 16, 3)).astype("float32")
    for name in ("conv_1", "conv_2"):
        y = leaky(conv(y, *weights(discriminator, name), stride=2, padding=p))
    kernel, bias = weights(discriminator, "logits")
    check(discriminator(x), y.reshape(2, -1) @ kernel + bias)


@pytest.mark.parametrize(("padding", "check"), [("symmetric", close), ("same", differ)])
def test_srgan_s_discriminator_can_pad_as_pytorch_does(padding, check):
    model = noisy(
        networks.srgan_discriminator(
            (16, 16, 3), filters=2, dense_units=4, normalization="none", padding=padding
        )
    )
    x = y = RNG.normal(size=(2, 16, 16, 3)).astype("float32")
    for i in range(1, 9):
        y = leaky(conv(y, *weights(model, f"conv_{i}"), stride=2 - i % 2, padding=1))
    y = y.reshape(2, -1)
    for name, activation in (("dense", leaky), ("logits", np.asarray)):
        kernel, bias = weights(model, name)
        y = activation(y @ kernel + bias)
    check(model(x), y)


def test_pix2pix_s_networks_pad_as_the_authors_without_being_told():
    options = {"filters": 2, "normalization": "none"}
    x = RNG.normal(size=(1, 16, 24, 3)).astype("float32")
    unet = noisy(networks.unet_generator((16, 16, 3), depth=3, dropout=0.0, **options))
    down, y = [], x
    for i in (1, 2, 3):
        y = conv(y if i == 1 else leaky(y), *weights(unet, f"down_{i}"), stride=2, padding=1)
        down.append(y)
    for i, name in ((3, "up_3"), (2, "up_2"), (1, "output")):
        y = relu(y if i == 3 else np.concatenate([y, down[i - 1]], axis=-1))
        y = conv_transpose(y, *weights(unet, name), padding=1)
    close(unet(x), np.tanh(y))

    patches = noisy(networks.patchgan_discriminator((16, 16, 3), receptive_field=16, **options))
    for sides in ((16, 16), (15, 13)):
        x = y = RNG.normal(size=(1, *sides, 3)).astype("float32")
        y = leaky(conv(y, *weights(patches, "conv_1"), stride=2, padding=1))
        y = leaky(conv(y, *weights(patches, "conv_2"), padding=1))
        close(patches(x), conv(y, *weights(patches, "logits"), padding=1))


@pytest.mark.parametrize(
    ("function", "arguments", "multiple"),
    [
        ("translation_resnet", {"blocks": 1, "filters": 2}, 4),
        ("dcgan_generator", {"latent_dim": 4, "filters": 2}, None),
    ],
)
def test_a_symmetric_network_is_saved_and_keeps_its_size_and_float32_outputs(
    function, arguments, multiple, tmp_path
):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = getattr(networks, function)((16, 16, 3), **arguments, padding="symmetric")
    finally:
        keras.config.set_dtype_policy("float32")
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    side = 16 if multiple else 4
    shape = (1, side, side, 3) if multiple else (1, side)
    x = RNG.normal(size=shape).astype("float32")
    assert model(x).dtype == "float32"
    np.testing.assert_array_equal(loaded(x), model(x))
    if multiple:
        assert size_multiple(model) == multiple


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("dcgan_generator", ((16, 16, 3),)),
        ("dcgan_discriminator", ((16, 16, 3),)),
        ("translation_resnet", ((16, 16, 3),)),
        ("srgan_discriminator", ((16, 16, 3),)),
    ],
)
def test_padding_is_one_of_two(function, arguments):
    with pytest.raises(InputError, match="padding: expected one of same, symmetric, got 'valid'"):
        getattr(networks, function)(*arguments, padding="valid")
