"""A small model that is conditional on classes, for runs that name it by its module."""

import keras
import tensorflow as tf

from tfgan_zoo import networks
from tfgan_zoo.models import GAN
from tfgan_zoo.run import building
from tfgan_zoo.run.folder import Run
from tfgan_zoo.tasks import task_of


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


def untrained(config, folder):
    """Writes a run at its first step, with the names of its classes; returns its model, and it."""
    config = task_of(building.model_class(config.model)).resolve(
        building.model_class(config.model), config, {}
    )
    model = building.build_model(config)
    with Run(folder).claim(config):
        Run(folder).checkpoints.save(model, 0, None, None, {})
    return model, folder
