"""Networks: functions that return a built `keras.Model`, one file per architecture.

- Generators take `(image_shape, latent_dim, num_classes, ...)` and map noise `[B, latent_dim]` to
  float32 samples `[B, *image_shape]`. Discriminators take `(image_shape, num_classes, packing,
  ...)` and map samples to float32 logits `[B, 1]`. With `num_classes`, both take class numbers
  `[B]`, of packed samples `[B, packing]`, as their second input: see `networks.classes`.
- `gan_3d_generator` and `gan_3d_discriminator` do the same with voxels.
- Generators that translate images take `(image_shape, channels, ...)` and map images to float32
  images of the same size, in [-1, 1]. PatchGAN discriminators map images to float32 logits
  `[B, h, w, 1]`. Both accept images of any size. `multiscale_discriminator` takes `(image_shape,
  num_scales, ...)` and maps images to the features and logits of each scale; `feature_encoder`
  takes `(image_shape, channels, ...)` and maps images to a few numbers for each pixel.
- `attribute_to_image_generator` takes `(image_shape, groups, ...)` and maps coded attributes to
  images with masks in their last channel.
- `dtn_generator` takes `(feature_shape, image_shape, ...)` and maps features to images.
- Generators that enlarge images take `(lr_shape, ...)` and accept images of any size.
- `image_classifier` takes `(image_shape, num_classes, ...)` and maps images to float32 logits
  `[B, num_classes]`.
- Encoders of autoencoders take `(image_shape, latent_dim, ...)` and map images to float32 codes
  `[B, latent_dim]`; decoders take the same and map codes to images, or to logits of pixels.
- Text encoders take `(embedding_dim, ...)` and map strings `[B]` to float32 vectors
  `[B, embedding_dim]`; image encoders take `(image_shape, embedding_dim, ...)` and map images to
  such vectors. Text-conditional generators and discriminators also take `embedding_dim`, and such
  vectors as their second input.
- `feature_network` loads a frozen network, from images to features, by a name such as
  "efficientnet_lite0:block3"; `vgg19_features` is VGG19 alone.

`NETWORKS` maps the names that configurations use to these functions.
"""

from collections.abc import Callable

import tfgan_zoo.backend  # noqa: F401  (refuses other backends of Keras)

# isort: split

import keras

from tfgan_zoo.networks.acgan import acgan_discriminator
from tfgan_zoo.networks.attribute_to_image import attribute_to_image_generator
from tfgan_zoo.networks.autoencoder import conv_decoder, conv_encoder, mlp_decoder, mlp_encoder
from tfgan_zoo.networks.biggan import biggan_discriminator, biggan_generator
from tfgan_zoo.networks.cgan import cgan_discriminator, cgan_generator
from tfgan_zoo.networks.common import size_multiple, smallest_side
from tfgan_zoo.networks.dcgan import dcgan_discriminator, dcgan_generator
from tfgan_zoo.networks.dtn import dtn_discriminator, dtn_generator
from tfgan_zoo.networks.features import FEATURE_NETWORKS, feature_network
from tfgan_zoo.networks.gan_3d import gan_3d_discriminator, gan_3d_generator
from tfgan_zoo.networks.image_classifier import image_classifier
from tfgan_zoo.networks.image_encoder import image_encoder
from tfgan_zoo.networks.mlp import mlp_discriminator, mlp_generator
from tfgan_zoo.networks.msrresnet import msrresnet_generator
from tfgan_zoo.networks.patchgan import patchgan_discriminator
from tfgan_zoo.networks.pix2pix_hd import (
    feature_encoder,
    global_generator,
    local_enhancer,
    multiscale_discriminator,
)
from tfgan_zoo.networks.r3gan import r3gan_discriminator, r3gan_generator
from tfgan_zoo.networks.resnet import resnet_discriminator, resnet_generator
from tfgan_zoo.networks.rrdb import rrdb_generator
from tfgan_zoo.networks.sngan import sngan_discriminator, sngan_generator
from tfgan_zoo.networks.srgan_discriminator import srgan_discriminator
from tfgan_zoo.networks.srresnet import srresnet_generator
from tfgan_zoo.networks.srvgg import srvgg_generator
from tfgan_zoo.networks.text_conditional import (
    text_conditional_discriminator,
    text_conditional_generator,
)
from tfgan_zoo.networks.text_encoder import char_cnn_rnn, vocabulary_of, word_encoder
from tfgan_zoo.networks.translation_resnet import translation_resnet
from tfgan_zoo.networks.unet import encoder_decoder_generator, unet_generator
from tfgan_zoo.networks.vae_gan import vae_gan_decoder, vae_gan_discriminator, vae_gan_encoder
from tfgan_zoo.networks.vgg_features import vgg19_features

NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "acgan_discriminator": acgan_discriminator,
    "attribute_to_image_generator": attribute_to_image_generator,
    "biggan_discriminator": biggan_discriminator,
    "biggan_generator": biggan_generator,
    "cgan_discriminator": cgan_discriminator,
    "cgan_generator": cgan_generator,
    "char_cnn_rnn": char_cnn_rnn,
    "conv_decoder": conv_decoder,
    "conv_encoder": conv_encoder,
    "dcgan_discriminator": dcgan_discriminator,
    "dcgan_generator": dcgan_generator,
    "dtn_discriminator": dtn_discriminator,
    "dtn_generator": dtn_generator,
    "encoder_decoder_generator": encoder_decoder_generator,
    "feature_encoder": feature_encoder,
    "gan_3d_discriminator": gan_3d_discriminator,
    "gan_3d_generator": gan_3d_generator,
    "global_generator": global_generator,
    "image_classifier": image_classifier,
    "image_encoder": image_encoder,
    "local_enhancer": local_enhancer,
    "mlp_decoder": mlp_decoder,
    "mlp_discriminator": mlp_discriminator,
    "mlp_encoder": mlp_encoder,
    "mlp_generator": mlp_generator,
    "msrresnet_generator": msrresnet_generator,
    "multiscale_discriminator": multiscale_discriminator,
    "patchgan_discriminator": patchgan_discriminator,
    "r3gan_discriminator": r3gan_discriminator,
    "r3gan_generator": r3gan_generator,
    "resnet_discriminator": resnet_discriminator,
    "resnet_generator": resnet_generator,
    "rrdb_generator": rrdb_generator,
    "sngan_discriminator": sngan_discriminator,
    "sngan_generator": sngan_generator,
    "srgan_discriminator": srgan_discriminator,
    "srresnet_generator": srresnet_generator,
    "srvgg_generator": srvgg_generator,
    "text_conditional_discriminator": text_conditional_discriminator,
    "text_conditional_generator": text_conditional_generator,
    "translation_resnet": translation_resnet,
    "unet_generator": unet_generator,
    "vae_gan_decoder": vae_gan_decoder,
    "vae_gan_discriminator": vae_gan_discriminator,
    "vae_gan_encoder": vae_gan_encoder,
    "word_encoder": word_encoder,
}

__all__ = [
    "FEATURE_NETWORKS",
    "NETWORKS",
    "acgan_discriminator",
    "attribute_to_image_generator",
    "biggan_discriminator",
    "biggan_generator",
    "cgan_discriminator",
    "cgan_generator",
    "char_cnn_rnn",
    "conv_decoder",
    "conv_encoder",
    "dcgan_discriminator",
    "dcgan_generator",
    "dtn_discriminator",
    "dtn_generator",
    "encoder_decoder_generator",
    "feature_encoder",
    "feature_network",
    "gan_3d_discriminator",
    "gan_3d_generator",
    "global_generator",
    "image_classifier",
    "image_encoder",
    "local_enhancer",
    "mlp_decoder",
    "mlp_discriminator",
    "mlp_encoder",
    "mlp_generator",
    "msrresnet_generator",
    "multiscale_discriminator",
    "patchgan_discriminator",
    "r3gan_discriminator",
    "r3gan_generator",
    "resnet_discriminator",
    "resnet_generator",
    "rrdb_generator",
    "size_multiple",
    "smallest_side",
    "sngan_discriminator",
    "sngan_generator",
    "srgan_discriminator",
    "srresnet_generator",
    "srvgg_generator",
    "text_conditional_discriminator",
    "text_conditional_generator",
    "translation_resnet",
    "unet_generator",
    "vae_gan_decoder",
    "vae_gan_discriminator",
    "vae_gan_encoder",
    "vgg19_features",
    "vocabulary_of",
    "word_encoder",
]
