import doctest
import functools

import keras
import numpy as np
import pytest

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
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.layers import ConditionalBatchNormalization
from tfgan_zoo.networks import biggan, biggan_discriminator, biggan_generator

SHAPE = (16, 16, 3)
CIFAR, IMAGENET = (32, 32, 3), (128, 128, 3)

#: Published networks: (arguments of the generator, of the discriminator, and parameters of each).
PUBLISHED = {
    "authors_cifar": (
        ((CIFAR, 128, 10), {"filters": 64, "embedding_dim": None, "hierarchical": False}),
        ((CIFAR, 10), {"filters": 64}),
        (4_304_387, 4_207_361),
    ),
    "studiogan_cifar": (
        ((CIFAR, 80, 10), {"attention": 16}),
        ((CIFAR, 10), {"widths": (2, 2, 2, 2), "attention": 16}),
        (9_416_196, 2_415_170),
    ),
    "quick": (
        ((CIFAR, 32, 48), {"filters": 16, "embedding_dim": 32}),
        ((CIFAR, 48), {"filters": 16, "widths": (2, 2, 2, 2)}),
        (277_379, 68_385),
    ),
    "paper_imagenet": (
        ((IMAGENET, 120, 1000), {}),
        ((IMAGENET, 1000), {}),
        (70_433_988, 87_982_370),
    ),
}


@pytest.mark.parametrize("name", ["quick", *map(slow, list(PUBLISHED.keys() - {"quick"}))])
def test_parameters(name):
    (g, g_options), (d, d_options), expected = PUBLISHED[name]
    generator = biggan_generator(*g, **g_options, initializer="normal")
    assert trainable(generator) == expected[0]
    del generator
    assert trainable(biggan_discriminator(*d, **d_options, initializer="normal")) == expected[1]


@functools.cache
def generator(told=3, latent_dim=9, **options):
    """Returns a network that tests share and must not change."""
    options = {"filters": 2, "embedding_dim": 5, "initializer": "normal", **options}
    return biggan_generator(SHAPE, latent_dim, told, **options)


@functools.cache
def discriminator(told=3, packing=1, **options):
    shape = (16, 16, 3 * packing)
    return biggan_discriminator(shape, told, packing, **{"filters": 2, **options})


@pytest.mark.parametrize(
    ("side", "up", "down"),
    [
        (32, [(8, 4), (16, 4), (32, 4)], [(16, 4), (8, 4), (8, 4), (8, 4)]),
        slow(
            64,
            [(8, 16), (16, 8), (32, 4), (64, 2)],
            [(32, 1), (16, 2), (8, 4), (4, 8), (4, 16)],
        ),
        # Attention follows the block that returns maps of 64 pixels.
        slow(
            128,
            [(8, 16), (16, 8), (32, 4), (64, 2), (64, 2), (128, 1)],
            [(64, 1), (64, 1), (32, 2), (16, 4), (8, 8), (4, 16), (4, 16)],
        ),
    ],
)
def test_sizes(side, up, down):
    options = {"filters": 8, "initializer": "normal"}
    made = biggan_generator((side, side, 1), 60, **options)
    assert blocks(made) == [(size, size, 8 * width) for size, width in up]
    assert made.output_shape == (None, side, side, 1)
    made = biggan_discriminator((side, side, 1), **options)
    assert blocks(made) == [(size, size, 8 * width) for size, width in down]


def test_each_block_is_told_its_own_part_of_the_noise():
    """The first part makes the first maps; the others reach the block of their number."""
    model = generator(initializer="orthogonal", filters=4)
    z, label = inputs_of(model)
    z, label = z[:1], label[:1]
    outputs = [model.get_layer(name).output for name in ("maps", "block_1_add", "block_2_add")]
    inner = keras.Model(model.inputs, outputs)
    before = inner([z, label])
    for part, changes in enumerate([(True, True, True), (False, True, True), (False, False, True)]):
        other = z.copy()
        other[:, 3 * part : 3 * part + 3] += 1
        after = inner([other, label])
        assert tuple(bool(np.any(a != b)) for a, b in zip(before, after, strict=True)) == changes
    # The class reaches every block, and the first maps only by way of none.
    after = inner([z, (label + 1) % 3])
    assert [bool(np.any(a != b)) for a, b in zip(before, after, strict=True)] == [False, True, True]


