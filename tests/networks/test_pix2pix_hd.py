"""pix2pixHD's networks against those of its authors; see also test_translators.py."""

import keras
import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.layers import CentredAveragePooling2D, ReflectionPadding2D
from tfgan_zoo.networks import (
    feature_encoder,
    global_generator,
    local_enhancer,
    multiscale_discriminator,
)

#: With 35 classes and boundaries, and with an image beside them.
LABELS, PAIRS = (1024, 2048, 36), (1024, 2048, 39)
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)


def convolutions(network):
    return [layer for layer in layers_of(network) if isinstance(layer, CONVOLUTIONS)]


def with_cancelled_biases(network):
    """Counts parameters as in the authors' networks, whose convolutions all have biases."""
    cancelled = sum(layer.filters for layer in convolutions(network) if not layer.use_bias)
    return network.count_params() + cancelled


def test_parameters_are_the_authors():
    with keras.StatelessScope():  # Creates no arrays.
        both = local_enhancer(LABELS, 3, global_blocks=1)
        judge = multiscale_discriminator(PAIRS, 2)
        encoder = feature_encoder(LABELS[:2] + (3,))
    others = 8 * 2 * (3 * 3 * 1024 * 1024 + 1024)  # the other residual blocks
    # G1 alone ends in a convolution of its own.
    alone = with_cancelled_biases(both.get_layer("global")) + others + 7 * 7 * 64 * 3 + 3
    assert alone == 182_546_755
    assert with_cancelled_biases(both) + others == 182_857_059
    assert with_cancelled_biases(judge) == 2 * 2_801_601
    assert with_cancelled_biases(encoder) == 788_803


def test_layers_of_the_global_generator():
    model = global_generator((16, 32, 5), 3, filters=2, downsamplings=2, blocks=1)
    found = [(x.filters, x.kernel_size[0], x.strides[0]) for x in convolutions(model)]
    assert found == [
        (2, 7, 1),
        (4, 3, 2),
        (8, 3, 2),
        (8, 3, 1),
        (8, 3, 1),
        (4, 3, 2),
        (2, 3, 2),
        (3, 7, 1),
    ]
    assert [x.padding[0][0] for x in model.layers if isinstance(x, ReflectionPadding2D)] == [
        3,
        1,
        1,
        3,
    ]
    zeros = [x for x in model.layers if isinstance(x, keras.layers.ZeroPadding2D)]
    assert [x.padding for x in zeros] == [((1, 1), (1, 1))] * 2
    crops = [x for x in model.layers if isinstance(x, keras.layers.Cropping2D)]
    assert [x.cropping for x in crops] == [((1, 0), (1, 0))] * 2
    kinds = [type(x).__name__ for x in model.layers]
    assert kinds.count("GroupNormalization") == 7
    assert kinds.count("ReLU") == 6
    assert not any(x.weights for x in model.layers if "norm" in x.name)  # without affine


def test_the_enhancer_has_the_global_generator_within():
    """Its layers have the same names and shapes, so that weights can be taken over."""
    alone = global_generator((16, 16, 5), 3, filters=4, downsamplings=2, blocks=2)
    model = local_enhancer(
        (32, 32, 5), 3, filters=2, blocks=1, global_downsamplings=2, global_blocks=2
    )
    coarse = model.get_layer("global")
    names = [x.name for x in alone.layers if x.weights]
    assert names[:-1] == [x.name for x in coarse.layers if x.weights]
    assert names[-1] == "output"
    coarse.set_weights(alone.get_weights()[: -len(alone.get_layer("output").weights)])
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 5)).astype("float32")
    half = CentredAveragePooling2D()(x)
    features = keras.Model(alone.input, alone.get_layer("up_2_relu").output)
    np.testing.assert_allclose(coarse(half), features(half), atol=1e-5)
    # What is added to the enhancer's own features at half size.
    places = [model.get_layer(name).output for name in ("down_relu", "add_global")]
    parts = keras.Model(model.input, places)
    own, added = parts(x)
    np.testing.assert_allclose(added - own, features(half), atol=1e-5)


def test_each_scale_judges_a_halved_image():
    model = multiscale_discriminator((32, 32, 2), 3, filters=2)
    for layer in model.layers:  # Every scale with the weights of the first.
        if layer.weights and not layer.name.startswith("scale_1"):
            first = model.get_layer("scale_1" + layer.name.removeprefix("scale_").lstrip("23"))
            layer.set_weights(first.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 2)).astype("float32")
    scales = model(x)
    assert [len(scale) for scale in scales] == [5, 5, 5]
    # Two pixels of padding: 32, 17, 9, 5, and one more for each convolution of stride 1.
    assert [layer.shape[1:] for layer in scales[0]] == [
        (17, 17, 2),
        (9, 9, 4),
        (5, 5, 8),
        (6, 6, 16),
        (7, 7, 1),
    ]
    half = CentredAveragePooling2D()(x)
    for found, expected in zip(scales[1], model(half)[0], strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    for found, expected in zip(scales[2], model(half)[1], strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_discriminator_is_saved_with_its_scales(tmp_path):
    model = multiscale_discriminator((16, 16, 2), 2, filters=2, receptive_field=16)
    model.save(tmp_path / "d.keras")
    x = np.random.default_rng(0).normal(size=(1, 16, 16, 2)).astype("float32")
    loaded = keras.saving.load_model(tmp_path / "d.keras")(x)
    for scale, expected in zip(loaded, model(x), strict=True):
        for layer, wanted in zip(scale, expected, strict=True):
            np.testing.assert_array_equal(layer, wanted)


def test_mixed_precision_ends_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    for scale in multiscale_discriminator((16, 16, 2), 2, filters=2).output:
        assert [layer.dtype for layer in scale] == ["bfloat16"] * 4 + ["float32"]


@pytest.mark.parametrize(
    ("function", "arguments", "match"),
    [
        (
            global_generator,
            {"image_shape": (24, 64, 3)},
            "multiples of 16, at least 32, .*got 24x64; downs",
        ),
        (global_generator, {"filters": 0}, "filters: .*0"),
        (global_generator, {"downsamplings": 2.5}, "downsamplings: expected an integer .*2.5"),
        (local_enhancer, {"global_downsamplings": "4"}, "global_downsamplings: .*an integer .*'4'"),
        (feature_encoder, {"downsamplings": 2.5}, "downsamplings: expected an integer .*2.5"),
        (global_generator, {"normalization": "layer"}, "normalization: .*'layer'"),
        (local_enhancer, {"image_shape": (48, 64, 3)}, "multiples of 32, at least 64, .*global_d"),
        (local_enhancer, {"upsampling": "cubic"}, "upsampling: .*'cubic'"),
        (feature_encoder, {"channels": 0}, "channels: .*0"),
        (multiscale_discriminator, {"num_scales": 0}, "num_scales: .*0"),
        (multiscale_discriminator, {"num_scales": 6}, "at least 128 for num_scales=6"),
        (multiscale_discriminator, {"receptive_field": 1}, "receptive_field: .*16, 34, 70"),
    ],
)
def test_errors(function, arguments, match):
    with pytest.raises(InputError, match=match):
        function(**{"image_shape": (64, 64, 3), **arguments})
