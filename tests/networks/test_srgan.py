"""SRResNet and SRGAN's discriminator."""

import doctest
import importlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow_except
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ICNR, PixelShuffle
from tfgan_zoo.networks import NETWORKS

GENERATORS = {
    "g": {},
    "g_plain": {"normalization": "none"},
    "g_tanh": {"output_activation": "tanh"},
    "g_icnr": {"icnr": True, "scale": 2},
    "g_8": {"scale": 8, "blocks": 1},
    "g_resize": {"upsampling": "resize", "scale": 2},
}
DISCRIMINATORS = {
    "d": {},
    "d_layer": {"normalization": "layer"},
    "d_plain": {"normalization": "none"},
}
SMALL = np.random.default_rng(0).uniform(size=(3, 7, 6, 2)).astype("float32")
LARGE = np.random.default_rng(0).normal(size=(4, 32, 48, 2)).astype("float32")


def generator(lr_shape=(6, 6, 2), **options):
    return NETWORKS["srresnet_generator"](lr_shape, **{"filters": 4, "blocks": 2, **options})


def discriminator(hr_shape=(32, 48, 2), **options):
    return NETWORKS["srgan_discriminator"](hr_shape, **{"filters": 3, "dense_units": 5, **options})


def build(case, **more):
    if case in GENERATORS:
        return generator(**GENERATORS[case], **more), SMALL
    return discriminator(**DISCRIMINATORS[case], **more), LARGE


