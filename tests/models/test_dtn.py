import inspect
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.pointwise import SHAPE, times
from tests.models.tiny import compiled, samples, tiny
from tfgan_zoo import load_model, networks
from tfgan_zoo.config import load_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import DTN

#: s and t; f doubles and g takes a third, so that G(s) = 1/3 and G(t) = -2/3.
S, T = tf.fill([2, *SHAPE], 0.5), tf.fill([2, *SHAPE], -1.0)
LOGITS = (0.0, 1.0, -2.0)


def of_three(weights):
    """A discriminator of three logits: the mean of the image, times each weight."""
    images = keras.Input(SHAPE)
    mean = keras.layers.GlobalAveragePooling2D()(images)
    mean = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")(mean)
    logits = keras.layers.Dense(3, use_bias=False)
    model = keras.Model(images, logits(mean))
    channels = SHAPE[-1]
    model.layers[-2].set_weights([np.full((channels, 1), 1 / channels)])
    logits.set_weights([np.array([weights], "float32")])
    return model


def by_hand(weights=LOGITS, **kwargs):
    return DTN(
        SHAPE,
        generator=times(1 / 3),
        discriminator=of_three(weights),
        features=times(2.0),
        **kwargs,
    )


def losses(model):
    of_s, of_t = model.network_input(S), model.network_input(T)
    fakes = model.generator(tf.concat([of_s, of_t], axis=0))
    d_loss, d_logs = model.discriminator_loss(T, fakes)
    g_loss, g_logs = model.generator_loss(of_s, T, fakes)
    logs = {name: float(value) for name, value in (d_logs | g_logs).items()}
    assert (float(d_loss), float(g_loss)) == (logs["d_loss"], logs["g_loss"])
    assert set(logs) == set(model.log_names)
    return logs


def minus_log(pixel, label, weights=LOGITS):
    """-log D_label of an image of one value."""
    logits = np.array(weights) * pixel
    return math.log(np.exp(logits).sum()) - logits[label]


def test_losses():
    logs = losses(by_hand(const_weight=3.0, identity_weight=5.0))
    from_s, from_t = 1 / 3, -2 / 3
    gan = minus_log(from_s, 2) + minus_log(from_t, 2)
    const = (2 * 0.5 - 2 / 3) ** 2  # f(s) = 1, f(G(s)) = 2/3
    tid = (-1 + 2 / 3) ** 2
    assert logs == pytest.approx(
        {
            "d_loss": minus_log(from_s, 0) + minus_log(from_t, 1) + minus_log(-1, 2),
            "g_gan": gan,
            "g_const": const,
            "g_tid": tid,
            "g_loss": gan + 3 * const + 5 * tid,
        },
        rel=1e-5,
    )


def test_a_discriminator_that_cannot_tell():
    model = by_hand((0.0, 0.0, 0.0))
    logs = losses(model)
    assert logs["d_loss"] == pytest.approx(3 * math.log(3))
    assert logs["g_gan"] == pytest.approx(2 * math.log(3))
    assert model.d_loss_bounds() == (0, 3 * math.log(3))


def test_roughness_of_what_is_transferred():
    model = by_hand(tv_weight=2.0)
    stripes = np.zeros((1, *SHAPE), "float32")
    stripes[:, :, ::2] = 1
    fakes = tf.concat([stripes, T], axis=0)
    loss, logs = model.generator_loss(model.network_input(S[:1]), T, fakes)
    assert float(logs["g_tv"]) == pytest.approx(3 / 4)  # three of four columns differ from the next
    without, _ = by_hand().generator_loss(model.network_input(S[:1]), T, fakes)
    assert float(loss - without) == pytest.approx(1.5, rel=1e-4)


def test_the_gradient_of_const_passes_f_and_ends_in_g():
    """By hand: L = (2 s - 2 w 2 s)^2 has the slope 2 (2 s - 4 w s) (-4 s) in w."""
    model = by_hand()
    phi = model.frozen("features")
    weight = model.generator.weights[0]
    with tf.GradientTape() as tape:
        tape.watch(weight.value)
        of_s = model.network_input(S)
        fakes = model.generator(tf.concat([of_s, of_s], axis=0))
        _, logs = model.generator_loss(of_s, S, fakes)
    slope = 2 * (2 * 0.5 - 4 * 0.5 / 3) * (-4 * 0.5)
    found = tape.gradient(logs["g_const"], weight.value)
    assert float(tf.reduce_sum(found)) == pytest.approx(slope, rel=1e-4)
    # Nobody could train f: its weights are not trainable, and no role has them.
    assert not phi.trainable_variables
    held = {id(v) for role in model.roles() for v in model.role_variables(role)}
    assert not held & {id(v) for v in phi.variables}


def with_statistics():
    """A network whose batch normalisation and dropout would show in training."""
    images = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(images)
    x = keras.layers.BatchNormalization(name="statistics")(x)
    return keras.Model(images, keras.layers.Dropout(0.5)(x))


