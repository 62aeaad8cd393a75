"""Models with known scores: the discriminator returns the mean of its input."""

import keras
import numpy as np
import tensorflow as tf

from tests.models.tiny import LATENT, SHAPE, tiny
from tfgan_zoo.models import MODELS

#: Colours of uniform samples, which are also the discriminator's scores.
REAL = (0.0, 2.0)
FAKE = (1.0, -3.0)


def images(colours):
    return tf.ones([len(colours), *SHAPE]) * np.reshape(colours, (-1, 1, 1, 1))


def linear(name, packing=1, **kwargs):
    """Builds an entry of MODELS where C(x) is the mean of x over a whole pack."""
    shape = (*SHAPE[:-1], SHAPE[-1] * packing)
    mean = keras.initializers.Constant(1 / np.prod(shape))
    critic = keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Flatten(),
            keras.layers.Dense(1, use_bias=False, kernel_initializer=mean),
        ]
    )
    generator = tiny(name, dense=True).generator
    return MODELS[name](SHAPE, LATENT, generator, critic, packing=packing, **kwargs)


def losses(model):
    """Returns (d_loss, g_loss) and all logs."""
    d_loss, d_logs = model.discriminator_loss(images(REAL), images(FAKE))
    g_loss, g_logs = model.generator_loss(images(FAKE), images(REAL))
    logs = {name: float(value) for name, value in (d_logs | g_logs).items()}
    assert set(logs) == set(model.log_names)
    return (float(d_loss), float(g_loss)), logs


def critic_batches(model, data):
    """Returns the real and fake batch of every discriminator update in one train step."""
    seen = []
    loss = model.discriminator_loss

    def watched(real, fake, *args):
        seen.append((real.numpy(), fake.numpy()))
        return loss(real, fake, *args)

    model.discriminator_loss = watched
    model.train_step(tf.constant(data))
    return seen
