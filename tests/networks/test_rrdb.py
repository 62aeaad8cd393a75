"""ESRGAN's generator, compared with its authors' module in NumPy and PyTorch's layout."""

import doctest
import importlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import SRGAN
from tfgan_zoo.networks import rrdb_generator

TINY = {"filters": 4, "blocks": 2, "growth": 3}


def tiny(scale=4, side=8, **options):
    return rrdb_generator((side, side, 3), scale, **{**TINY, **options})


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


# What follows is RRDBNet's forward pass, on images [C, H, W] and kernels [out, in, 3, 3].


def conv(x, state, name):
    kernel, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    height, width = x.shape[1:]
    windows = [
        np.tensordot(kernel[:, :, i, j], padded[:, i : i + height, j : j + width], 1)
        for i in range(3)
        for j in range(3)
    ]
    return sum(windows) + bias[:, None, None]


def lrelu(x):
    return np.where(x > 0, x, 0.2 * x)


def dense(x, state, name, residual_scale):
    x1 = lrelu(conv(x, state, f"{name}.conv1"))
    x2 = lrelu(conv(np.concatenate((x, x1)), state, f"{name}.conv2"))
    x3 = lrelu(conv(np.concatenate((x, x1, x2)), state, f"{name}.conv3"))
    x4 = lrelu(conv(np.concatenate((x, x1, x2, x3)), state, f"{name}.conv4"))
    x5 = conv(np.concatenate((x, x1, x2, x3, x4)), state, f"{name}.conv5")
    return x5 * residual_scale + x


def rrdb_net(x, state, blocks, scale, residual_scale=0.2):
    """RRDBNet.forward: pixel_unshuffle, conv_first, body, conv_body, upsampling, conv_last."""
    factor = 4 // scale
    channels, height, width = x.shape
    feat = x.reshape(channels, height // factor, factor, width // factor, factor)
    feat = feat.transpose(0, 2, 4, 1, 3).reshape(-1, height // factor, width // factor)
    feat = conv(feat, state, "conv_first")
    body = feat
    for i in range(blocks):
        out = body
        for j in (1, 2, 3):
            out = dense(out, state, f"body.{i}.rdb{j}", residual_scale)
        body = out * residual_scale + body
    feat = feat + conv(body, state, "conv_body")
    for name in ("conv_up1", "conv_up2"):
        feat = lrelu(conv(feat.repeat(2, 1).repeat(2, 2), state, name))
    return conv(lrelu(conv(feat, state, "conv_hr")), state, "conv_last")


def random_state(model):
    """Returns weights in PyTorch's layout, by PyTorch's names."""
    random = np.random.default_rng(0)
    state = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            height, width, inputs, outputs = layer.kernel.shape
            shape = (outputs, inputs, height, width)
            state[f"{layer.name}.weight"] = random.normal(0, (9 * inputs) ** -0.5, shape)
            state[f"{layer.name}.bias"] = random.normal(0, 0.1, outputs)
    return state


def load(model, state):
    """Copies such weights one by one: what a name leads to must exist, and nothing be left."""
    names = {name.rpartition(".")[0] for name in state}
    assert names == {x.name for x in model.layers if x.weights}
    for name in names:
        kernel = np.transpose(state[f"{name}.weight"], (2, 3, 1, 0))
        model.get_layer(name).set_weights([kernel, state[f"{name}.bias"]])


@pytest.mark.parametrize("scale", [4, 2, slow(1)])
def test_the_forward_pass_is_the_authors(scale):
    model = tiny(scale)
    state = random_state(model)
    load(model, state)
    image = np.random.default_rng(1).uniform(size=(8, 12, 3)).astype("float32")
    made = np.array(model(image[None]))[0]
    expected = rrdb_net(image.transpose(2, 0, 1), state, 2, scale).transpose(1, 2, 0)
    assert made.shape == expected.shape == (8 * scale, 12 * scale, 3)
    np.testing.assert_allclose(made, expected, atol=1e-5)
    # Controls: another factor of residuals, another order of the unshuffled channels.
    other = rrdb_net(image.transpose(2, 0, 1), state, 2, scale, 0.3).transpose(1, 2, 0)
    assert np.max(np.abs(made - other)) > 1e-3
    if scale < 4:
        kernel = state["conv_first.weight"]
        area = (4 // scale) ** 2
        shape = (kernel.shape[0], 3, area, 3, 3)
        swapped = kernel.reshape(shape).transpose(0, 2, 1, 3, 4).reshape(kernel.shape)
        state["conv_first.weight"] = swapped
        other = rrdb_net(image.transpose(2, 0, 1), state, 2, scale).transpose(1, 2, 0)
        assert np.max(np.abs(made - other)) > 1e-3


def test_parameters_of_the_published_network():
    """By blocks: 16,697,987 of the x4 network with 23, of which one is 719,424."""
    one, two = (trainable(rrdb_generator((24, 24, 3), blocks=blocks)) for blocks in (1, 2))
    dense = sum(9 * (64 + 32 * i) * (32 if i < 4 else 64) for i in range(5)) + 4 * 32 + 64
    assert two - one == 3 * dense == 719_424
    ends = (9 * 3 * 64 + 64) + 4 * (9 * 64 * 64 + 64) + (9 * 64 * 3 + 3)
    assert one + 22 * (two - one) == ends + 23 * 3 * dense == 16_697_987
    # Real-ESRGAN's x2 takes four times as many channels.
    x2 = trainable(rrdb_generator((24, 24, 3), 2, blocks=1))
    assert x2 - one == 9 * 9 * 64


@pytest.mark.slow
def test_parameters_of_all_blocks():
    assert trainable(rrdb_generator((24, 24, 3))) == 16_697_987


def test_initial_weights():
    keras.utils.set_random_seed(0)
    model = rrdb_generator((24, 24, 3), blocks=1)
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Conv2D):
            continue
        kernel, bias = layer.get_weights()
        fan_in = np.prod(kernel.shape[:-1])
        dense = ".rdb" in layer.name
        expected = 0.1 * np.sqrt(2 / fan_in) if dense else np.sqrt(1 / 3 / fan_in)
        assert kernel.std() == pytest.approx(expected, rel=0.05), layer.name
        assert dense or np.abs(kernel).max() <= fan_in**-0.5, layer.name
        assert not bias.any()
    kernels = [w.numpy() for w in model.weights if w.shape == (3, 3, 64, 64)]
    assert len(kernels) == 4
    assert all(np.any(kernels[0] != kernel) for kernel in kernels[1:])


def test_no_normalization_and_float32_at_the_end():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = tiny()
    kinds = {type(layer).__name__ for layer in model.layers}
    assert not {kind for kind in kinds if "Normalization" in kind}
    assert model.layers[1].compute_dtype == "bfloat16"
    assert model(np.zeros((1, 4, 4, 3), "float32")).dtype == "float32"


def test_every_weight_learns_and_is_saved(tmp_path):
    keras.utils.set_random_seed(0)
    model = tiny(2)
    x = np.random.default_rng(0).uniform(size=(2, 4, 6, 3)).astype("float32")
    with tf.GradientTape() as tape:
        out = model(x, training=True)
        loss = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert np.any(gradient), weight.path
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(x), model(x))
    copy = keras.Model.from_config(model.get_config())
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]


