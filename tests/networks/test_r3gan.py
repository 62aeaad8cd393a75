import doctest
import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.networks.told import assert_saved_and_loaded, inputs_of
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import GroupedConv2D, spatial_basis
from tfgan_zoo.networks import r3gan, r3gan_discriminator, r3gan_generator

SMALL = {"widths": (16, 8), "blocks": 1, "patch_size": 2}


def generator(num_classes=None, **options):
    return r3gan_generator((16, 16, 3), 4, num_classes, **{**SMALL, "embedding_dim": 5, **options})


def discriminator(num_classes=None, packing=1, **options):
    shape = (16, 16, 3 * packing)
    return r3gan_discriminator(shape, num_classes, packing, **{**SMALL, **options})


def randomize(network, seed=0):
    """Gives weights that start at 0 other values."""
    random = np.random.default_rng(seed)
    for weight in network.trainable_weights:
        if not np.any(weight.numpy()):
            weight.assign(0.3 * random.normal(size=weight.shape))


def counted(widths, groups, ends):
    """Weights of two blocks for each width, and of 1x1 convolutions between different widths."""
    blocks = sum(
        2 * (4 * w * w + 4 * w + 9 * (2 * w // g) * 2 * w)
        for w, g in zip(widths, groups, strict=True)
    )
    between = sum(a * b for a, b in itertools.pairwise(widths) if a != b)
    return blocks + between + 16 * widths[0] + 3 * widths[-1] + ends


# The parameters of the authors' networks, without building them: 20.78M and 21.28M for CIFAR-10.
PUBLISHED = {
    "cifar10": ((768,) * 4, (96,) * 4, 10, 20_781_952, 21_280_512),
    "ffhq64": ((768,) * 4 + (384,), (96,) * 4 + (48,), None, 22_429_824, 22_381_440),
    "ffhq256": (
        (768,) * 4 + (384, 192, 96),
        (96,) * 4 + (48, 24, 12),
        None,
        23_057_952,
        23_009_568,
    ),
    "imagenet32": ((1536,) * 4, (96,) * 4, 1000, 82_914_304, 86_548_992),
    "imagenet64": ((1536,) * 5, (96,) * 5, 1000, 103_570_432, 107_205_120),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_numbers_of_parameters(name):
    widths, groups, classes, of_generator, of_discriminator = PUBLISHED[name]
    told = 64 * widths[0] + 64 * classes if classes else 0
    assert counted(widths, groups, 64 * widths[0] + told) == of_generator
    told = widths[0] ** 2 + widths[0] * classes if classes else widths[0]
    assert counted(widths, groups, told) == of_discriminator


def test_parameters_of_built_networks():
    """The formula that gives the published numbers holds for networks of their structure."""
    widths, groups = (32, 32, 16), (4, 4, 2)
    ends = (64 + 64) * 32 + 64 * 10
    shape, options = (16, 16, 3), {"widths": widths}
    assert r3gan_generator(shape, 64, 10, **options).count_params() == counted(widths, groups, ends)
    ends = 32 * 32 + 32 * 10
    built = r3gan_discriminator(shape, 10, **options)
    assert built.count_params() == counted(widths, groups, ends)
    assert r3gan_discriminator(shape, **options).count_params() == counted(widths, groups, 32)


@pytest.mark.slow
def test_parameters_of_the_authors_networks():
    for name in ("cifar10", "ffhq256"):
        _, _, classes, of_generator, of_discriminator = PUBLISHED[name]
        side = 256 if "256" in name else 32
        assert r3gan_generator((side, side, 3), 64, classes).count_params() == of_generator
        assert r3gan_discriminator((side, side, 3), classes).count_params() == of_discriminator


def test_sizes_of_maps():
    def maps(network):
        return [x.output.shape[1:] for x in network.layers if x.name.endswith("_add")]

    full = {"widths": (16, 16, 8), "blocks": (2, 1, 1), "patch_size": 1}
    sizes = [(4, 4, 16), (4, 4, 16), (8, 8, 16), (16, 16, 8)]
    assert maps(generator(**full)) == sizes
    assert maps(discriminator(**full)) == sizes[::-1]
    assert maps(generator()) == [(4, 4, 16), (8, 8, 8)]
    assert maps(discriminator()) == [(8, 8, 8), (4, 4, 16)]
    wide = r3gan_generator((16, 24, 1), 4, widths=8, blocks=1, patch_size=2)
    assert maps(wide) == [(4, 6, 8), (8, 12, 8)]


def test_a_block_by_hand():
    network = generator()
    randomize(network)
    block = "block_4_1_"
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 16)).astype("float32")
    weights = {f"{i}": network.get_layer(f"{block}conv_{i}").get_weights() for i in (1, 2, 3)}

    def act(y, bias):
        y = y + bias
        return np.where(y > 0, y, 0.2 * y)

    y = act(x @ weights["1"][0][0, 0], weights["1"][1])
    kernel, bias = weights["2"]
    padded = np.pad(y, ((0, 0), (1, 1), (1, 1), (0, 0)))
    groups = network.get_layer(f"{block}conv_2").groups
    assert groups == 2  # of 16 channels each
    out = np.zeros_like(y)
    for g in range(groups):
        own = slice(16 * g, 16 * g + 16)
        for i in range(3):
            for j in range(3):
                out[..., own] += padded[:, i : i + 4, j : j + 4, own] @ kernel[i, j, :, own]
    expected = x + act(out, bias) @ weights["3"][0][0, 0]
    inner = keras.Model(network.get_layer("basis").output, network.get_layer(f"{block}add").output)
    np.testing.assert_allclose(inner(x), expected, rtol=1e-4, atol=1e-5)


def test_initial_weights():
    keras.utils.set_random_seed(0)
    network = r3gan_generator((16, 16, 3), 64, 10, widths=64)
    k = math.sqrt(2 / 1.04) * 6 ** (-1 / 4)  # three sizes with two blocks
    deviations = {
        "project": 1 / math.sqrt(128),
        "class_embedding": 1 / math.sqrt(10),
        "basis": 1.0,
        "block_8_2_conv_1": k / math.sqrt(64),
        "block_8_2_conv_2": k / math.sqrt(9 * 16),
        "output": 1 / math.sqrt(64),
    }
    for name, deviation in deviations.items():
        kernel, *biases = network.get_layer(name).get_weights()
        assert kernel.std() == pytest.approx(deviation, rel=0.15), name
        assert not any(np.any(bias) for bias in biases)
    for layer in network.layers:
        if layer.name.endswith("conv_3"):
            assert not np.any(layer.get_weights()[0])
            assert not layer.use_bias
    convolutions = [x for x in network.layers if isinstance(x, GroupedConv2D)]
    assert len(convolutions) == 6
    critic = r3gan_discriminator((16, 16, 3), 10, widths=64)
    kernel = critic.get_layer("class_embedding").get_weights()[0]
    assert kernel.std() == pytest.approx(1 / math.sqrt(10 * 64), rel=0.15)
    assert critic.get_layer("basis").get_weights()[0].std() == pytest.approx(0.25, rel=0.15)


def test_the_generator_has_no_tanh():
    network = generator()
    randomize(network)
    z = inputs_of(network)
    network.get_layer("output").kernel.assign(100 * network.get_layer("output").kernel)
    assert np.max(np.abs(network(z))) > 2


@pytest.mark.parametrize("packing", [1, 2])
def test_the_logit_is_a_dot_product_with_the_class(packing):
    network = discriminator(3, packing)
    randomize(network)
    x, label = inputs_of(network)
    features = keras.Model(network.inputs, network.get_layer("features").output)([x, label])
    expected = 0.0
    for i in range(packing):
        table = network.get_layer("class_embedding" if packing == 1 else f"class_embedding_{i + 1}")
        rows = np.array(table.embeddings)[label if packing == 1 else label[:, i]]
        expected = expected + (rows * np.array(features)).sum(1)
    out = network([x, label])
    assert out.shape == (3, 1)
    np.testing.assert_allclose(out[:, 0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("network", [lambda: generator(3), lambda: discriminator(3, 2)])
def test_saved_loaded_and_every_weight_learns(network, tmp_path):
    network = network()
    randomize(network)
    assert_saved_and_loaded(network, tmp_path / "m.keras")
    x = inputs_of(network, batch=12)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(network(x, training=True)))
    for weight, gradient in zip(
        network.trainable_weights,
        tape.gradient(loss, [w.value for w in network.trainable_weights]),
        strict=True,
    ):
        assert gradient is not None, weight.path
        assert np.max(np.abs(gradient)) > 1e-6, weight.path


def test_half_precision_ends_in_float32():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        networks = generator(3), discriminator(3)
    finally:
        keras.config.set_dtype_policy(policy)
    for network in networks:
        assert network(inputs_of(network), training=True).dtype == "float32"
        assert network.get_layer("block_4_1_conv_2").compute_dtype == "bfloat16"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (8, 8, 8)}, r"widths: expected .* 2 of them, for maps of 4, 8 pixels"),
        ({"widths": 0}, "widths: expected an integer of at least 1"),
        ({"blocks": "2"}, "blocks: expected an integer"),
        ({"groups": 3}, "groups: expected numbers that divide 32, 2 times the width, got 3"),
        ({"patch_size": 3}, "patch_size: expected a power of two up to 4 .* got 3"),
        ({"patch_size": 8}, "patch_size: expected a power of two up to 4 .* got 8"),
    ],
)
@pytest.mark.parametrize("build", [generator, discriminator])
def test_bad_arguments(build, options, message):
    with pytest.raises(InputError, match=message):
        build(**options)


def test_examples():
    for module, count in ((r3gan, 2), (spatial_basis, 2)):
        result = doctest.testmod(module, extraglobs={"np": np})
        assert result.attempted == count
        assert not result.failed
