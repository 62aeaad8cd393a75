import keras
import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.features import ClassifierFeatures, ModelFeatures
from tfgan_zoo.metrics.features.keras_model import summary


def test_images_of_any_kind_reach_the_model_and_batches_are_joined():
    inputs = keras.Input((None, None, 1))
    pixels = keras.layers.AveragePooling2D(2)(inputs)
    model = keras.Model(inputs, (pixels, keras.layers.GlobalMaxPooling2D()(pixels)))
    features = ModelFeatures(model, "means", preprocess=lambda x: x, batch_size=2)
    assert (features.name, features.dim, features.classes) == ("means", 1, 1)
    images = np.zeros((3, 2, 4, 3), np.uint8)
    images[1, :, :2] = 200
    images[2] = (255, 0, 0)
    found, most = features(images)
    # Averages over places; red is 76.2 of grey by Rec. 601, rounded.
    assert found.ravel().tolist() == [0, 100, 76]
    assert most.ravel().tolist() == [0, 200, 76]
    assert features(images / 127.5 - 1.002)[0].ravel().tolist() == [0, 100, 76]


def test_images_are_resized_to_what_a_model_takes():
    model = keras.Sequential([keras.Input((1, 2, 3)), keras.layers.Flatten()])
    features = ModelFeatures(model, "pixels", resizer="legacy")
    assert (features.dim, features.classes) == (6, 0)
    images = np.uint8([[[[0], [9], [255], [9]]]])
    assert features(images)[0].tolist() == [[-1, -1, -1, 1, 1, 1]]


def test_of_floats_nothing_is_rounded():
    inputs = keras.Input((1, 1, 1))
    model = keras.Model(inputs, keras.layers.Flatten()(inputs))
    features = ModelFeatures(model, "pixel", preprocess=lambda x: x)
    red = np.float32([[[[0.5, -1, -1]]], [[[3, -1, -1]]]])
    # 0.299 of 191.25 and, clipped, of 255.
    assert features.of_floats(red)[0].ravel() == pytest.approx([57.184, 76.245], abs=2e-3)
    assert features(red)[0].ravel().tolist() == [57, 76]
    assert features.of_floats(np.full((1, 3, 3, 1), 7, np.uint8))[0].item() == pytest.approx(7)
    with pytest.raises(InputError, match="expected finite numbers, got 3"):
        features.of_floats(red[:1] * np.nan)


def pooled(kernel, activation="relu", pooling=keras.layers.GlobalAveragePooling2D, **options):
    inputs = keras.Input((8, 8, 3))
    layer = keras.layers.Conv2D(4, 3, activation=activation)
    outputs = keras.layers.Softmax()(pooling()(layer(inputs)) + 1.0)
    layer.kernel.assign(kernel)
    return ModelFeatures(keras.Model(inputs, outputs), "mine", **options).fingerprint


class Subclass(keras.Model):
    """Has no config, as its argument is no number."""

    input_shape, output_shape = (None, 8, 8, 3), (None, 2)

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, images):
        return self.layer(images)


class OtherSubclass(Subclass):
    """As the other, but for its code."""

    def call(self, images):
        return 2 * self.layer(images)


def test_a_fingerprint_is_of_all_that_features_follow_from():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 4))
    found = [
        pooled(kernel),
        pooled(kernel + 1),
        pooled(kernel, "tanh"),
        pooled(kernel, pooling=keras.layers.GlobalMaxPooling2D),
        pooled(kernel, resizer="legacy"),
        pooled(kernel, preprocess=lambda x: x / 255),
        pooled(kernel, preprocess=lambda x: x[..., ::-1] / np.float32(127.5) - 1),
        ModelFeatures(Subclass(keras.layers.Flatten()), "mine").fingerprint,
        ModelFeatures(OtherSubclass(keras.layers.Flatten()), "mine").fingerprint,
    ]
    assert len(set(found)) == len(found)
    # Layers of the second are called conv2d_7 and so on.
    assert pooled(kernel) == found[0]
    assert pooled(kernel, preprocess=lambda x: x / 255) == found[5]
    assert ModelFeatures(Subclass(keras.layers.Flatten()), "mine").fingerprint == found[7]


def test_a_fingerprint_is_the_same_on_every_machine():
    """Rounding differs between machines; weights and outputs as coarse as three digits do not."""
    assert ClassifierFeatures("mnist_v1").fingerprint == "269f04db0ed77030"
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(3, 64)).astype(np.float32)
    noisy = outputs * (1 + 1e-6 * rng.normal(size=outputs.shape))
    assert summary(outputs) == summary(noisy) != summary(outputs[:, ::-1])


def test_nested_models_have_one_fingerprint_too():
    def nested():
        inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(name="own")])
        inputs = keras.Input((8, 8, 3))
        return ModelFeatures(keras.Model(inputs, inner(inputs)), "nested").fingerprint

    assert nested() == nested()


def test_what_does_not_fit_is_a_sentence():
    dense = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(InputError, match=r"expected one from images .* from \(None, 3\)"):
        ModelFeatures(dense, "x")
    model = keras.Sequential([keras.Input((1, 2, 3)), keras.layers.Flatten()])
    with pytest.raises(InputError, match="resizer: expected legacy or antialiased, got 'best'"):
        ModelFeatures(model, "x", resizer="best")
    features = ModelFeatures(model, "x")
    with pytest.raises(InputError, match=r"images: expected shape .* got \(2, 2, 3\)"):
        features(np.zeros((2, 2, 3)))
    with pytest.raises(InputError, match=r"expected uint8 or floats in .* got int64"):
        features(np.zeros((1, 2, 2, 3), int))
    lost = np.zeros((1, 2, 2, 3))
    lost[0, 0, 0] = np.nan, np.inf, -np.inf
    with pytest.raises(InputError, match=r"images: expected finite numbers, got 3 that are not\."):
        features(lost)
    with pytest.raises(InputError, match=r"expected floats in \[-1, 1\], got 0 to 255; give those"):
        features(np.linspace(0, 255, 12).reshape(1, 2, 2, 3))
    # A generator without tanh leaves [-1, 1] by a little.
    np.testing.assert_array_equal(features(np.full((1, 2, 2, 3), 1.4))[0], 1)
    np.testing.assert_array_equal(features(np.full((1, 2, 2, 3), -2.5))[0], -1)
