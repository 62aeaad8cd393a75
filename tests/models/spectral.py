"""A game whose discriminator and generator are spectrally normalised."""

import keras
import numpy as np
from keras import layers

from tests.models.tiny import LATENT, SHAPE
from tfgan_zoo import networks
from tfgan_zoo.layers import SelfAttention2D, SpectralNormalization
from tfgan_zoo.models import MODELS


def generator():
    latents = keras.Input((LATENT,))
    x = SpectralNormalization(layers.Dense(4 * 4 * 8, name="project"))(latents)
    x = layers.Reshape((4, 4, 8))(x)
    options = {"strides": 4, "padding": "same", "activation": "tanh", "name": "output"}
    x = SpectralNormalization(layers.Conv2DTranspose(SHAPE[-1], 4, **options))(x)
    return keras.Model(latents, x, name="generator")


def discriminator(attention=False):
    image = keras.Input(SHAPE)
    x = SpectralNormalization(layers.Conv2D(8, 4, strides=4, name="conv"))(image)
    x = layers.LeakyReLU(0.2)(x)
    if attention:
        x = SelfAttention2D(spectral_normalization=True, name="attention")(x)
    x = layers.Flatten()(x)
    x = SpectralNormalization(layers.Dense(1, dtype="float32", name="logits"))(x)
    return keras.Model(image, x, name="discriminator")


def game(name="dcgan", attention=False, plain_generator=False, **kwargs):
    plain = networks.mlp_generator(SHAPE, LATENT, units=(8,))
    made = plain if plain_generator else generator()
    return MODELS[name](SHAPE, LATENT, made, discriminator(attention), **kwargs)


def spectral_layers(network):
    return [layer for layer in network.layers if isinstance(layer, SpectralNormalization)]


def matrix(layer):
    """Returns the kernel as `[inputs, outputs]`."""
    kernel = np.array(layer.kernel)
    if isinstance(layer.layer, layers.Conv2DTranspose):
        kernel = kernel.transpose(0, 1, 3, 2)
    return kernel.reshape(-1, kernel.shape[-1])
