"""The classifier: its loss by hand, what it answers, and its layers as features."""

import doctest
import importlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny import compiled, samples, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import DTN, Classifier
from tfgan_zoo.networks.features import features_of_classifier

SHAPE = (4, 4, 3)


def by_hand():
    """Logits: the mean of each channel, times four."""
    network = keras.Sequential(
        [keras.Input(SHAPE), keras.layers.GlobalAveragePooling2D(), keras.layers.Rescaling(4.0)]
    )
    # A weight, so that there is something to train.
    network.add(keras.layers.Dense(3, kernel_initializer="identity"))
    return Classifier(SHAPE, 3, network)


def of_channels(*rows):
    return tf.constant(rows, tf.float32)[:, None, None] * tf.ones([1, 4, 4, 1])


def test_loss_and_accuracy_by_hand():
    model = by_hand()
    images = of_channels((1.0, 0.0, -1.0), (0.5, 0.5, -0.25))
    loss, logs = model.loss_of(images, tf.constant([0, 2]))
    first = np.log(np.exp(4) + 1 + np.exp(-4)) - 4
    second = np.log(2 * np.exp(2) + np.exp(-1)) + 1
    assert float(loss) == pytest.approx((first + second) / 2, rel=1e-5)
    assert float(logs["loss"]) == float(loss)
    assert float(logs["accuracy"]) == 0.5
    # The control: other labels have another loss.
    other, logs = model.loss_of(images, tf.constant([1, 0]))
    assert float(other) != pytest.approx(float(loss), abs=0.1)
    assert float(logs["accuracy"]) == 0.5
    even, _ = model.loss_of(of_channels((0.0, 0.0, 0.0)), tf.constant([1]))
    assert float(even) == pytest.approx(np.log(3))


def test_probabilities():
    model = by_hand()
    images = of_channels((1.0, 0.0, -1.0), (0.5, 0.5, -0.25)).numpy()
    expected = np.exp(4 * images[:, 0, 0])
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.classify(images, batch_size=1), expected, rtol=1e-5)
    bytes_ = np.rint((images + 1) * 127.5).astype(np.uint8)
    np.testing.assert_allclose(model.classify(bytes_), expected, atol=0.01)
    assert list(model.endpoints()) == ["classify"]
    served = model.endpoints()["classify"].function(tf.constant(images))["probabilities"]
    np.testing.assert_allclose(served, expected, rtol=1e-5)


def test_one_hot_rows_are_labels():
    model = compiled("classifier")
    batch = samples(model)
    rows = np.eye(3, dtype="float32")[batch["label"]]
    numbers = model.losses_of((batch["image"], batch["label"]))["loss"]
    assert float(model.losses_of((batch["image"], rows))["loss"]) == float(numbers)


def test_it_learns_two_colours():
    keras.utils.set_random_seed(0)
    model = tiny("classifier")
    model.compile(keras.optimizers.Adam(1e-2))
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 64)
    images = random.integers(0, 100, (64, 16, 16, 3), "uint8")
    images[np.arange(64), :, :, labels] += 100
    model.fit(images, labels, batch_size=16, epochs=10, verbose=0)
    assert np.mean(model.classify(images).argmax(axis=1) == labels) > 0.9


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"num_classes": 1}, "num_classes: expected a whole number from 2 up, got 1"),
        ({"class_names": ("a", "b")}, "class_names: expected 3 names"),
        (
            {"classifier": lambda: networks.image_classifier(SHAPE, 4)},
            r"classifier: .*output has shape \(batch, 3\)",
        ),
    ],
)
def test_arguments_out_of_range(arguments, said):
    built = {name: value() if callable(value) else value for name, value in arguments.items()}
    with pytest.raises(InputError, match=said):
        Classifier(**{"image_shape": SHAPE, "num_classes": 3, **built})


# ---------------------------------------------------------------------- as the features of a DTN


