"""Arguments of constructors of any type: they are understood, or refused in a sentence."""

import contextlib

import keras
import numpy as np
import pytest

from tests.marks import slow_except
from tests.models.changed import EVERY, arguments, gan
from tests.models.tiny import LATENT, SHAPE
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import GAN, GANCLS, WGAN

NONSENSE = ("nonsense", None, -1, 1.5, True, [], {}, [None, "x"], object(), float("nan"))


@pytest.mark.parametrize("name", slow_except(("dcgan", "gan_cls"), EVERY))
def test_every_argument_of_any_type_is_taken_or_refused_in_a_sentence(name):
    given = arguments(name)
    for argument in given:
        for value in NONSENSE:
            # Of several arguments together, another one may be named.
            with contextlib.suppress(InputError):
                EVERY[name](**given | {argument: value})


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "shape",
    [6.5, (64, 64), "64x64", (64.5, 64, 3), (None, 64, 3), (0, 64, 3), (64, 64, "3"), None, {}],
    ids=str,
)
def test_shapes_that_are_none_are_refused(name, shape):
    first = "depth, " if name == "gan_3d" else ""
    expected = rf"^image_shape: expected \({first}height, width, channels\)"
    with pytest.raises(InputError, match=expected):
        EVERY[name](shape)


def test_shapes_and_sizes_of_any_type_of_number_are_understood():
    model = gan()
    networks = {"generator": model.generator, "discriminator": model.discriminator}
    for shape in ([8, 8, 1], (8.0, 8, 1), np.array([8, 8, 1]), tuple(np.float32([8, 8, 1]))):
        made = GAN(shape, np.int64(4), **networks)
        assert made.image_shape == (8, 8, 1)
        assert {type(n) for n in made.image_shape} == {int}
    assert GAN((8, 8, 1), None, **networks).latent_dim == 4
    assert GAN((8, 8, 1), generator=None, latent_dim=3.0).latent_dim == 3


@pytest.mark.parametrize(
    ("cls", "given", "sentence"),
    [
        (GAN, {"latent_dim": "100"}, "latent_dim: expected a whole number from 1 up, got '100'"),
        (GAN, {"latent_dim": 0}, "latent_dim: .* got 0"),
        (GAN, {"seed": None}, "seed: expected a whole number .* got None; .*give one"),
        (GAN, {"seed": 1.5}, "seed: .* got 1.5"),
        (GAN, {"seed": True}, "seed: .* got True"),
        (GAN, {"ema_half_life": "10"}, "ema_half_life: expected a number above 0, got '10'"),
        (WGAN, {"skip_discriminator_above": "0.9"}, "skip_discriminator_above: .*got '0.9'"),
        (GANCLS, {"embedding_dim": "8"}, "embedding_dim: .* got '8'"),
        (GANCLS, {"interpolation": "no"}, "interpolation: expected True or False, got 'no'"),
        (GANCLS, {"text_encoder": "gru"}, "text_encoder: expected .* got 'gru'"),
        (EVERY["lsgan"], {"a": "0"}, "a: expected a number, got '0'"),
        (EVERY["relativistic_gan"], {"average": "no"}, "average: expected True or False"),
        (EVERY["cyclegan"], {"pool_size": 2.5}, "pool_size: .*whole number.* got 2.5"),
        (EVERY["cyclegan"], {"channels_b": "3"}, "channels_b: .* got '3'"),
        (EVERY["srgan"], {"content_layer": "9_9"}, "content_layer: expected one of 1_1"),
        (EVERY["srgan"], {"scale": "4"}, "scale: expected 2, 4 or 8, got '4'"),
        (EVERY["joint_embedding"], {"ema_half_life": 10.0}, "ema_half_life: expected None"),
        (EVERY["joint_embedding"], {"seed": None}, "seed: .* got None"),
    ],
)
def test_arguments_of_another_type_are_refused(cls, given, sentence):
    more = arguments("joint_embedding") if "joint" in cls.__name__.lower() else {}
    with pytest.raises(InputError, match=f"^{sentence}"):
        cls(**more | given)


