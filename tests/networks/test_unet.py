import keras
import numpy as np
import pytest

from tests.marks import slow
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import PredictionTimeBatchNormalization, StatelessDropout, set_inference
from tfgan_zoo.networks import encoder_decoder_generator, unet_generator


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def of(kind, model):
    return [layer for layer in model.layers if isinstance(layer, kind)]


K = 4 * 4
ENCODER = (
    (K * 3 * 64 + 64)  # 256 -> 128, a bias and no batch normalisation
    + K * 64 * 128  # -> 64
    + K * 128 * 256  # -> 32
    + K * 256 * 512  # -> 16
    + 3 * K * 512 * 512  # -> 8, 4, 2
    + (K * 512 * 512 + 512)  # -> 1, likewise a bias
)
NORMS = 2 * (128 + 256 + 4 * 512) + 2 * (4 * 512 + 256 + 128 + 64)  # scale and offset


def test_the_papers_unet():
    model = unet_generator((256, 256, 3))
    assert trainable(model) == ENCODER + NORMS + (
        K * 512 * 512  # 1 -> 2
        + 3 * K * 1024 * 512  # -> 4, 8, 16; with the maps of that size
        + K * 1024 * 256  # -> 32
        + K * 512 * 128  # -> 64
        + K * 256 * 64  # -> 128
        + (K * 128 * 3 + 3)  # -> 256
    )
    assert trainable(model) == 54_414_531
    # Weights N(0, 0.02), scales N(1, 0.02).
    for name in ("down_8", "up_8", "up_2"):
        kernel = model.get_layer(name).kernel.numpy()
        assert np.std(kernel) == pytest.approx(0.02, rel=0.01)
    scale = model.get_layer("up_8_norm").gamma.numpy()
    assert np.mean(scale) == pytest.approx(1, abs=0.004)
    assert np.std(scale) == pytest.approx(0.02, rel=0.15)


def test_the_papers_encoder_decoder():
    model = encoder_decoder_generator((256, 256, 3))
    assert trainable(model) == ENCODER + NORMS + (
        4 * K * 512 * 512 + K * 512 * 256 + K * 256 * 128 + K * 128 * 64 + (K * 64 * 3 + 3)
    )
    assert not of(keras.layers.Concatenate, model)


def test_sizes_on_the_way():
    model = unet_generator((256, 256, 1), 2, filters=2)
    names = [f"down_{i}" for i in range(1, 9)] + ["output"] + [f"up_{i}" for i in range(2, 9)]
    whole = keras.Model(model.input, [model.get_layer(name).output for name in names])
    shapes = whole.compute_output_shape((1, 256, 512, 1))
    assert [shape[1:] for shape in shapes[:8]] == [
        (128, 256, 2),
        (64, 128, 4),
        (32, 64, 8),
        (16, 32, 16),
        (8, 16, 16),
        (4, 8, 16),
        (2, 4, 16),
        (1, 2, 16),
    ]
    assert [shape[1:] for shape in shapes[9:]] == [
        (128, 256, 2),
        (64, 128, 4),
        (32, 64, 8),
        (16, 32, 16),
        (8, 16, 16),
        (4, 8, 16),
        (2, 4, 16),
    ]
    assert shapes[8][1:] == (256, 512, 2)


@pytest.mark.parametrize(
    ("side", "noisy"),
    [
        (32, [5]),
        slow(64, [6]),
        (128, [7, 6]),
        slow(256, [8, 7, 6]),
        slow(512, [9, 8, 7]),
    ],
)
def test_dropout_follows_the_innermost(side, noisy):
    model = unet_generator((side, side, 1), filters=1, dropout=0.25, seed=3)
    assert [(x.name, x.rate, x.seed) for x in of(StatelessDropout, model)] == [
        (f"up_{i}_dropout", 0.25, 3) for i in noisy
    ]
    assert not of(StatelessDropout, unet_generator((side, side, 1), filters=1, dropout=0))


