"""Features of VGG19, for comparing images by appearance rather than by pixel."""

import hashlib
import os
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.downloads import check_online
from tfgan_zoo.errors import InputError, first_line

WEIGHTS_URL = (
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
)
"""Keras' weights of VGG19 trained on ImageNet, without the dense layers; 80 MB."""

_WEIGHTS_MD5 = "253f8cb515780f3b799900260a226db6"

#: Convolutions before each max-pooling.
_CONVOLUTIONS = (2, 2, 4, 4, 4)
LAYERS = tuple(f"{i}_{j}" for i, count in enumerate(_CONVOLUTIONS, 1) for j in range(1, count + 1))
"""Names of the layers that `vgg19_features` can return: phi_i,j as `i_j`."""


@keras.saving.register_keras_serializable("tfgan_zoo")
class VGGInput(keras.layers.Layer):
    """Converts images to VGG's input: 0 to 255, BGR, minus ImageNet's mean colour; float32.

    `y = 127.5 (x + 1)[..., ::-1] - (103.939, 116.779, 123.68)`, which is
    `keras.applications.vgg19.preprocess_input` for images in [-1, 1].

    Args:
        smallest: Smallest side to accept.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name`.

    Input shape:
        `[B, H, W, 3]`, or `[B, H, W, 1]` for grey images. H and W may be unknown.

    Output shape:
        `[B, H, W, 3]`.

    Raises:
        InputError: When called, if the images have other channels or are too small.

    Example:
        >>> VGGInput()(np.full((1, 1, 1, 1), -1.0)).numpy().ravel()
        array([-103.939, -116.779, -123.68 ], dtype=float32)
    """

    def __init__(self, smallest: int = 1, **kwargs: Any) -> None:
        # In bfloat16, numbers up to 255 would lose their fractions.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.smallest = smallest

    def build(self, input_shape: Any) -> None:
        """Creates no weights.

        Args:
            input_shape: Unused.
        """

    def call(self, inputs: Any) -> Any:
        """Converts images.

        Args:
            inputs: Images in [-1, 1].
        """
        shape = self.compute_output_shape(inputs.shape)
        # Repeats a single channel; leaves three unchanged.
        x = tf.broadcast_to(inputs, tf.concat([tf.shape(inputs)[:-1], [3]], axis=0))
        x = 127.5 * (tf.ensure_shape(x, shape)[..., ::-1] + 1)
        return x - tf.constant([103.939, 116.779, 123.68], x.dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, H, W, 3]`.

        Args:
            input_shape: Shape of the input.
        """
        shape = tuple(input_shape)
        if len(shape) != 4 or shape[-1] not in (1, 3, None):
            raise InputError(
                f"VGG19: expected images [B, H, W, 3] or, if grey, [B, H, W, 1], got shape {shape}."
            )
        if any(side is not None and side < self.smallest for side in shape[1:3]):
            raise InputError(
                f"VGG19: expected images with sides of at least {self.smallest} for these "
                f"features, got shape {shape}."
            )
        return (*shape[:-1], 3)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {"smallest": self.smallest}


def vgg19_features(
    layer: str = "5_4",
    *,
    weights: str | os.PathLike | None = "imagenet",
    divisor: float = 12.75,
    name: str = "vgg19_features",
) -> keras.Model:
    """VGG19 (Simonyan & Zisserman 2014, https://arxiv.org/abs/1409.1556) up to one layer, frozen.

    The features phi_i,j of SRGAN's content loss (Ledig et al. 2016,
    https://arxiv.org/abs/1609.04802, section 2.2.1) are those of the j-th convolution, after ReLU,
    before the i-th max-pooling. Divided by 12.75, as in the paper, their mean squared errors are
    about as large as those of pixels in [-1, 1]. Gradients flow to the images, but nothing is
    trainable, and training and inference are the same.

    Under mixed precision the convolutions compute in bfloat16, but never in float16: nothing
    normalises features of inputs up to 255, and float16 ends at 65504.

    Args:
        layer: phi_i,j as `i_j`: `5_4` (the paper's SRGAN), `2_2` (its SRGAN-VGG22), or any other
            from `1_1` on. Later layers are not built.
        weights: `imagenet`: Keras' file, from its cache (`$KERAS_HOME/models` or
            `~/.keras/models`), to which it is downloaded if missing. Or the path of a local file:
            that file, or one written by `keras.applications.VGG19(include_top=False).save_weights`.
            None: random weights, for tests.
        divisor: Number to divide features by.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, 3]` in [-1, 1], or grey ones `[B, H, W, 1]`, to float32
        features `[B, H / 2 ** (i - 1), W / 2 ** (i - 1), C]`, sides rounded down.

    Raises:
        InputError: If there is no such layer, the divisor is not above 0, or weights cannot be
            loaded or downloaded; when called, if images have other channels or are too small.

    Example:
        >>> vgg19_features("2_2", weights=None).compute_output_shape((1, 96, 96, 3))
        (1, 48, 48, 128)
    """
    if layer not in LAYERS:
        raise InputError(f"layer: expected one of {', '.join(LAYERS)}, got {layer!r}.")
    if not divisor > 0:
        raise InputError(f"divisor: expected a number above 0, got {divisor!r}.")
    path = _imagenet_file() if weights == "imagenet" else weights
    block, convolution = layer.split("_")
    inputs = keras.Input((None, None, None), name="image")
    x = VGGInput(smallest=2 ** (int(block) - 1), name="preprocess")(inputs)
    for each in _vgg19(path).layers[1:]:
        if keras.config.dtype_policy().compute_dtype == "float16":
            each.dtype_policy = "float32"
        x = each(x)
        if each.name == f"block{block}_conv{convolution}":
            break
    x = keras.layers.Rescaling(1 / divisor, dtype="float32", name="features")(x)
    model = keras.Model(inputs, x, name=name)
    model.trainable = False
    return model


def _vgg19(weights: str | os.PathLike | None) -> keras.Model:
    """Builds Keras' network and loads weights into it."""
    if weights is None:
        return keras.applications.VGG19(include_top=False, weights=None)
    path = Path(weights).expanduser()
    if not path.is_file():
        raise InputError(
            f"weights: expected a file of VGG19's weights, there is no {str(path)!r}; download "
            f"{WEIGHTS_URL} to it."
        )
    if path.suffix != ".h5":
        raise InputError(
            f"weights: expected an .h5 file such as {WEIGHTS_URL}, imagenet or None, got {path}."
        )
    network = keras.applications.VGG19(include_top=False, weights=None)
    # If a file lacks the weights of a layer, Keras only warns; NaNs that remain show it.
    for weight in network.weights:
        weight.assign(tf.fill(weight.shape, float("nan")))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network.load_weights(str(path))
        missing = [w.path for w in network.weights if not np.all(np.isfinite(w.numpy()))]
        if missing:
            raise ValueError(f"it has no {missing[0]}")
    except Exception as error:  # h5py and Keras raise anything.
        raise InputError(
            f"weights: expected VGG19's without dense layers, got {path} ({first_line(error)}); "
            f"use {WEIGHTS_URL} or a file that "
            "keras.applications.VGG19(include_top=False).save_weights wrote."
        ) from error
    return network


def _imagenet_file() -> Path:
    """Returns Keras' file from its cache, after downloading it if it is missing."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    name = WEIGHTS_URL.rpartition("/")[-1]
    path = home / "models" / name
    if path.is_file() and _md5(path) == _WEIGHTS_MD5:
        return path
    try:
        check_online(WEIGHTS_URL)
        return Path(
            keras.utils.get_file(
                name,
                WEIGHTS_URL,
                cache_subdir="models",
                cache_dir=str(home),
                file_hash=_WEIGHTS_MD5,
            )
        )
    except Exception as error:  # Keras' get_file raises a bare Exception.
        raise InputError(
            f"weights: 'imagenet' needs a file that is not in {path.parent} and cannot be "
            f"downloaded ({first_line(error)}); download {WEIGHTS_URL} on another machine, and "
            "copy it to that folder or give its path as weights."
        ) from error


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
