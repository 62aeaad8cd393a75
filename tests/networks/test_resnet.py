import keras
import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import resnet_discriminator, resnet_generator


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def test_the_papers_cifar_generator():
    model = resnet_generator((32, 32, 3))
    assert model.input_shape == (None, 128)
    assert model.output_shape == (None, 32, 32, 3)
    norm = 2 * 128  # scale and offset
    up_block = norm + 9 * 128 * 128 + norm + 9 * 128 * 128 + 128 * 128  # two 3x3 and a 1x1
    assert trainable(model) == (
        (128 * 4 * 4 * 128 + 4 * 4 * 128)  # project
        + 3 * up_block  # 4 -> 8 -> 16 -> 32
        + norm
        + (9 * 128 * 3 + 3)  # image
    )


def test_the_papers_cifar_critic():
    model = resnet_discriminator((32, 32, 3))
    assert model.output_shape == (None, 1)
    conv = 9 * 128 * 128 + 128
    assert trainable(model) == (
        (9 * 3 * 128 + 128) + conv + (3 * 128 + 128)  # 32 -> 16, from pixels, 1x1 shortcut
        + conv + conv + (128 * 128 + 128)  # 16 -> 8, 1x1 shortcut
        + 2 * (conv + conv)  # 8 and 8, identity shortcuts
        + (128 + 1)  # logit
    )  # fmt: skip
    # No activation before the first convolution and shortcut, which see the pixels.
    assert model.get_layer("block_1_conv_1").input is model.inputs[0]
    assert model.get_layer("block_1_shortcut_pool").input is model.inputs[0]


def test_layer_normalization_adds_a_scale_and_an_offset_per_channel():
    plain, normalized = (
        trainable(resnet_discriminator((32, 32, 3), filters=4, normalization=kind))
        for kind in ("none", "layer")
    )
    assert normalized - plain == 3 * 2 * 2 * 4  # two in each block but the first


@pytest.mark.parametrize("side", [16, 32, 64, 128])
def test_sizes(side):
    generator = resnet_generator((side, side, 1), 3, filters=2)
    assert generator.get_layer("maps").output.shape[1:] == (4, 4, 2)
    assert generator.output_shape == (None, side, side, 1)
    critic = resnet_discriminator((side, side, 1), filters=2)
    adds = [x.output.shape[1] for x in critic.layers if isinstance(x, keras.layers.Add)]
    assert (
        adds
        == {
            16: [8, 8, 8],
            32: [16, 8, 8, 8],
            64: [32, 16, 8, 8, 8],
            128: [64, 32, 16, 8, 8, 8],
        }[side]
    )


def test_initializers_are_the_authors():
    model = resnet_discriminator((32, 32, 3))
    # Variance 4 / (fan in + fan out) for 3x3, 2 / (fan in + fan out) for the shortcuts.
    for name, variance in (
        ("block_3_conv_1", 4 / (9 * 128 + 9 * 128)),
        ("block_2_shortcut", 2 / (128 + 128)),
    ):
        kernel = model.get_layer(name).kernel.numpy()
        assert np.var(kernel) == pytest.approx(variance, rel=0.03)
        assert np.max(np.abs(kernel)) <= np.sqrt(3 * variance) + 1e-6


def test_shortcuts_equal_the_authors_order():
    """The authors convolve before pooling, and upsample before convolving."""
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 4)).astype("float32")
    pool, up = keras.layers.AveragePooling2D(2), keras.layers.UpSampling2D(2)
    conv = resnet_discriminator((32, 32, 3), filters=4).get_layer("block_2_shortcut")
    np.testing.assert_allclose(conv(pool(x)), pool(conv(x)), atol=1e-5)
    conv = resnet_generator((16, 16, 3), filters=4).get_layer("block_1_shortcut")
    np.testing.assert_allclose(up(conv(x)), conv(up(x)), atol=1e-5)


@pytest.mark.parametrize("build", [resnet_generator, resnet_discriminator])
@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"image_shape": (36, 36, 3)}, r"image_shape: .*\(36, 36, 3\)"),
        ({"image_shape": (16, 16, 3), "filters": -1}, "filters: .*-1"),
        ({"image_shape": (16, 16, 3), "normalization": "group"}, "normalization: .*'group'"),
    ],
)
def test_errors(build, arguments, match):
    with pytest.raises(InputError, match=match):
        build(**arguments)


def test_critic_refuses_batch_normalization():
    with pytest.raises(InputError, match=r"normalization: .*none, layer.*'batch'"):
        resnet_discriminator((16, 16, 3), normalization="batch")
