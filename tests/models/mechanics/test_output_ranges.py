"""Discriminators that return probabilities, generators whose output is no image."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.models.changed import arguments, ended, gan
from tests.models.tiny import GAMES, samples, step
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import GAN, MODELS
from tfgan_zoo.models.mechanics.output_ranges import ending_of, made_before

L = keras.layers


@pytest.mark.parametrize("name", GAMES)
def test_a_discriminator_that_returns_probabilities_is_refused_by_every_model(name):
    given = arguments(name)
    for slot in [slot for slot in given if slot.startswith("discriminator") and "_s" not in slot]:
        last = L.Activation("sigmoid", name="last")
        network = ended(given[slot], last, L.Activation("linear", dtype="float32"))
        with pytest.raises(
            InputError, match=rf"^{slot}: .* logits, .* probabilities, .*sigmoid of layer 'last'"
        ):
            MODELS[name](**given | {slot: network})


def nested():
    inner = keras.Sequential([keras.Input((1,)), L.Dense(1, "sigmoid", name="last"), L.Flatten()])
    return keras.Sequential([keras.Input((1,)), inner])


def called(function):
    x = keras.Input((1,))
    return keras.Model(x, function(x))


def heads(merge, *activations):
    """A network of heads whose outputs are merged."""
    x = keras.Input((1,))
    ends = activations or ("sigmoid", "sigmoid")
    return keras.Model(
        x, merge([L.Dense(1, end, name=f"{i}last")(x) for i, end in enumerate(ends)])
    )


PROBABILITIES = {
    "sigmoid": [L.Dense(1, activation="sigmoid", name="last")],
    "softmax": [L.Dense(2, activation="softmax", name="last")],
    "softmax_layer": [L.Dense(2), L.Softmax(name="last")],
    "hard_sigmoid": [L.Dense(1, activation="hard_sigmoid", name="last")],
    "log_sigmoid": [L.Dense(1, activation="log_sigmoid", name="last")],
    "a function": [L.Dense(1, activation=lambda x: keras.ops.sigmoid(x), name="last")],
    "a Lambda": [L.Lambda(lambda x: tf.sigmoid(x), name="last")],
    "layers that keep the range": [
        L.Activation("sigmoid", name="last"),
        L.Flatten(),
        L.Reshape((1, 1, 1)),
        L.Dropout(0.5),
        L.Identity(),
        L.GlobalAveragePooling2D(),
        L.Activation("linear", dtype="float32"),
    ],
    "a nested model": [nested()],
    "a nested model of flattening": [
        L.Activation("sigmoid", name="last"),
        keras.Sequential([keras.Input((1,)), L.Flatten()]),
    ],
    "operations": [called(lambda x: keras.ops.cast(keras.ops.sigmoid(x), "float32"))],
    "a patch": [L.Reshape((1, 1, 1)), L.Conv2D(1, 1, activation="sigmoid", name="last")],
    "noise": [L.Dense(1, "sigmoid", name="last"), L.GaussianNoise(0.1)],
    "a regularizer": [L.Dense(1, "sigmoid", name="last"), L.ActivityRegularization(0.1)],
    "scaling by 1": [L.Dense(1, "sigmoid", name="last"), L.Rescaling(1.0)],
    "tanh, scaled": [L.Dense(1, "tanh", name="last"), L.Rescaling(0.5, 0.5)],
    "clipping": [called(lambda x: keras.ops.clip(keras.ops.sigmoid(x), 1e-3, 1 - 1e-3))],
    "1 minus": [called(lambda x: 1.0 - keras.ops.sigmoid(x))],
    "a squeeze": [
        L.Dense(1, "sigmoid", name="last"),
        L.Lambda(lambda x: tf.squeeze(x, -1)[:, None]),
    ],
    "an average": [heads(L.Average())],
    "a mean": [heads(lambda ends: (ends[0] + ends[1]) / 2)],
    "the largest": [heads(L.Maximum())],
    "the smallest": [heads(lambda ends: keras.ops.minimum(*ends))],
    "several": [heads(L.Concatenate())],
    "several, by an operation": [heads(keras.ops.concatenate)],
    "each time": [L.Reshape((1, 1)), L.TimeDistributed(L.Dense(1, "sigmoid", name="last"))],
}


@pytest.mark.parametrize("end", PROBABILITIES.values(), ids=PROBABILITIES)
def test_probabilities_are_found_behind(end):
    with pytest.raises(InputError, match=r"^discriminator: .*logits.*(last|sigmoid\w*)'"):
        gan(*end)


@pytest.mark.parametrize(
    "end",
    [
        [],
        [L.Activation("tanh")],
        [L.LeakyReLU()],
        [L.Activation("sigmoid"), L.Rescaling(2.0, -1.0)],
        [L.Activation("sigmoid"), L.Dense(1)],
        [L.Lambda(lambda x: tf.reduce_mean(x, axis=-1, keepdims=True))],
        [L.PReLU()],
        [L.Dense(1, "relu"), L.Rescaling(0.01)],
        [heads(L.Average(), "sigmoid", "linear")],
        [heads(L.Concatenate(), "sigmoid", "linear")],
        [heads(L.Multiply(), "sigmoid", "linear")],
        [heads(L.Multiply(), "sigmoid", "relu")],
        [heads(L.Add())],
        [heads(lambda ends: ends[0] - ends[1])],
        [heads(lambda ends: (ends[0] + ends[1]) / 100, "relu", "relu")],
        [called(lambda x: -keras.ops.relu6(x))],
        [called(lambda x: L.Dense(1)(x) * L.Softmax()(L.Dense(1)(x)))],
        [L.Activation("sigmoid"), L.GaussianNoise(0.1), L.Dense(1)],
    ],
)
def test_scores_of_any_other_range_are_taken(end):
    gan(*end)


def test_a_subclass_with_a_loss_of_probabilities_says_so():
    class OfProbabilities(GAN):
        takes_logits = False

    model = gan()
    discriminator = ended(model.discriminator, L.Activation("sigmoid"))
    OfProbabilities((8, 8, 1), generator=model.generator, discriminator=discriminator)


def test_a_model_saved_before_probabilities_were_refused_loads_with_a_warning(tmp_path):
    with made_before(), pytest.warns(UserWarning, match="^discriminator: .*logits.*made before"):
        old = gan(L.Activation("sigmoid"))
    old.compile()
    old.save(tmp_path / "old.keras")
    with pytest.warns(UserWarning, match="^discriminator: .*logits.*made before"):
        loaded = tfgan_zoo.load_model(tmp_path / "old.keras")
    step(loaded, samples(loaded))
    with pytest.raises(InputError, match="logits"):  # what is new is refused again
        gan(L.Activation("sigmoid"))


@pytest.mark.parametrize(
    ("activation", "span"),
    [
        ("sigmoid", r"\[0, 1\]"),
        ("relu", "from 0 up"),
        ("relu6", r"\[0, 6\]"),
        ("softplus", "from 0 up"),
        ("exponential", "from 0 up"),
        ("silu", "from -0.28 up"),
        ("log_sigmoid", "up to 0"),
    ],
)
def test_a_generator_that_cannot_make_all_pixels_warns(activation, span):
    with pytest.warns(UserWarning, match=rf"^generator: .*{activation}.*, {span}; end it in tanh"):
        gan(generator_end=activation)


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan", "srgan", "gan_cls", "dcgan"])
def test_every_kind_of_generator_of_images_warns(name):
    given = arguments(name)
    slot = "generator_b_to_a" if name == "cyclegan" else "generator"
    network = ended(given[slot], L.ReLU(name="last"))
    with pytest.warns(UserWarning, match=rf"^{slot}: .*ReLU of layer 'last'"):
        MODELS[name](**given | {slot: network})


@pytest.mark.parametrize("activation", ["tanh", "linear", "softsign", "selu", "leaky_relu"])
def test_generators_that_reach_all_pixels_do_not_warn(activation):
    gan(generator_end=activation)


def test_generators_of_points_are_free():
    z, x = keras.Input((2,)), keras.Input((3,))
    generator = keras.Model(z, L.Dense(3, activation="relu")(z))
    assert ending_of(generator).activation == "relu"
    GAN((3,), generator=generator, discriminator=keras.Model(x, L.Dense(1)(x)))


def test_the_range_is_that_of_the_function():
    assert ending_of(gan().discriminator) is None
    ending = ending_of(keras.Sequential([keras.Input((2,)), L.ReLU(max_value=3.0)]))
    np.testing.assert_allclose(ending[2:], (0, 3))


def test_operations_are_written_as_layers_are():
    assert ending_of(called(lambda x: keras.ops.hard_sigmoid(x))).activation == "hard_sigmoid"


def test_a_generator_of_bytes_warns_and_one_scaled_to_all_pixels_does_not():
    x = keras.Input((4,))
    y = L.Reshape((8, 8, 1))(L.Dense(64, activation="sigmoid")(x))
    gan(generator=keras.Model(x, 2.0 * y - 1.0))
    with pytest.warns(UserWarning, match=r"^generator: .*sigmoid.*, from 0 up; end it in tanh"):
        gan(generator=keras.Model(x, L.Rescaling(255.0)(y)))
