"""Layers that Keras lacks, or whose Keras versions are slow or cannot be resumed exactly."""

import tfgan_zoo.backend  # noqa: F401  (refuses other backends of Keras)
from tfgan_zoo.layers.average_pooling import CentredAveragePooling2D
from tfgan_zoo.layers.batch_normalization import PredictionTimeBatchNormalization
from tfgan_zoo.layers.bilinear_upsampling import BilinearUpsampling2D
from tfgan_zoo.layers.class_embedding import ClassEmbedding
from tfgan_zoo.layers.conditional_normalization import ConditionalBatchNormalization
from tfgan_zoo.layers.dropout import StatelessDropout
from tfgan_zoo.layers.fir_resampling import FIRDownsampling2D, FIRUpsampling2D
from tfgan_zoo.layers.grouped_convolution import GroupedConv2D
from tfgan_zoo.layers.image_pool import ImagePool
from tfgan_zoo.layers.inference import set_inference
from tfgan_zoo.layers.initializers import ICNR
from tfgan_zoo.layers.maxout import Maxout
from tfgan_zoo.layers.normalization import BatchNormalization, GroupNormalization
from tfgan_zoo.layers.pixel_shuffle import PixelShuffle, PixelUnshuffle
from tfgan_zoo.layers.rectifiers import LeakyReLU, ReLU
from tfgan_zoo.layers.recurrent import UngatedStartGRU
from tfgan_zoo.layers.reflection_padding import ReflectionPadding2D
from tfgan_zoo.layers.self_attention import SelfAttention2D
from tfgan_zoo.layers.sign_number import SignNumber
from tfgan_zoo.layers.spatial_basis import SpatialBasis, SpatialProjection
from tfgan_zoo.layers.spectral_normalization import SpectralNormalization

__all__ = [
    "ICNR",
    "BatchNormalization",
    "BilinearUpsampling2D",
    "CentredAveragePooling2D",
    "ClassEmbedding",
    "ConditionalBatchNormalization",
    "FIRDownsampling2D",
    "FIRUpsampling2D",
    "GroupNormalization",
    "GroupedConv2D",
    "ImagePool",
    "LeakyReLU",
    "Maxout",
    "PixelShuffle",
    "PixelUnshuffle",
    "PredictionTimeBatchNormalization",
    "ReLU",
    "ReflectionPadding2D",
    "SelfAttention2D",
    "SignNumber",
    "SpatialBasis",
    "SpatialProjection",
    "SpectralNormalization",
    "StatelessDropout",
    "UngatedStartGRU",
    "set_inference",
]