CASES = [*GENERATORS, *DISCRIMINATORS]
EVERY = pytest.mark.parametrize("case", slow_except(("g", "g_icnr", "d"), CASES))


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def kinds(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.slow
def test_the_papers_generator():
    ends = (9 * 9 * 3 * 64 + 64) + 64 + (9 * 9 * 64 * 3 + 3)  # k9n64, its PReLU; k9n3
    conv, norm, slopes = 3 * 3 * 64 * 64, 2 * 64, 64
    block = 2 * (conv + norm) + slopes
    up = (3 * 3 * 64 * 256 + 256) + 64  # k3n256, PReLU
    model = NETWORKS["srresnet_generator"]((24, 24, 3))
    assert trainable(model) == ends + 16 * block + (conv + norm) + 2 * up == 1_548_547
    # Biases instead of scales and offsets.
    plain = NETWORKS["srresnet_generator"]((24, 24, 3), normalization="none")
    assert trainable(plain) == 1_548_547 - 33 * 64
    for scale, ups in ((2, 1), (8, 3)):
        other = NETWORKS["srresnet_generator"]((24, 24, 3), scale=scale)
        assert trainable(other) == 1_548_547 + (ups - 2) * up
    convolutions = kinds(model, keras.layers.Conv2D)
    assert [(x.filters, x.kernel_size[0]) for x in convolutions] == (
        [(64, 9)] + 33 * [(64, 3)] + 2 * [(256, 3)] + [(3, 9)]
    )
    for layer in convolutions:
        fan_in = np.prod(layer.kernel.shape[:-1])
        assert np.std(layer.kernel.numpy()) == pytest.approx(np.sqrt(2 / fan_in), rel=0.03)
    # One PReLU after the input, within each block, and after each shuffle.
    activations = kinds(model, keras.layers.PReLU)
    assert len(activations) == 1 + 16 + 2
    for layer in activations:
        assert layer.alpha.shape == (1, 1, 64)
        np.testing.assert_array_equal(layer.alpha, np.full((1, 1, 64), 0.25))
    assert len(kinds(model, keras.layers.Add)) == 17
    assert [x.factor for x in kinds(model, PixelShuffle)] == [2, 2]


def test_the_papers_discriminator():
    model = NETWORKS["srgan_discriminator"]((96, 96, 3))
    pairs = [(64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    kernels = sum(3 * 3 * a * b for a, b in pairs)
    norms = 2 * sum(b for _, b in pairs)
    dense = (6 * 6 * 512 * 1024 + 1024) + (1024 + 1)
    assert trainable(model) == (3 * 3 * 3 * 64 + 64) + kernels + norms + dense == 23_563_649
    convolutions = kinds(model, keras.layers.Conv2D)
    assert [(x.filters, x.strides[0], x.output.shape[1]) for x in convolutions] == [
        (64, 1, 96),
        (64, 2, 48),
        (128, 1, 48),
        (128, 2, 24),
        (256, 1, 24),
        (256, 2, 12),
        (512, 1, 12),
        (512, 2, 6),
    ]
    slopes = [x.negative_slope for x in kinds(model, keras.layers.LeakyReLU)]
    assert slopes == [pytest.approx(0.2)] * 9
    norms = kinds(model, keras.layers.BatchNormalization)
    assert [x.name for x in norms] == [f"norm_{i}" for i in range(2, 9)]


def test_normalizations_of_the_discriminator():
    widths = [3, 3, 6, 6, 12, 12, 24, 24]
    kernels = 9 * sum(a * b for a, b in zip([2, *widths[:-1]], widths, strict=True))
    dense = (2 * 3 * 24 * 5 + 5) + (5 + 1)
    rest = sum(widths[1:])
    for normalization, more in (("batch", 2 * rest), ("layer", 3 * rest), ("none", rest)):
        model = discriminator(normalization=normalization)
        assert trainable(model) == kernels + 3 + more + dense


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_any_size_becomes_exactly_scale_times_larger(scale):
    model = generator(scale=scale, blocks=1)
    assert model.input_shape == (None, None, None, 2)
    for height, width in ((1, 1), (5, 3), (6, 7)):
        out = model(np.zeros((1, height, width, 2), "float32"))
        assert out.shape == (1, scale * height, scale * width, 2)
        assert model.compute_output_shape((1, height, width, 2)) == out.shape


@EVERY
def test_output(case):
    model, x = build(case)
    out = model(x)
    if case in GENERATORS:
        assert model.name == "generator"
        # A linear output exceeds the range with initial weights.
        assert (np.max(np.abs(out)) <= 1) == (case == "g_tanh")
    else:
        assert model.name == "discriminator"
        assert out.shape == (4, 1)
    names = [layer.name for layer in model.layers]
    assert len(set(names)) == len(names)
    assert build(case, name="other")[0].name == "other"


@EVERY
def test_save_and_load(case, tmp_path):
    model, x = build(case)
    model(x, training=True)  # Changes the initial moving statistics.
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(x, training=True), model(x, training=True))
    np.testing.assert_array_equal(loaded(x, training=False), model(x, training=False))
    copy = keras.Model.from_config(model.get_config())
    for other in (loaded, copy):
        assert json.loads(other.to_json()) == json.loads(model.to_json())


@EVERY
def test_mixed_precision_ends_in_float32(case):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model, x = build(case)
    out = model(x, training=True)
    assert out.dtype == "float32"
    # Numbers with more digits than bfloat16 has.
    assert np.any(np.array(out) != np.array(tf.cast(tf.cast(out, "bfloat16"), "float32")))
    assert model.layers[1].compute_dtype == "bfloat16"
    assert {w.dtype for w in model.trainable_weights} == {"float32"}


@EVERY
def test_every_weight_learns(case):
    keras.utils.set_random_seed(0)
    model, x = build(case)
    with tf.GradientTape() as tape:
        out = model(x, training=True)
        loss = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        # More than rounding errors, unlike for a bias that normalisation cancels.
        assert np.max(np.abs(gradient)) > 1e-3, weight.path


def test_batch_normalization_at_inference_uses_moving_averages():
    for synchronized in (False, True):
        for model in (
            generator(synchronized_bn=synchronized),
            discriminator(synchronized_bn=synchronized),
        ):
            norms = kinds(model, keras.layers.BatchNormalization)
            assert len(norms) == (5 if model.name == "generator" else 7)
            for norm in norms:
                assert (norm.momentum, norm.epsilon) == (0.9, 1e-5)
                assert norm.synchronized is synchronized
    model = generator()
    before = np.array(model(SMALL))
    model(SMALL, training=True)
    after = np.array(model(SMALL))
    assert np.max(np.abs(after - before)) > 1e-3
    np.testing.assert_allclose(model(SMALL[:1]), after[:1], atol=1e-5)


def test_deep_sums_do_not_explode_without_normalization():
    x = np.random.default_rng(0).uniform(size=(1, 12, 12, 3)).astype("float32")
    for blocks in (1, 16):
        model = generator((12, 12, 3), filters=32, blocks=blocks, normalization="none")
        before = keras.Model(model.input, model.get_layer("input_prelu").output)(x)
        after = keras.Model(model.input, model.get_layer(f"block_{blocks}_add").output)(x)
        assert np.std(after) / np.std(before) == pytest.approx(1, abs=0.5)


def test_icnr_starts_without_checkerboard():
    keras.utils.set_random_seed(0)
    for icnr in (False, True):
        model = generator(icnr=icnr)
        assert [
            isinstance(model.get_layer(f"up_{i}").kernel_initializer, ICNR) for i in (1, 2)
        ] == [icnr] * 2
        maps = np.array(keras.Model(model.input, model.get_layer("up_1_prelu").output)(SMALL))
        assert np.allclose(maps[:, ::2, ::2], maps[:, 1::2, 1::2], atol=1e-5) == icnr


def test_resizing_repeats_pixels_before_its_convolution():
    model = generator(upsampling="resize", normalization="none")
    before, after = model.get_layer("trunk_add").output, model.get_layer("up_1_resize").output
    maps, resized = map(np.array, keras.Model(model.input, [before, after])(SMALL))
    np.testing.assert_array_equal(resized, maps.repeat(2, axis=1).repeat(2, axis=2))
    # As many multiplications: a quarter of the maps at four times as many places.
    assert model.get_layer("up_1").kernel.shape == (3, 3, 4, 4)


@pytest.mark.parametrize("case", ["d_layer", "d_plain"])
def test_critics_can_have_a_gradient_penalty(case):
    keras.utils.set_random_seed(0)
    model, x = build(case)
    x = tf.constant(x)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            out = model(x, training=True)
        slope = tf.reduce_sum(inner.gradient(out, x) ** 2)
    for gradient in outer.gradient(slope, [w.value for w in model.weights if w.name == "kernel"]):
        assert np.all(np.isfinite(gradient))
        assert np.max(np.abs(gradient)) > 0
    np.testing.assert_allclose(model(x)[:1], model(x[:1]), atol=1e-4)


@pytest.mark.parametrize(
    ("function", "arguments", "match"),
    [
        (generator, {"lr_shape": (24, 24)}, r"lr_shape: .*\(24, 24\)"),
        (generator, {"lr_shape": (24, 0, 3)}, r"lr_shape: .*\(24, 0, 3\)"),
        (generator, {"lr_shape": 24}, "lr_shape: .*24"),
        (generator, {"scale": 3}, "scale: expected 2, 4 or 8, got 3"),
        (generator, {"scale": "4"}, "scale: .*'4'"),
        (generator, {"filters": 0}, "filters: .*0"),
        (generator, {"blocks": 0}, "blocks: .*0"),
        (generator, {"normalization": "layer"}, "normalization: .*'layer'"),
        (generator, {"output_activation": "relu"}, "output_activation: .*linear, tanh.*'relu'"),
        (generator, {"upsampling": "nearest"}, "upsampling: .*shuffle, resize.*'nearest'"),
        (generator, {"upsampling": "resize", "icnr": True}, "icnr: expected False .*got True"),
        (discriminator, {"hr_shape": (96, 96)}, r"hr_shape: .*\(96, 96\)"),
        (discriminator, {"hr_shape": (96, 88, 3)}, r"hr_shape: .*multiples of 16.*\(96, 88, 3\)"),
        (discriminator, {"filters": 0}, "filters: .*0"),
        (discriminator, {"dense_units": 0}, "dense_units: .*0"),
        (discriminator, {"normalization": "instance"}, "normalization: .*'instance'"),
    ],
)
def test_errors(function, arguments, match):
    with pytest.raises(InputError, match=match):
        function(**arguments)


@pytest.mark.parametrize("name", ["srgan_discriminator", "srresnet"])
def test_examples(name):
    # `networks.srgan_discriminator` is the function.
    result = doctest.testmod(importlib.import_module(f"tfgan_zoo.networks.{name}"))
    assert result.attempted
    assert not result.failed