def test_the_default_features_are_the_recipe_s():
    """conv5 of figures is nearer to an empty image than to the outline."""
    default = inspect.signature(DTN).parameters["features"].default
    assert default == load_config("dtn").model_args.features


@pytest.fixture(scope="module")
def trained():
    """A game on a network of the user's own, after three steps, and that network as it was."""
    phi = with_statistics()
    before = [w.copy() for w in phi.get_weights()]
    shapes = DTN.network_arguments(image_shape=(16, 16, 3), channels_b=None, features=phi)
    model = DTN(
        (16, 16, 3),
        generator=networks.dtn_generator(*shapes["generator"][1], filters=4),
        discriminator=networks.dtn_discriminator((16, 16, 3), filters=4),
        features=phi,
    )
    model.compile(run_eagerly=True)
    first = model.generator.get_weights()
    model.fit(samples(model, 3), batch_size=4, shuffle=False, verbose=0)
    return model, before, first


def test_f_is_bit_equal_after_training(trained):
    model, before, first = trained
    for old, new in zip(before, model.features.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    # The control: everything in g moved, and f's statistics would have in training.
    for old, new in zip(first, model.generator.get_weights(), strict=True):
        assert np.any(old != new)
    free = with_statistics()
    free(np.random.default_rng(0).normal(size=(4, 16, 16, 3)), training=True)
    assert np.any(free.get_layer("statistics").moving_mean)


def test_a_network_of_one_s_own_is_saved_with_the_model(trained, tmp_path):
    model, _, _ = trained
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    images = samples(model)["a"]
    np.testing.assert_allclose(loaded.translate(images), model.translate(images), atol=1e-6)
    assert not loaded.features.trainable_variables


@pytest.mark.slow
def test_features_by_name_are_in_no_file_but_in_the_export(tmp_path):
    model = compiled("dtn")
    parameters = sum(n.count_params() for n in (model.generator, model.discriminator))
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) <= parameters
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    images = samples(model)["a"]
    expected = model.translate(images)
    np.testing.assert_allclose(loaded.translate(images), expected, atol=1e-6)
    # g(f(x)) itself, and the same from the export.
    phi = networks.feature_network("figures_v1:conv2")
    by_parts = model.generator(phi(images / 127.5 - 1.0), training=False)
    np.testing.assert_allclose(expected, by_parts, atol=1e-5)
    model.export(tmp_path / "1")
    served = tf.saved_model.load(tmp_path / "1").signatures["source_to_target"]
    floats = tf.constant(images / 127.5 - 1, tf.float32)
    np.testing.assert_allclose(served(images=floats)["images"], expected, atol=1e-5)


def test_images_of_any_size_and_of_one():
    model = tiny("dtn")
    assert list(model.endpoints()) == ["source_to_target"]
    assert model.translate(np.zeros((1, 21, 30, 1), "uint8")).shape == (1, 21, 30, 3)
    of_one = tiny("dtn", features="mnist_v1:conv4")
    assert of_one.translate(np.zeros((1, 9, 20, 1), "uint8")).shape == (1, 9, 20, 3)
    with pytest.raises(InputError, match="direction: expected source_to_target of DTN"):
        model.translate(np.zeros((1, 16, 16, 1), "uint8"), "b_to_a")


def test_vectors_of_features():
    model = DTN((28, 28, 1), features="mnist_v1:dense64")
    assert model.generator.input_shape == (None, 64)
    assert model.translate(np.zeros((2, 28, 28, 1), "uint8")).shape == (2, 28, 28, 1)
    with pytest.raises(InputError, match=r"images: .* at most 28x28 pixels, .* got 30x60"):
        model.translate(np.zeros((1, 30, 60, 1), "uint8"))


def test_vectors_of_a_network_for_any_size():
    """What pools all positions takes any image, but g makes one size alone."""
    images = keras.Input((None, None, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 3)(images))
    generator = networks.dtn_generator((3,), (16, 16, 1), filters=2)
    discriminator = networks.dtn_discriminator((16, 16, 1), filters=2)
    phi = keras.Model(images, pooled)
    model = DTN((16, 16, 1), None, generator, discriminator, features=phi)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1)).astype("float32")
    np.testing.assert_allclose(model.translate(x), generator(phi(x)), atol=1e-6)
    assert model.translate(x[:, :9]).shape == (2, 9, 16, 1)
    large = np.tile(x, (1, 2, 2, 1))
    with pytest.raises(InputError, match=r"images: .* at most 16x16 pixels, .* got 32x32"):
        model.translate(large)
    with pytest.raises(tf.errors.InvalidArgumentError):  # as in an export
        model._translation("source_to_target")(large)