def test_where_there_is_normalization():
    for kind, layer in (
        ("batch", PredictionTimeBatchNormalization),
        ("instance", keras.layers.GroupNormalization),
    ):
        model = unet_generator((32, 32, 1), filters=1, normalization=kind)
        assert [x.name for x in of(layer, model)] == [
            *("down_2_norm", "down_3_norm", "down_4_norm"),
            *("up_5_norm", "up_4_norm", "up_3_norm", "up_2_norm"),
        ]
    assert {x.epsilon for x in of(layer, model)} == {1e-5}
    slopes = [x.negative_slope for x in of(keras.layers.LeakyReLU, model)]
    assert slopes == [pytest.approx(0.2)] * 4
    plain = unet_generator((32, 32, 1), filters=1, normalization="none")
    assert not of((keras.layers.BatchNormalization, keras.layers.GroupNormalization), plain)
    assert all(x.use_bias for x in of((keras.layers.Conv2D, keras.layers.Conv2DTranspose), plain))


@pytest.mark.parametrize("synchronized", [False, True])
def test_batch_normalization_states_its_constants(synchronized):
    model = unet_generator((32, 32, 1), filters=1, synchronized_bn=synchronized, inference="paper")
    for norm in of(PredictionTimeBatchNormalization, model):
        assert (norm.momentum, norm.epsilon) == (0.9, 1e-5)
        assert norm.synchronized is synchronized
        assert norm.inference == "paper"
    assert {x.inference for x in of(StatelessDropout, model)} == {"paper"}


def test_paper_inference_is_noise_that_stays_and_samples_apart():
    model = unet_generator((32, 32, 1), filters=4, inference="paper")
    x = np.random.default_rng(0).normal(size=(3, 32, 32, 1)).astype("float32")
    before = model.get_weights()
    out = np.array(model(x))
    np.testing.assert_array_equal(model(x), out)
    np.testing.assert_allclose(model(x[1:2]), out[1:2], atol=1e-6)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    # In training it draws new masks.
    assert np.any(np.array(model(x, training=True)) != np.array(model(x, training=True)))
    set_inference(model, "frozen")
    assert np.max(np.abs(np.array(model(x)) - out)) > 1e-3


def test_skips_carry_the_image():
    """With zeros from below, the last level still sees the first."""
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 1)).astype("float32")
    for build, sees in ((unet_generator, True), (encoder_decoder_generator, False)):
        model = build((32, 32, 1), filters=2, normalization="none", dropout=0.0)
        model.get_layer("down_5").kernel.assign(np.zeros(model.get_layer("down_5").kernel.shape))
        out = np.array(model(x))
        assert np.any(out[0] != out[1]) == sees


def test_resize_has_no_transposed_convolution():
    model = unet_generator((32, 32, 1), filters=1, upsampling="resize")
    assert len(of(keras.layers.UpSampling2D, model)) == 5
    assert not of(keras.layers.Conv2DTranspose, model)
    assert model.compute_output_shape((1, 32, 64, 1)) == (1, 32, 64, 1)


@pytest.mark.parametrize("build", [unet_generator, encoder_decoder_generator])
@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"image_shape": (16, 16, 3)}, r"image_shape: .*\(16, 16, 3\); give depth"),
        ({"image_shape": (80, 80, 3)}, r"image_shape: .*\(80, 80, 3\); give depth"),
        ({"image_shape": (32, 48, 3)}, r"image_shape: .*\(32, 48, 3\); give depth"),
        ({"image_shape": (24, 20, 3), "depth": 3}, r"multiples of 2\*\*depth, 8, got \(24, 20, 3"),
        ({"depth": 1}, "depth: .*1"),
        ({"depth": 2.5}, "depth: .*2.5"),
        ({"channels": 0}, "channels: .*0"),
        ({"filters": 0}, "filters: .*0"),
        ({"dropout": 1.0}, "dropout rate: .*1.0"),
        ({"inference": "test"}, "inference: .*'test'"),
        ({"normalization": "layer"}, "normalization: .*'layer'"),
        ({"upsampling": "bilinear"}, "upsampling: .*'bilinear'"),
    ],
)
def test_errors(build, arguments, match):
    with pytest.raises(InputError, match=match):
        build(**{"image_shape": (32, 32, 3), **arguments})