def test_its_layers_are_features_of_images_of_any_size():
    network = networks.image_classifier((16, 16, 3), 5, filters=4)
    network(np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 3)), training=True)
    images = np.random.default_rng(1).uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    for layer in ("conv4", "dense64"):
        direct = keras.Model(network.input, network.get_layer(layer).output)
        found = features_of_classifier(network, layer)
        np.testing.assert_allclose(found(images), direct(images, training=False), atol=1e-5)
        # Statistics of batches are not used, even if someone trains.
        np.testing.assert_allclose(found(images, training=True), found(images), atol=1e-6)
    assert features_of_classifier(network, "conv4")(np.zeros((1, 9, 20, 3))).shape == (1, 3, 5, 8)
    grey = images[..., :1]
    np.testing.assert_allclose(
        features_of_classifier(network, "conv2")(grey),
        features_of_classifier(network, "conv2")(np.repeat(grey, 3, -1)),
        atol=1e-6,
    )
    with pytest.raises(InputError, match="classifier:dense64 takes images of 16x16 pixels"):
        features_of_classifier(network, "dense64")(np.zeros((1, 9, 20, 3)))
    with pytest.raises(InputError, match=r"the classifier .* has no layer 'conv9'; did you mean"):
        features_of_classifier(network, "conv9")


def transfer(**arguments):
    shape = (16, 16, 3)
    given = {"features": "classifier:conv4", "num_classes": 3, **arguments}
    if "classifier" not in given:
        given["classifier"] = networks.image_classifier(shape, 3, filters=4)
    shapes = DTN.network_arguments(image_shape=shape, channels_b=1, **given)
    return DTN(
        shape,
        1,
        networks.dtn_generator(*shapes["generator"][1], filters=4),
        networks.dtn_discriminator((16, 16, 1), filters=4),
        **given,
    )


def test_a_transfer_starts_from_a_classifier_and_leaves_it_as_it_is(tmp_path):
    classifier = tiny("classifier")
    images = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)).astype("float32")
    classifier.classifier(images, training=True)  # moves its statistics
    model = transfer()
    before = model.network_input(images)
    model.start_from(classifier)
    expected = keras.Model(
        classifier.classifier.input, classifier.classifier.get_layer("conv4").output
    )(images, training=False)
    np.testing.assert_allclose(model.network_input(images), expected, atol=1e-5)
    assert np.max(np.abs(before - expected)) > 1e-2  # the control: another one before
    weights = [w.copy() for w in model.classifier.get_weights()]
    g = model.generator.get_weights()[0].copy()
    model.compile(run_eagerly=True)
    model.fit(samples(model, 2), batch_size=4, verbose=0)
    for old, new in zip(weights, model.classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert np.any(g != model.generator.get_weights()[0])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.features == "classifier:conv4"
    np.testing.assert_allclose(loaded.translate(images), model.translate(images), atol=1e-6)
    other = transfer()
    other.start_from(loaded)
    np.testing.assert_allclose(other.translate(images), model.translate(images), atol=1e-6)


def test_a_transfer_with_a_classifier_that_nobody_trained_warns():
    model = transfer()
    (warning,) = model.training_warnings(4)
    assert warning.startswith("classifier: expected a trained one, of which 'classifier:conv4'")
    assert not model.classifier.trainable_variables
    classifier = tiny("classifier")
    classifier.classifier(np.ones((4, 16, 16, 3), "float32"), training=True)
    model.start_from(classifier)
    assert not model.training_warnings(4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"num_classes": None}, "num_classes: expected the number of classes .* got None"),
        ({"num_classes": 1}, "num_classes: expected a whole number from 2 up"),
        ({"num_classes": 4}, r"classifier: .*output has shape \(batch, 4\)"),
        ({"features": "classifier:conv9"}, "has no layer 'conv9'"),
        ({"features": "figures_v1:conv4"}, "classifier: expected None unless features="),
        (
            {"features": "figures_v1:conv4", "classifier": None},
            "num_classes: expected None unless features=",
        ),
    ],
)
def test_a_transfer_without_such_a_layer(arguments, said):
    with pytest.raises(InputError, match=said):
        transfer(**arguments)


def test_a_transfer_of_other_features_starts_from_no_classifier():
    with pytest.raises(InputError, match="features: expected 'classifier:LAYER' to start from"):
        tiny("dtn").start_from(tiny("classifier"))


def test_example_of_the_network():
    result = doctest.testmod(importlib.import_module("tfgan_zoo.networks.image_classifier"))
    assert result.attempted
    assert not result.failed


def test_no_images_and_no_batches_are_refused():
    model = by_hand()
    for images, size in ((np.zeros((0, *SHAPE)), 64), (np.zeros((2, *SHAPE)), 0)):
        with pytest.raises(InputError, match=r"^classify: expected an image or more, and a batch"):
            model.classify(images, batch_size=size)
