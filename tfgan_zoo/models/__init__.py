"""The models: one file for each published system."""

import tfgan_zoo.backend  # noqa: F401  (refuses other backends of Keras)
from tfgan_zoo.models.acgan import ACGAN
from tfgan_zoo.models.attribute_to_image import AttributeToImage
from tfgan_zoo.models.autoencoder import Autoencoder
from tfgan_zoo.models.autoencoding import Autoencoding
from tfgan_zoo.models.base import ZooModel
from tfgan_zoo.models.biggan import BigGAN
from tfgan_zoo.models.cgan import CGAN
from tfgan_zoo.models.classifier import Classifier
from tfgan_zoo.models.cyclegan import CycleGAN
from tfgan_zoo.models.dcgan import DCGAN
from tfgan_zoo.models.denoising_autoencoder import DenoisingAutoencoder
from tfgan_zoo.models.dtn import DTN
from tfgan_zoo.models.embedding_autoencoder import EmbeddingAutoencoder
from tfgan_zoo.models.feature_inversion import FeatureInversion
from tfgan_zoo.models.game import Game, GANModel
from tfgan_zoo.models.gan import GAN
from tfgan_zoo.models.gan_3d import GAN3D
from tfgan_zoo.models.gan_cls import GANCLS
from tfgan_zoo.models.image_to_image import ImageToImage
from tfgan_zoo.models.joint_embedding import JointEmbedding
from tfgan_zoo.models.label_to_image import LabelToImage
from tfgan_zoo.models.lsgan import LSGAN
from tfgan_zoo.models.noise_to_image import NoiseToImage
from tfgan_zoo.models.pix2pix import Pix2Pix
from tfgan_zoo.models.pix2pix_hd import Pix2PixHD
from tfgan_zoo.models.r3gan import R3GAN
from tfgan_zoo.models.relativistic_gan import RelativisticGAN
from tfgan_zoo.models.sngan import SNGAN
from tfgan_zoo.models.sparse_autoencoder import SparseAutoencoder
from tfgan_zoo.models.srgan import SRGAN
from tfgan_zoo.models.vae import VAE
from tfgan_zoo.models.vae_gan import VAEGAN
from tfgan_zoo.models.wgan import WGAN
from tfgan_zoo.models.wgan_gp import WGANGP

#: Every model by its name; tests, configs and commands find them here.
MODELS: dict[str, type[ZooModel]] = {
    "gan": GAN,
    "dcgan": DCGAN,
    "lsgan": LSGAN,
    "wgan": WGAN,
    "wgan_gp": WGANGP,
    "relativistic_gan": RelativisticGAN,
    "cgan": CGAN,
    "acgan": ACGAN,
    "sngan": SNGAN,
    "biggan": BigGAN,
    "r3gan": R3GAN,
    "gan_3d": GAN3D,
    "cyclegan": CycleGAN,
    "pix2pix": Pix2Pix,
    "pix2pix_hd": Pix2PixHD,
    "dtn": DTN,
    "srgan": SRGAN,
    "gan_cls": GANCLS,
    "joint_embedding": JointEmbedding,
    "classifier": Classifier,
    "autoencoder": Autoencoder,
    "denoising_autoencoder": DenoisingAutoencoder,
    "sparse_autoencoder": SparseAutoencoder,
    "vae": VAE,
    "embedding_autoencoder": EmbeddingAutoencoder,
    "vae_gan": VAEGAN,
    "attribute_to_image": AttributeToImage,
}

#: Models that are trained before others.
PRETRAINED: dict[str, type[ZooModel]] = {
    "joint_embedding": JointEmbedding,
    "classifier": Classifier,
}

__all__ = [
    "ACGAN",
    "CGAN",
    "DCGAN",
    "DTN",
    "GAN",
    "GAN3D",
    "GANCLS",
    "LSGAN",
    "MODELS",
    "PRETRAINED",
    "R3GAN",
    "SNGAN",
    "SRGAN",
    "VAE",
    "VAEGAN",
    "WGAN",
    "WGANGP",
    "AttributeToImage",
    "Autoencoder",
    "Autoencoding",
    "BigGAN",
    "Classifier",
    "CycleGAN",
    "DenoisingAutoencoder",
    "EmbeddingAutoencoder",
    "FeatureInversion",
    "GANModel",
    "Game",
    "ImageToImage",
    "JointEmbedding",
    "LabelToImage",
    "NoiseToImage",
    "Pix2Pix",
    "Pix2PixHD",
    "RelativisticGAN",
    "SparseAutoencoder",
    "ZooModel",
]
