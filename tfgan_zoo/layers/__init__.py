"""Layers that Keras lacks, or has in a form that cannot be resumed or distributed exactly."""

from tfgan_zoo.layers.batch_normalization import PredictionTimeBatchNormalization
from tfgan_zoo.layers.dropout import StatelessDropout
from tfgan_zoo.layers.image_pool import ImagePool
from tfgan_zoo.layers.inference import set_inference
from tfgan_zoo.layers.maxout import Maxout
from tfgan_zoo.layers.reflection_padding import ReflectionPadding2D

__all__ = [
    "ImagePool",
    "Maxout",
    "PredictionTimeBatchNormalization",
    "ReflectionPadding2D",
    "StatelessDropout",
    "set_inference",
]
