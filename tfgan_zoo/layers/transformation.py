"""Transformations of images and their masks by given numbers, Dosovitskiy et al. 2014."""

import math

import tensorflow as tf

#: What each number of a transformation changes at 1; at -1 it does the reverse. Degrees, shares of
#: the size, and binary logarithms of factors.
TRANSFORMATIONS = {
    "rotation": 10.0,  # degrees clockwise
    "shift_x": 0.1,  # of the width, to the right
    "shift_y": 0.1,  # of the height, downwards
    "zoom": 0.25,  # of both axes
    "stretch": 0.15,  # wider and lower
    "hue": 30.0,  # degrees about the grey axis, from red towards green
    "saturation": 0.5,
    "brightness": 0.3,
}


def transform(images: tf.Tensor, masks: tf.Tensor, theta: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Transforms images on black, and their masks alike.

    The geometry of both changes in the same way, with linear interpolation and black beyond the
    border. Colours change in the images alone: their chroma is turned and scaled, then the whole
    colour is scaled, and values are clipped to [0, 1]. Black stays black. Zeros change nothing.

    Args:
        images: Images `[B, H, W, C]`, floats in [0, 1].
        masks: Masks `[B, H, W, 1]`, floats in [0, 1].
        theta: Numbers in [-1, 1], one for each of `TRANSFORMATIONS`, `[B, 8]`.

    Returns:
        Images and masks of the same shapes.

    Example:
        >>> image = tf.constant([[[[1.0], [0.0], [0.0], [0.0], [0.0]]]])
        >>> right = tf.constant([[0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])  # by 0.2 of 5 pixels
        >>> transform(image, image, right)[1].numpy().ravel().round(4).tolist()
        [0.0, 1.0, 0.0, 0.0, 0.0]
    """
    numbers = tf.unstack(
        tf.cast(theta, tf.float32) * tf.constant([*TRANSFORMATIONS.values()]), 8, 1
    )
    given = dict(zip(TRANSFORMATIONS, numbers, strict=True))
    both = _moved(tf.concat([images, masks], axis=-1), given)
    images, masks = both[..., :-1], both[..., -1:]
    return tf.clip_by_value(_recoloured(images, given), 0.0, 1.0), masks


def _moved(images: tf.Tensor, given: dict[str, tf.Tensor]) -> tf.Tensor:
    """Returns images turned, scaled and shifted about their centre."""
    _, height, width, channels = images.shape
    angle = given["rotation"] * (math.pi / 180)
    cos, sin = _pixels(tf.cos(angle)), _pixels(tf.sin(angle))
    wide = _pixels(tf.pow(2.0, given["zoom"] + given["stretch"]))
    high = _pixels(tf.pow(2.0, given["zoom"] - given["stretch"]))
    # Where each pixel of the result comes from: shifted back, turned back, scaled back.
    x = _from_centre(width)[tf.newaxis, tf.newaxis] - _pixels(given["shift_x"]) * width
    y = _from_centre(height)[tf.newaxis, :, tf.newaxis] - _pixels(given["shift_y"]) * height
    columns = (cos * x + sin * y) / wide + (width - 1) / 2
    rows = (cos * y - sin * x) / high + (height - 1) / 2
    # A border of zeros, to which all places beyond it are moved.
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
    columns = tf.clip_by_value(columns + 1, 0.0, width + 1.0)
    rows = tf.clip_by_value(rows + 1, 0.0, height + 1.0)
    left = tf.minimum(tf.floor(columns), float(width))
    top = tf.minimum(tf.floor(rows), float(height))
    along, down = (columns - left)[..., tf.newaxis], (rows - top)[..., tf.newaxis]
    flat = tf.reshape(padded, [-1, channels])
    first = tf.range(tf.shape(images)[0])[:, tf.newaxis, tf.newaxis] * ((height + 2) * (width + 2))
    corner = first + tf.cast(top, tf.int32) * (width + 2) + tf.cast(left, tf.int32)

    def at(offset: int) -> tf.Tensor:
        return tf.gather(flat, corner + offset)

    upper = at(0) * (1 - along) + at(1) * along
    lower = at(width + 2) * (1 - along) + at(width + 3) * along
    return tf.ensure_shape(upper * (1 - down) + lower * down, images.shape)


def _recoloured(images: tf.Tensor, given: dict[str, tf.Tensor]) -> tf.Tensor:
    """Returns images with other colours, which are sums of a grey and a chroma."""
    scale = _pixels(tf.pow(2.0, given["brightness"]))[..., tf.newaxis]
    if images.shape[-1] != 3:
        return images * scale
    angle = given["hue"] * (math.pi / 180)
    chroma = tf.pow(2.0, given["saturation"])
    along = _pixels(chroma * tf.cos(angle))[..., tf.newaxis]
    across = _pixels(chroma * tf.sin(angle) / math.sqrt(3))[..., tf.newaxis]
    grey = tf.reduce_mean(images, axis=-1, keepdims=True)
    # The cross product with the grey axis, which turns red towards green.
    turned = tf.roll(images, 1, axis=-1) - tf.roll(images, -1, axis=-1)
    return (grey + along * (images - grey) + across * turned) * scale


def _pixels(values: tf.Tensor) -> tf.Tensor:
    return values[:, tf.newaxis, tf.newaxis]


def _from_centre(size: int) -> tf.Tensor:
    return tf.range(size, dtype=tf.float32) - (size - 1) / 2
