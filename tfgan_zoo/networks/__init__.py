"""The players: functions that return a built `keras.Model`, one file per architecture.

Generators take `(image_shape, latent_dim, ...)` and map noise `[B, latent_dim]` to float32 samples
`[B, *image_shape]`; discriminators take `(image_shape, ...)` and map those to float32 logits
`[B, 1]`. `NETWORKS` finds them by the name that a configuration gives.
"""

from collections.abc import Callable

import keras

from tfgan_zoo.networks.dcgan import dcgan_discriminator, dcgan_generator
from tfgan_zoo.networks.mlp import mlp_discriminator, mlp_generator
from tfgan_zoo.networks.resnet import resnet_discriminator, resnet_generator

NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "dcgan_discriminator": dcgan_discriminator,
    "dcgan_generator": dcgan_generator,
    "mlp_discriminator": mlp_discriminator,
    "mlp_generator": mlp_generator,
    "resnet_discriminator": resnet_discriminator,
    "resnet_generator": resnet_generator,
}

__all__ = [
    "NETWORKS",
    "dcgan_discriminator",
    "dcgan_generator",
    "mlp_discriminator",
    "mlp_generator",
    "resnet_discriminator",
    "resnet_generator",
]