# ---------------------------------------------------------------------- networks

L = keras.layers


def image(*inputs):
    x = L.Concatenate()([L.Flatten()(x) for x in inputs]) if len(inputs) > 1 else inputs[0]
    return L.Reshape(SHAPE)(L.Dense(int(np.prod(SHAPE)), activation="tanh")(L.Flatten()(x)))


def z(*shape, **kwargs):
    return keras.Input(shape or (LATENT,), **kwargs)


@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize(
    "name", slow_except(("gan", "gan_cls"), ("gan", "pix2pix", "srgan", "cyclegan", "gan_cls"))
)
def test_networks_of_another_number_of_inputs_or_outputs_are_refused(name, role):
    given = arguments(name)
    slot = next(slot for slot in given if slot.startswith(role) and "_s" not in slot)
    network = given[slot]
    ins, (out,) = network.inputs, network.outputs
    named, more = {x.name: x for x in ins}, z(1)
    wrong = {
        rf"a network of .*got {len(ins) + 1} inputs": keras.Model(
            [*ins, more], L.Add()([out, L.Reshape([1] * (len(out.shape) - 1))(more)])
        ),
        r"a network of .*got a dict of inputs with the keys ": keras.Model(named, out),
        r"a network of one output, got 2 outputs": keras.Model(ins, [out, out]),
        r"a network of one output, got a dict of outputs with the keys 'o'": keras.Model(
            ins, {"o": out}
        ),
    }
    for sentence, each in wrong.items():
        with pytest.raises(InputError, match=rf"^{slot}: expected {sentence}"):
            EVERY[name](**given | {slot: each})


@pytest.mark.parametrize("slot", ["text_encoder", "image_encoder"])
def test_encoders_of_another_number_of_outputs_are_refused(slot):
    given = arguments("joint_embedding")
    network = given[slot]
    two = keras.Model(network.inputs, network.outputs * 2)
    with pytest.raises(InputError, match=f"^{slot}: expected a network of one output, got 2"):
        EVERY["joint_embedding"](**given | {slot: two})


def test_a_text_encoder_of_numbers_is_refused():
    x = keras.Input((5,))
    numbers = keras.Model(x, L.Dense(3)(x))
    given = arguments("joint_embedding") | {"text_encoder": numbers}
    with pytest.raises(InputError, match=r"^text_encoder: .* of strings, got one of float32"):
        EVERY["joint_embedding"](**given)
    with pytest.raises(InputError, match=r"^text_encoder: .*network of strings"):
        GANCLS(**arguments("gan_cls") | {"text_encoder": numbers, "embedding_dim": 6})


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((1, 1, LATENT), r"keras.Input\(\(8,\)\) and a keras.layers.Reshape\(\(1, 1, 8\)\)"),
        ((None, LATENT), r"keras.Input\(\(8,\)\)"),
    ],
)
def test_a_generator_that_takes_no_vectors_is_refused(shape, advice):
    x = z(*shape)
    made = L.Dense(int(np.prod(SHAPE)))(L.GlobalAveragePooling2D()(x) if len(shape) == 3 else x)
    made = L.GlobalAveragePooling1D()(made) if len(shape) == 2 else made
    generator = keras.Model(x, L.Reshape(SHAPE)(made))
    given = arguments("dcgan") | {"generator": generator}
    with pytest.raises(
        InputError, match=rf"^generator: expected .*\(batch, latent_dim\).*{advice}"
    ):
        EVERY["dcgan"](**given)


def test_a_generator_with_two_inputs_is_refused():
    a, b = z(), z()
    given = arguments("gan") | {"generator": keras.Model([a, b], image(a, b))}
    with pytest.raises(InputError, match=r"^generator: expected a network of one input, got 2"):
        GAN(**given)
    one = keras.Model([a], image(a))  # in a list of one
    assert GAN(**given | {"generator": one}).latent_dim == LATENT