def grey_only():
    return keras.Sequential([keras.Input((32, 32, 1)), keras.layers.Conv2D(4, 4, 4)])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"features": "figures_v1:conv9"}, "figures_v1 has no layer 'conv9'; did you mean conv"),
        ({"features": "figures_v1:conv1,conv2"}, "features: expected one layer, got"),
        ({"features": "vgg19:5_1", "image_shape": (8, 8, 3)}, "sides of at least 16 pixels"),
        ({"features": "mnist_v1:dense64"}, "takes images of 28x28 pixels"),
        ({"channels_b": 4}, r"takes images of 1 or 3 channels, got shape \(32, 32, 4\)"),
        (
            {"features": grey_only, "channels_b": 1},
            r"features, source domain: .*\(batch, 32, 32, 3\), got \(batch, 32, 32, 1\)",
        ),
        ({"features": 3}, "features: expected NETWORK:LAYER, .* got 3"),
        ({"const_weight": -1.0}, "const_weight: "),
        (
            {"discriminator": lambda: networks.dcgan_discriminator((32, 32, 3), filters=2)},
            r"discriminator: .*output has shape \(batch, 3\)",
        ),
        (
            {"generator": lambda: networks.dtn_generator((8, 8, 5), (32, 32, 3), filters=2)},
            r"generator: .*input has shape \(batch, 8, 8, 64\)",
        ),
        ({"features": "figures_v1:conv4", "image_shape": (33, 33, 3)}, "feature_shape: expected"),
    ],
)
def test_what_does_not_fit(arguments, said):
    built = {name: value() if callable(value) else value for name, value in arguments.items()}
    with pytest.raises(InputError, match=said):
        DTN(**built)


def of(features, generator):
    return DTN(SHAPE, generator=generator, discriminator=of_three(LOGITS), features=features)


def test_a_start_from_another_takes_f_over_with_g():
    one, other = (of(times(w + 1), generator=times(w)) for w in (1.0, 3.0))
    images = np.full((1, *SHAPE), -0.1, "float32")
    other.start_from(one)
    np.testing.assert_allclose(other.translate(images), one.translate(images))
    np.testing.assert_array_equal(other.network_input(S), one.network_input(S))


def test_a_start_from_another_with_other_features():
    """The generators have the same shapes, but each decodes other features."""
    one, other = (of(f"{name}_v1:conv1", generator=times(1.0, 32)) for name in ("figures", "mnist"))
    with pytest.raises(InputError, match=r"features: expected 'figures_v1:conv1', .* got 'mnist_v"):
        other.start_from(one)
    with pytest.raises(InputError, match="got 'the model "):
        by_hand().start_from(one)


def test_the_same_features_under_another_name(tmp_path):
    images = keras.Input((None, None, 1))
    file = keras.Model(images, keras.layers.Conv2D(2, 1, name="same")(images))
    file.save(tmp_path / "a.keras")
    file.save(tmp_path / "b.keras")
    generators = times(1.0, 2), times(3.0, 2)
    names = (f"{tmp_path}/{x}.keras:same" for x in "ab")
    one, other = (of(*each) for each in zip(names, generators, strict=True))
    other.start_from(one)
    for old, new in zip(one.generator.get_weights(), other.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@keras.saving.register_keras_serializable("tests.dtn")
class OwnDTN(DTN):
    @classmethod
    def from_config(cls, config, custom_objects=None):
        networks = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("generator", "discriminator")
        }
        return cls(**config | networks)


@pytest.mark.parametrize("cls", [DTN, OwnDTN])
def test_a_file_of_features_that_was_replaced_is_noticed(tmp_path, cls):
    images = keras.Input((None, None, 1))
    file = keras.Model(images, keras.layers.Conv2D(2, 1, name="same")(images))
    file.save(tmp_path / "f.keras")
    model = cls(SHAPE, None, times(1.0, 2), of_three(LOGITS), features=f"{tmp_path}/f.keras:same")
    model.save(tmp_path / "dtn.keras")
    file.save(tmp_path / "f.keras")  # on another date
    load_model(tmp_path / "dtn.keras")
    file.set_weights([1 + each for each in file.get_weights()])
    file.save(tmp_path / "f.keras")
    with pytest.warns(UserWarning, match=r"^features: expected the file '.*f.keras' as it was"):
        loaded = load_model(tmp_path / "dtn.keras")
    loaded.save(tmp_path / "again.keras")  # whose weights are of the first file, too
    with pytest.warns(UserWarning, match=r"^features: expected the file '.*f.keras' as it was"):
        load_model(tmp_path / "again.keras")


def test_f_that_the_generator_trains():
    phi = times(2.0)
    images = keras.Input(SHAPE)
    generator = keras.Model(images, keras.layers.Activation("tanh")(phi(images)))
    with pytest.raises(InputError, match=r"features: .*is the generator's too, which trains it"):
        DTN(SHAPE, generator=generator, discriminator=of_three(LOGITS), features=phi)
