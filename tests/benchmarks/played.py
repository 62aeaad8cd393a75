"""Models whose steps the contenders of `benchmarks.speed` repeat, with the same draws."""

import functools

import keras
import numpy as np
import tensorflow as tf

from tests.models import tiny
from tests.models.test_small_sides import TRANSLATORS
from tests.models.tiny import labelled
from tfgan_zoo import networks
from tfgan_zoo.models import GAN3D, Game


def gan_3d(upsampling="transposed"):
    """Returns the game of the recipe `gan_3d` with fewer maps, and fakes of the real labels."""
    shape, latent, classes = tiny.VOXELS, tiny.LATENT, tiny.CLASSES
    generator = networks.gan_3d_generator(
        shape, latent, classes, filters=4, upsampling=upsampling, conditional_normalization=False
    )
    judge = networks.gan_3d_discriminator(shape, classes, filters=4, normalization="none")
    options = {"num_classes": classes, "fake_labels": "real", "skip_discriminator_above": None}
    return GAN3D(shape, latent, generator, judge, latent_distribution="normal", **options)


#: A learning rate with which an update changes the losses.
RATE = 0.01
#: How each is built, small.
CASES = {
    "gan_3d": gan_3d,
    "gan_3d resize": functools.partial(gan_3d, "resize"),
    "attribute_to_image": functools.partial(
        tiny.tiny, "attribute_to_image", augmentation=None, mask_weight=0.5
    ),
    "pix2pix_hd": functools.partial(labelled, style_size=2, enhancer=True),
    "pix2pix": TRANSLATORS["pix2pix"],
}
#: Those whose plain Keras has the same losses, and not only multiples of them.
PLAIN = [name for name in CASES if name != "pix2pix"]


def build(name):
    """Returns a case's model, whose weights are large enough for its losses to depend on them."""
    tf.random.set_seed(0)
    model = CASES[name]()
    for members in model.roles().values():
        for network in members:
            random = np.random.default_rng(0)
            for weight in network.trainable_variables:
                if len(weight.shape) > 1:
                    scale = np.sqrt(2 / np.prod(weight.shape[:-1]))
                    weight.assign(scale * random.standard_normal(weight.shape))
    return model


def latents(*shape):
    """Returns the noise of every step."""
    return tf.constant(np.random.default_rng(1).standard_normal(shape, "float32"))


def descent():
    """Returns an optimizer whose updates are as exact as the gradients, unlike Adam's first."""
    return keras.optimizers.SGD(RATE)


def losses(model, batches, monkeypatch):
    """Returns the means over some steps of a model's losses, by their names."""
    monkeypatch.setattr(
        model, "latents", lambda purpose, count: latents(count, model.latent_dim), raising=False
    )
    model.compile(*[descent() for _ in model.roles()])
    for batch in batches:
        logs = model.train_step(tf.nest.map_structure(tf.constant, batch))
    return {name: float(value) for name, value in logs.items()}


def logged(model):
    """Returns the names of the losses that plain Keras logs."""
    return ("d_loss", "g_loss") if isinstance(model, Game) else ("image_loss", "mask_loss")


def minimized(model):
    """Returns the names of the losses that the roles minimise, in their order."""
    return ("g_loss", "d_loss") if isinstance(model, Game) else ("loss",)