def test_all_layers_but_the_shared_embedding_are_normalised():
    assert not_normalised(generator(attention=8)) == ["class_embedding"]
    tables = not_normalised(generator(embedding_dim=None, hierarchical=False))
    assert sorted(tables) == ["bias"] * 4 + ["gain"] * 4
    assert not_normalised(discriminator(attention=8)) == []
    norms = [x for x in layers_of(generator()) if isinstance(x, keras.layers.BatchNormalization)]
    assert {(x.momentum, x.epsilon) for x in norms} == {(0.9, 1e-4)}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"told": None},
        {"embedding_dim": None, "hierarchical": False},
        slow({"hierarchical": False, "synchronized_bn": True}),
        slow({"told": None, "hierarchical": False}),
    ],
)
def test_ways_to_tell_a_generator(options):
    model = generator(**options)
    told, hierarchical = options.get("told", 3), options.get("hierarchical", True)
    assert len(model.inputs) == (1 if told is None else 2)
    (z, *_), norm = model.inputs, model.get_layer("block_1_norm_1")
    assert z.shape == (None, 9)
    assert isinstance(norm, ConditionalBatchNormalization) == (hierarchical or told is not None)
    x = inputs_of(model)
    assert model(x).shape == (3, *SHAPE)
    assert np.abs(model(x)).max() <= 1
    lost = [path for path in without_gradient(model) if not path.endswith("bias")]
    assert lost == []
    if options.get("synchronized_bn"):
        assert norm.normalization.synchronized
        assert model.get_layer("output_norm").synchronized


@pytest.mark.parametrize("packing", [1, 2])
def test_projection(packing):
    assert_projects(discriminator(packing=packing), packing)
    if packing == 1:
        assert without_gradient(discriminator()) == []
        assert len(discriminator(told=None).inputs) == 1


def test_initial_kernels():
    kernel = np.array(discriminator(filters=4).get_layer("block_2_conv_1").kernel)
    matrix = kernel.reshape(-1, kernel.shape[-1])
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(16), atol=1e-5)
    kernel = discriminator(filters=16, initializer="normal").get_layer("block_2_conv_1").kernel
    assert np.std(kernel) == pytest.approx(0.02, rel=0.03)


@pytest.mark.parametrize("make", [discriminator, slow(generator)])
def test_saved_and_loaded(make, tmp_path):
    assert_saved_and_loaded(make(attention=8), tmp_path / "network.keras")


@pytest.mark.slow
def test_mixed_precision_ends_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        made = [generator(filters=3, attention=8), discriminator(filters=3, attention=8)]
    finally:
        keras.config.set_dtype_policy("float32")
    for model in made:
        assert model(inputs_of(model), training=True).dtype == "float32"
        assert model.get_layer("block_1_conv_1").output.dtype == "bfloat16"
        assert {w.dtype for w in model.trainable_weights} == {"float32"}


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: biggan_generator((36, 36, 3)), r"image_shape: .*\(36, 36, 3\)"),
        (lambda: generator(latent_dim=8), "latent_dim: .*multiple of 3, .*got 8; give 6 or 9,"),
        (lambda: generator(embedding_dim=None), "embedding_dim: .*with hierarchical=True"),
        (lambda: generator(attention=32), "attention: .*one of 8, 16, or None or 'auto', got 32"),
        (lambda: generator(initializer="zeros"), "initializer: .*orthogonal, normal, got 'zeros'"),
        (lambda: generator(widths=(4, 4)), r"widths: expected 3 integers .*got \(4, 4\)"),
        (lambda: discriminator(widths=(4, 0, 4)), "widths: expected 3 integers"),
        (lambda: discriminator(filters=0), "filters: .*0"),
        (lambda: biggan_generator((512, 512, 3), 128), "widths: expected 8 integers .*got None"),
    ],
)
def test_errors(make, match):
    with pytest.raises(InputError, match=match):
        make()


def test_listed():
    for name in ("biggan", "sngan"):
        for part in ("generator", "discriminator"):
            function = networks.NETWORKS[f"{name}_{part}"]
            assert function is getattr(networks, f"{name}_{part}")


def test_examples():
    assert doctest.testmod(biggan).failed == 0
