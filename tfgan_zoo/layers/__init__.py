"""Layers that Keras lacks, or has in a form that cannot be resumed or distributed exactly."""

from tfgan_zoo.layers.dropout import StatelessDropout
from tfgan_zoo.layers.maxout import Maxout

__all__ = ["Maxout", "StatelessDropout"]
