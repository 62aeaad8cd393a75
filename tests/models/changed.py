"""Arguments and networks for building entries of MODELS in changed forms."""

import keras

from tests.models.tiny import MODELS, tiny

L = keras.layers

EVERY = MODELS


def arguments(name):
    """Returns the constructor arguments of a small model, including its networks."""
    if name == "joint_embedding":
        model = EVERY[name]((8, 8, 1), 3, text_encoder(), vectors())
    else:
        model = tiny(name)
    networks = {slot: getattr(model, slot) for slot in slots(model)}
    return {k: v for k, v in model.get_config().items() if k != "dtype"} | networks


def slots(model):
    return [
        slot for slot in model.get_config() if isinstance(getattr(model, slot, None), keras.Model)
    ]


def text_encoder():
    text = keras.Input((), dtype="string")
    hashed = L.Lambda(lambda x: keras.ops.ones((1, 1)), output_shape=(1,), dtype="float32")(text)
    return keras.Model(text, L.Dense(3)(hashed))


def vectors():
    return keras.Sequential([keras.Input((8, 8, 1)), L.Flatten(), L.Dense(3)])


def ended(network, *layers):
    """Returns a network with layers after its output."""
    x = network.outputs[0]
    for layer in layers:
        x = layer(x)
    return keras.Model(network.inputs, x)


def gan(*end, shape=(8, 8, 1), generator_end="tanh", **kwargs):
    """Returns a GAN of dense layers whose discriminator ends in the given layers."""
    flat = [keras.Input(shape), L.Flatten(name="flat"), L.Dense(1, name="score")]
    made = [keras.Input((4,)), L.Dense(shape[0] * shape[1], activation=generator_end)]
    return MODELS["gan"](
        shape,
        **{
            "generator": keras.Sequential([*made, L.Reshape(shape)]),
            "discriminator": keras.Sequential([*flat, *end]),
            **kwargs,
        },
    )
