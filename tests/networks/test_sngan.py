import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tests.networks.told import (
    assert_projects,
    assert_saved_and_loaded,
    blocks,
    inputs_of,
    not_normalised,
    trainable,
    without_gradient,
)
from tfgan_zoo import losses
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import ConditionalBatchNormalization
from tfgan_zoo.networks import sngan, sngan_discriminator, sngan_generator

SHAPE = (16, 16, 3)


def test_the_papers_cifar_generator():
    model = sngan_generator((32, 32, 3))
    assert model.input_shape == (None, 128)
    assert blocks(model) == [(8, 8, 256), (16, 16, 256), (32, 32, 256)]
    norm, conv = 2 * 256, 9 * 256 * 256
    block = norm + conv + norm + conv + 256 * 256
    dense, image = 128 * 4096 + 4096, 9 * 256 * 3 + 3
    assert trainable(model) == dense + 3 * block + norm + image
    assert len(not_normalised(model)) == 11


def test_the_papers_cifar_discriminator():
    model = sngan_discriminator((32, 32, 3))
    assert blocks(model) == [(16, 16, 128), (8, 8, 128), (8, 8, 128), (8, 8, 128)]
    conv = 9 * 128 * 128 + 128
    first = (9 * 3 * 128 + 128) + conv + (3 * 128 + 128)
    assert trainable(model) == first + 2 * conv + (128 * 128 + 128) + 4 * conv + 128 + 1
    assert not_normalised(model) == []


@pytest.mark.slow
def test_the_authors_cifar_discriminator_ends_without_a_bias(tmp_path):
    """`SNLinear(ch, 1, nobias=True)` in their dis_models/snresnet_32.py; l6 and l7 have one."""
    model = sngan_discriminator((32, 32, 3), 10, filters=8, output_bias=False)
    kept = sngan_discriminator((32, 32, 3), 10, filters=8)
    assert trainable(kept) - trainable(model) == 1
    logits = model.get_layer("logits").layer
    assert (logits.use_bias, logits.bias) == (False, None)
    assert len([w for w in model.trainable_weights if w.name == "bias"]) == 10
    small = sngan_discriminator(SHAPE, 3, filters=4, output_bias=False)
    assert_projects(small)
    assert_saved_and_loaded(small, tmp_path / "d.keras")
    # Files and checkpoints of earlier versions have the bias.
    assert kept.get_layer("logits").layer.use_bias
    kept.save_weights(tmp_path / "earlier.weights.h5")
    with pytest.raises(ValueError, match="logits"):
        model.load_weights(tmp_path / "earlier.weights.h5")


@pytest.mark.parametrize(
    ("side", "up", "down"),
    [
        (16, [1, 1], [(8, 1), (8, 1), (8, 1)]),
        (48, [4, 2, 1], [(24, 1), (12, 2), (6, 4), (3, 8), (3, 16)]),
        slow(128, [16, 8, 4, 2, 1], [(64, 1), (32, 2), (16, 4), (8, 8), (4, 16), (4, 16)]),
    ],
)
def test_sizes(side, up, down):
    """The tables of the paper for 48 and 128 pixels, in units of 64."""
    generator = sngan_generator((side, side, 1), 3, filters=2)
    assert [shape[-1] for shape in blocks(generator)] == [2 * width for width in up]
    start = generator.get_layer("maps").output.shape[1:]
    assert start == {16: (4, 4, 2), 48: (6, 6, 16), 128: (4, 4, 32)}[side]
    assert generator.output_shape == (None, side, side, 1)
    discriminator = sngan_discriminator((side, side, 1), filters=2)
    assert blocks(discriminator) == [(size, size, 2 * width) for size, width in down]


def test_widths_within_blocks():
    """Blocks down widen in their second convolution, the first one, of images, in its first."""
    model = sngan_discriminator((48, 48, 3), filters=2)
    kernels = [
        model.get_layer(f"block_{i}_conv_{j}").kernel.shape[2:] for i in (1, 2) for j in (1, 2)
    ]
    assert kernels == [(3, 2), (2, 2), (2, 2), (2, 4)]


