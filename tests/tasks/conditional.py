"""A small model that is conditional on classes, for runs that name it by its module."""

import keras
import tensorflow as tf
from PIL import Image

from tests.tiny_runs import tiny_config
from tfgan_zoo import networks
from tfgan_zoo.models import GAN

NAMES = ("cat", "dog", "fox")


@keras.saving.register_keras_serializable("test")
class LabelledGAN(GAN):
    """G(z, label) and D(x, label), each an MLP beside an embedding of the label."""

    condition = ("label",)
    classes = 3

    def batch_spec(self):
        return super().batch_spec() | {"label": tf.TensorSpec([None], tf.int32)}

    def default_generator(self, image_shape, latent_dim):
        z, label = keras.Input((latent_dim,)), keras.Input((), dtype="int32")
        known = keras.layers.Embedding(self.classes, latent_dim)(label)
        body = networks.mlp_generator(image_shape, 2 * latent_dim, units=(8,))
        return keras.Model([z, label], body(keras.layers.Concatenate()([z, known])))

    def default_discriminator(self, image_shape):
        x, label = keras.Input(image_shape), keras.Input((), dtype="int32")
        known = keras.layers.Embedding(self.classes, 4)(label)
        code = keras.layers.Concatenate()([keras.layers.Flatten()(x), known])
        return keras.Model([x, label], keras.layers.Dense(1)(code))


@keras.saving.register_keras_serializable("test")
class FiguresGAN(LabelledGAN):
    """The same for the 48 classes of the drawn figures."""

    classes = 48


def animals(folder, **overrides):
    """Returns the config of a run on ten grey shades of each class: cats are dark, foxes bright."""
    data = folder / "animals"
    for label, name in enumerate(NAMES):
        (data / name).mkdir(parents=True, exist_ok=True)
        for i in range(10):
            image = Image.new("RGB", (16, 16), (100 * label + i,) * 3)
            image.save(data / name / f"{i}.png")
    config = tiny_config(folder, "gan", **overrides)
    with config.unlocked():
        config.model = "tests.tasks.conditional:LabelledGAN"
        config.generator = config.discriminator = {"name": ""}
        config.data.source = f"folder:{data}"
        config.train.steps = 4
        config.train.export = True
    return config
