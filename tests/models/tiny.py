"""Every entry of MODELS with networks small enough to train in a test."""

import numpy as np
import tensorflow as tf

from tfgan_zoo import networks
from tfgan_zoo.models import MODELS

SHAPE = (16, 16, 3)
LATENT = 8

#: What can be switched on in every game, all at once.
OPTIONS = {
    "packing": 2,
    "r1_gamma": 1.0,
    "r1_every": 2,
    "diff_augment": ("color", "translation", "cutout"),
    "ema_half_life": 50.0,
}


def tiny(name, /, *, normalization="batch", synchronized_bn=False, dense=False, **kwargs):
    """Builds an entry: `gan` with maxout and dropout, the others convolutional unless `dense`."""
    packed = (*SHAPE[:-1], SHAPE[-1] * kwargs.get("packing", 1))
    if name == "gan" or dense:
        dropout = {} if name == "gan" else {"input_dropout": 0.0, "dropout": 0.0}
        generator = networks.mlp_generator(SHAPE, LATENT, units=(16,))
        discriminator = networks.mlp_discriminator(packed, units=(8,), maxout_pieces=2, **dropout)
    else:
        options = {"normalization": normalization, "synchronized_bn": synchronized_bn}
        generator = networks.dcgan_generator(SHAPE, LATENT, filters=4, **options)
        if name == "wgan_gp":
            options = {"normalization": "layer"}
        discriminator = networks.dcgan_discriminator(packed, filters=4, **options)
    if name in ("gan", "wgan", "wgan_gp"):
        kwargs = {"discriminator_steps": 2, **kwargs}
    return MODELS[name](SHAPE, LATENT, generator, discriminator, **kwargs)


def compiled(name, /, **kwargs):
    model = tiny(name, **kwargs)
    model.compile()
    return model


def samples(model, steps=1, batch=4, seed=0):
    """uint8 images for so many train steps."""
    count = steps * model.samples_per_step(batch)
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE), "uint8")


def dataset(model, steps=1, seed=0, first=0):
    """The same as batches, from the `first` step on."""
    images = samples(model, first + steps, seed=seed)
    batches = tf.data.Dataset.from_tensor_slices(images).batch(
        model.samples_per_step(4), drop_remainder=True
    )
    return batches.skip(first)


def fit(model, data, **kwargs):
    return model.fit(data, shuffle=False, verbose=0, **kwargs).history


def state(model):
    """Everything that training changes: (name, value)."""
    owners = (model, model.generator_optimizer, model.discriminator_optimizer)
    return [(v.path, v.numpy()) for owner in owners for v in owner.variables]


def assert_same(state, expected, **tolerance):
    """Bit for bit, unless a tolerance is given."""
    compare = np.testing.assert_allclose if tolerance else np.testing.assert_array_equal
    for (name, value), (_, other) in zip(state, expected, strict=True):
        compare(value, other, err_msg=name, **tolerance)