def test_the_start_has_no_grid():
    """A single colour stays one, where sub-pixel convolutions start with a grid of 4 pixels."""
    grey = np.full((1, 12, 12, 3), 0.5, "float32")

    def spread(model):
        return np.array(model(grey))[0, 16:32, 16:32].std(axis=(0, 1)).max()

    keras.utils.set_random_seed(0)
    assert spread(tiny(side=12)) < 1e-6
    options = {"filters": 4, "blocks": 1, "normalization": "none"}
    assert spread(networks.srresnet_generator((12, 12, 3), **options)) > 1e-2


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"scale": 8}, "scale: expected 1, 2 or 4, got 8"),
        ({"scale": 2, "side": 7}, r"lr_shape: .*multiples of 2 at scale=2, got \(7, 7, 3\)"),
        ({"scale": 1, "side": 6}, "lr_shape: .*multiples of 4 at scale=1"),
        ({"filters": 0}, "filters: .*0"),
        ({"blocks": 0}, "blocks: .*0"),
        ({"growth": 2.0}, "growth: .*2.0"),
        ({"residual_scale": -0.1}, "residual_scale: .*-0.1"),
        ({"output_activation": "relu"}, "output_activation: .*linear, tanh.*'relu'"),
    ],
)
def test_errors(options, match):
    with pytest.raises(InputError, match=match):
        tiny(**options)


def test_bad_shape():
    with pytest.raises(InputError, match=r"lr_shape: .*\(24, 24\)"):
        rrdb_generator((24, 24))


def test_example():
    result = doctest.testmod(importlib.import_module("tfgan_zoo.networks.rrdb"))
    assert result.attempted
    assert not result.failed


def test_images_of_odd_sides_are_enlarged_by_two():
    """The network takes even sides; the model pads by reflection, and crops."""
    discriminator = networks.srgan_discriminator((16, 16, 3), filters=4, dense_units=8)
    model = SRGAN((16, 16, 3), 2, tiny(2), discriminator, content="pixel")
    assert networks.size_multiple(model.generator, 2) == 2
    assert model.tile_multiple("upscale") == 2
    images = np.random.default_rng(0).integers(0, 256, (1, 5, 7, 3), "uint8")
    made = model.upscale(images)
    assert made.shape == (1, 10, 14, 3)
    padded = np.pad(images / 255, ((0, 0), (0, 1), (0, 1), (0, 0)), "symmetric")
    expected = model.generator(padded.astype("float32"))[:, :10, :14]
    np.testing.assert_allclose(made, expected, atol=1e-5)