def test_a_generator_is_told_the_class_by_its_normalisation_alone():
    model = sngan_generator(SHAPE, 8, 3, filters=4)
    norms = [x for x in model.layers if isinstance(x, ConditionalBatchNormalization)]
    assert [x.name for x in norms] == [f"block_{i}_norm_{j}" for i in (1, 2) for j in (1, 2)]
    assert {(x.momentum, x.epsilon, x.num_classes) for x in norms} == {(0.9, 1e-5, 3)}
    z = inputs_of(model)[0][:1].repeat(3, axis=0)
    label = np.arange(3)
    before = model([z, label]).numpy()
    np.testing.assert_allclose(before, before[:1].repeat(3, axis=0), atol=1e-6)
    norms[0].gain.embeddings.assign([[0.0] * 4, [0.0] * 4, [1.0] * 4])
    after = model([z, label]).numpy()
    np.testing.assert_array_equal(after[:2], before[:2])
    assert np.abs(after[2] - before[2]).max() > 1e-4
    assert without_gradient(model) == []
    shared = sngan_generator(SHAPE, 8, 3, filters=4, synchronized_bn=True)
    assert all(x.normalization.synchronized for x in shared.layers if x.name.endswith("norm_1"))


@pytest.mark.parametrize("packing", [1, 2])
def test_projection(packing):
    model = sngan_discriminator((16, 16, 3 * packing), 3, packing, filters=4)
    assert_projects(model, packing)
    assert not_normalised(model) == []
    if packing == 1:
        assert without_gradient(model) == []


@pytest.mark.parametrize("jit", [False, slow(True)])
def test_gradient_penalty(jit):
    """Its gradient is orthogonal to each kernel, and that of the last layers a difference quotient.

    A quotient in other weights would cross the kinks of ReLU, where the penalty jumps.
    """
    model = sngan_discriminator(SHAPE, 3, filters=4)
    x, label = map(tf.constant, inputs_of(model))
    kernels = [w for w in model.trainable_weights if w.name != "bias"]

    def penalty():
        return losses.r1_penalty(lambda z: model([z, label], training=True), x)

    @tf.function(jit_compile=jit, autograph=False)
    def gradients():
        weights = [w.value for w in kernels]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            value = penalty()
        return tape.gradient(value, weights)

    by_path = {w.path: np.array(g) for w, g in zip(kernels, gradients(), strict=True)}
    for weight in kernels:
        gradient, value = by_path[weight.path], np.array(weight)
        length = np.linalg.norm(gradient) * np.linalg.norm(value)
        assert length > 1e-3, weight.path
        assert abs(np.sum(gradient * value)) < 1e-4 * length, weight.path
    for name in ("logits", "class_embedding"):
        kernel = model.get_layer(name).kernel
        start, sides = np.array(kernel), []
        direction = np.random.default_rng(0).normal(size=start.shape)
        for step in (-1e-2, 1e-2):
            kernel.assign(start + step * direction)
            sides.append(float(penalty()))
        kernel.assign(start)
        slope = np.sum(by_path[kernel.path] * direction)
        assert slope == pytest.approx((sides[1] - sides[0]) / 2e-2, rel=0.02), name


def test_initial_kernels():
    model = sngan_discriminator((32, 32, 3))
    for name, variance in (("block_3_conv_1", 4 / (2 * 9 * 128)), ("block_2_shortcut", 2 / 256)):
        assert np.var(model.get_layer(name).kernel) == pytest.approx(variance, rel=0.03)


def test_without_classes_there_is_one_input():
    for make, arguments in ((sngan_generator, (SHAPE, 8)), (sngan_discriminator, (SHAPE,))):
        model = make(*arguments, filters=4)
        assert len(model.inputs) == 1
        assert without_gradient(model) == []


@pytest.mark.parametrize("told", [3, slow(None)])
def test_saved_and_loaded(told, tmp_path):
    assert_saved_and_loaded(sngan_generator(SHAPE, 8, told, filters=4), tmp_path / "g.keras")
    if told is None:
        assert_saved_and_loaded(sngan_discriminator(SHAPE, filters=4), tmp_path / "d.keras")


def test_mixed_precision_ends_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        made = [sngan_generator(SHAPE, 8, 3, filters=4), sngan_discriminator(SHAPE, 3, filters=4)]
    finally:
        keras.config.set_dtype_policy("float32")
    for model in made:
        assert model(inputs_of(model), training=True).dtype == "float32"
        assert model.get_layer("block_1_conv_1").output.dtype == "bfloat16"


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: sngan_generator((36, 36, 3)), r"image_shape: .*\(36, 36, 3\)"),
        (lambda: sngan_generator(SHAPE, 0), "latent_dim: .*0"),
        (lambda: sngan_generator(SHAPE, 8, 1), "num_classes: .*1"),
        (lambda: sngan_discriminator(SHAPE, filters=-1), "filters: .*-1"),
        (lambda: sngan_discriminator(SHAPE, 1.5), "num_classes: .*1.5"),
    ],
)
def test_errors(make, match):
    with pytest.raises(InputError, match=match):
        make()


def test_examples():
    assert doctest.testmod(sngan).failed == 0
