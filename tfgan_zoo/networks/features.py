"""Frozen networks whose features images are compared in, and how to name their layers.

A name is `NETWORK:LAYER`, or `NETWORK:LAYER,LAYER` for several layers:

| network | layers |
|---|---|
| `efficientnet_lite0` | `stem`, `block1` to `block7`, `head`, `pool`, `logits` |
| `vgg19` | `1_1`, `1_2`, `2_1` to `5_4`: phi_i,j of SRGAN, divided by 12.75 |
| `figures_v1`, `mnist_v1`, `fashion_mnist_v1` | `conv1` to `conv5`, `dense64`, `logits` |
| a file `*.keras` | the names of its layers; it takes images in [-1, 1] |

Example:
>>> parse_features("figures_v1:conv3,conv5")
FeatureName(network='figures_v1', layers=('conv3', 'conv5'))
"""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfgan_zoo import keras_internals
from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.networks import efficientnet, vgg_features
from tfgan_zoo.networks.classifiers import CLASSIFIERS, network, shipped_weights
from tfgan_zoo.suggestions import nearest, similar

#: The layers of EfficientNet-Lite0 in Keras: of each of its seven blocks, the last.
_EFFICIENTNET = {
    "stem": "bn0.relu",
    "block1": "blocks.0.bn2",
    "block2": "blocks.2.add",
    "block3": "blocks.4.add",
    "block4": "blocks.7.add",
    "block5": "blocks.10.add",
    "block6": "blocks.14.add",
    "block7": "blocks.15.bn2",
    "head": "bn1.relu",
    "pool": "pool",
    "logits": "fc",
}
_CLASSIFIER = (*(f"conv{i}" for i in range(1, 6)), "dense64", "logits")
#: Layers that fix the size of the image, because all positions enter each of their values.
_DENSE = ("dense64", "logits")

FEATURE_NETWORKS: dict[str, tuple[str, ...]] = {
    "efficientnet_lite0": tuple(_EFFICIENTNET),
    "vgg19": vgg_features.LAYERS,
    **dict.fromkeys(CLASSIFIERS, _CLASSIFIER),
}
"""Layers by network, each from the image on."""


class FeatureName(NamedTuple):
    """The parts of a name: see `parse_features`.

    Attributes:
        network: A key of `FEATURE_NETWORKS`, or the path of a `.keras` file.
        layers: Names of layers, one or more.
    """

    network: str
    layers: tuple[str, ...]


def parse_features(name: Any, argument: str = "features") -> FeatureName:
    """Takes a name of features apart, and checks all that needs no file.

    Args:
        name: `NETWORK:LAYER[,LAYER...]`.
        argument: What to call it in messages.

    Raises:
        InputError: If it is no such name, or there is no such network or layer.

    Example:
        >>> parse_features("models/mine.keras:conv2d_3").layers
        ('conv2d_3',)
    """
    if not isinstance(name, str):
        advice = "; save it, and give FILE.keras:LAYER" if isinstance(name, keras.Model) else ""
        raise InputError(
            f"{argument}: expected NETWORK:LAYER, such as 'efficientnet_lite0:block3', got "
            f"{name!r}{advice}."
        )
    chosen, layers = _split(name)
    if chosen not in FEATURE_NETWORKS and not chosen.endswith(".keras"):
        raise InputError(f"{argument}: there is no network {chosen!r}{_nearest_network(chosen)}")
    if not all(layers):
        there = FEATURE_NETWORKS.get(chosen)
        which = f"{chosen}:{there[0]}" if there else f"{chosen}:NAME_OF_A_LAYER"
        known = f"; its layers are {', '.join(there)}" if there else ""
        raise InputError(f"{argument}: expected a layer, such as {which}, got {name!r}{known}.")
    for layer in layers:
        if chosen in FEATURE_NETWORKS:
            _check_layer(argument, chosen, layer, FEATURE_NETWORKS[chosen])
    if len(set(layers)) < len(layers):
        raise InputError(f"{argument}: expected each layer once, got {name!r}.")
    return FeatureName(chosen, layers)


def _split(name: str) -> tuple[str, tuple[str, ...]]:
    if found := re.fullmatch(r"(.*\.keras)(?::(.*))?", name, re.DOTALL):
        chosen, layers = found[1], found[2] or ""
    else:
        chosen, _, layers = name.partition(":")
    return chosen, tuple(layer.strip() for layer in layers.split(","))


def files_of(features: Any, weights: Any = None) -> dict[str, Path]:
    """Returns the files that a network of features is read from, by what they are given as.

    Args:
        features: A name of features, or anything else.
        weights: A file of weights, or anything else.

    Returns:
        Those that there are.
    """
    name = _split(features)[0] if isinstance(features, str) else ""
    given = [name] * name.endswith(".keras")
    given += [os.fspath(weights)] if isinstance(weights, (str, os.PathLike)) else []
    paths = {each: Path(each).expanduser() for each in given}
    return {each: path for each, path in paths.items() if path.is_file()}


def _nearest_network(name: str) -> str:
    known = f"choose from {', '.join(FEATURE_NETWORKS)} or give a .keras file"
    return nearest(name, FEATURE_NETWORKS, known)


def _check_layer(argument: str, chosen: str, layer: str, known: Sequence[str]) -> None:
    if layer in known:
        return
    near = similar(layer, known)
    advice = f"did you mean {' or '.join(near)}?" if near else f"its layers are {', '.join(known)}."
    raise InputError(f"{argument}: {chosen} has no layer {layer!r}; {advice}")


def check_features(
    name: Any, image_shape: Sequence[int | None], argument: str = "features"
) -> FeatureName:
    """Checks a name, and whether its network takes these images; loads nothing.

    A file is checked when it is loaded.

    Args:
        name: `NETWORK:LAYER[,LAYER...]`.
        image_shape: (height, width, channels).
        argument: What to call the name in messages.

    Raises:
        InputError: If the name is wrong, or images have other channels or sizes than it takes.
    """
    found = parse_features(name, argument)
    if found.network in FEATURE_NETWORKS:
        options = _limits(found)
        FeatureInput(**options, argument=argument).check((None, *image_shape))
    return found


def _limits(name: FeatureName) -> dict[str, Any]:
    """Returns what a network of `FEATURE_NETWORKS` takes, as arguments of `FeatureInput`."""
    chosen, layers = name
    called = f"{chosen}:{','.join(layers)}"
    deepest = max(layers, key=FEATURE_NETWORKS[chosen].index)  # from the image on
    if chosen == "vgg19":
        return {"called": called, "channels": 3, "smallest": 2 ** (int(deepest[0]) - 1)}
    if chosen == "efficientnet_lite0":
        at = tuple(_EFFICIENTNET).index(deepest)
        return {"called": called, "channels": 3, "smallest": (2, 2, 4, 8, 16, 16, 32)[min(at, 6)]}
    height, width, channels = CLASSIFIERS[chosen].image
    if deepest in _DENSE:
        return {"called": called, "channels": channels, "sides": (height, width)}
    smallest = {"conv1": 1, "conv2": 2, "conv3": 2}.get(deepest, 4)
    return {"called": called, "channels": channels, "smallest": smallest}


def feature_network(
    features: str,
    *,
    weights: str | os.PathLike | None = "imagenet",
    name: str = "features",
) -> keras.Model:
    """Loads a frozen network from images to the features of one or more layers.

    Gradients flow to the images, but nothing is trainable, and training and inference are the same.
    Everything computes in float32.

    Args:
        features: `NETWORK:LAYER[,LAYER...]`; see `tfgan_zoo.networks.features`.
        weights: Of VGG19: "imagenet", or a local file, or None for random ones; see
            `vgg19_features`. Other networks have weights of their own.
        name: Name of the model.

    Returns:
        A model from images `[B, H, W, 3]` in [-1, 1], or grey ones `[B, H, W, 1]`, to float32
        features, usually `[B, h, w, C]`; to a list of them if there are several layers. Grey images
        are repeated for a colour network. A grey network sees the Rec. 601 luma of colour images.

    Raises:
        InputError: If there is no such network or layer, or the weights cannot be loaded; when
            called, if images have other channels or sizes than the network takes.

    Example:
        >>> network = feature_network("figures_v1:conv3,conv5")
        >>> [tuple(each.shape) for each in network(np.zeros((2, 64, 64, 3)))]
        [(2, 32, 32, 64), (2, 16, 16, 16)]
    """
    parsed = parse_features(features)
    with _float32():
        if parsed.network == "vgg19":
            return _of_vgg19(parsed, weights, name)
        if parsed.network == "efficientnet_lite0":
            body = efficientnet.pretrained((None, None))
            inner = _tapped(body, [_EFFICIENTNET[layer] for layer in parsed.layers])
            # (x - 127) / 128 of 0 to 255.
            first = FeatureInput(**_limits(parsed), scale=127.5 / 128, offset=0.5 / 128)
        elif parsed.network in CLASSIFIERS:
            inner, first = _classifier(parsed), FeatureInput(**_limits(parsed))
        else:
            body = _in_float32(_loaded(parsed.network))
            inner = tapped_model(body, parsed.layers, Path(parsed.network).name)
            *sides, channels = body.input_shape[1:]
            first = FeatureInput(called=features, channels=channels, sides=tuple(sides))
        # Of any size, so that `FeatureInput` says what is wrong with another one.
        images = keras.Input((None, None, None), name="image")
        found = inner(first(images), training=False)
        found = keras.tree.map_structure(_as_float32, found)
        return _frozen(keras.Model(images, found, name=name))


def feature_shape(features: str, image_shape: Sequence[int]) -> tuple[int, ...]:
    """Returns the shape of the features of one image; VGG19's need no weights.

    Args:
        features: `NETWORK:LAYER`, one layer.
        image_shape: (height, width, channels).

    Raises:
        InputError: If there are several layers, or as `check_features` and `feature_network` say.

    Example:
        >>> feature_shape("vgg19:3_1", (32, 32, 3))
        (8, 8, 256)
    """
    parsed = check_features(features, image_shape)
    if len(parsed.layers) > 1:
        raise InputError(f"features: expected one layer, got {features!r}.")
    if parsed.network == "vgg19":
        block = int(parsed.layers[0][0])
        height, width = (side >> (block - 1) for side in image_shape[:2])
        return height, width, min(64 << (block - 1), 512)
    return feature_network(features).compute_output_shape((None, *image_shape))[1:]


def made_for(network: keras.Model) -> tuple[int | None, int | None, int]:
    """Returns the (height, width, channels) of the images that a network of features was made for.

    Args:
        network: From `feature_network`, or a Keras model from images.
    """
    found = [layer for layer in network.layers if isinstance(layer, FeatureInput)]
    if found:
        height, width = found[0].sides or (None, None)
        return height, width, found[0].channels
    height, width, channels = network.input_shape[1:]
    return height, width, channels or 3


def features_of_model(model: keras.Model, argument: str = "features") -> keras.Model:
    """Checks a Keras model that stands for frozen features, and freezes it.

    Args:
        model: From images in [-1, 1] to one tensor.
        argument: What to call it in messages.

    Raises:
        InputError: If it has several inputs or outputs, or takes no images.
    """
    shape, output = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    single = isinstance(shape, tuple) and len(shape) == 4 and isinstance(output, tuple)
    if not single:
        raise InputError(
            f"{argument}: expected a model from images [B, H, W, C] to one tensor, got one from "
            f"{shape} to {output}."
        )
    model.trainable = False
    return model


@contextlib.contextmanager
def _float32() -> Iterator[None]:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _of_vgg19(parsed: FeatureName, weights: str | os.PathLike | None, name: str) -> keras.Model:
    """Returns layers of VGG19, each divided as SRGAN divides it."""
    whole = vgg_features.vgg19_features(max(parsed.layers), weights=weights)
    *body, divided = whole.layers[1:]
    images = x = keras.Input((None, None, None), name="image")
    found = {}
    for layer in body:
        x = layer(x)
        found[layer.name] = divided(x)
    names = ["block{}_conv{}".format(*layer.split("_")) for layer in parsed.layers]
    return _frozen(keras.Model(images, _one_or_all([found[each] for each in names]), name=name))


def _classifier(parsed: FeatureName) -> keras.Model:
    """Returns layers of a classifier; convolutions take images of any size."""
    shapes = CLASSIFIERS[parsed.network]
    body = network(shapes)
    body.set_weights(shipped_weights(parsed.network))
    is_dense = any(layer in _DENSE for layer in parsed.layers)
    sides = shapes.image[:2] if is_dense else (None, None)
    return _of_sides(body, parsed.layers, sides)


def _of_sides(body: keras.Model, layers: Sequence[str], sides: Sequence[int | None]) -> keras.Model:
    """Returns layers of a chain of them, for images of other sides before the first dense one."""
    images = x = keras.Input((*sides, body.input_shape[-1]))
    found = {}
    for layer in body.layers[1:]:
        if isinstance(layer, keras.layers.Flatten) and None in sides:
            break
        found[layer.name] = x = layer(x)
    return keras.Model(images, _one_or_all([found[layer] for layer in layers]))


def features_of_classifier(
    classifier: keras.Model, layer: str, name: str = "features"
) -> keras.Model:
    """Returns a layer of a classifier that was trained here, frozen, as `feature_network` does.

    Args:
        classifier: From images in [-1, 1] to logits.
        layer: The name of one of its layers. Of the convolutions of `image_classifier`, images may
            have any size.
        name: Name of the model.

    Raises:
        InputError: If there is no such layer.
    """
    with _float32():
        inner = tapped_model(classifier, [layer], f"the classifier {classifier.name!r}")
        *sides, channels = classifier.input_shape[1:]
        if layer.startswith("conv") and _is_chain(classifier):
            inner, sides = _of_sides(classifier, [layer], (None, None)), [None, None]
        called = f"classifier:{layer}"
        first = FeatureInput(called=called, channels=channels, sides=tuple(sides))
        images = keras.Input((None, None, None), name="image")
        found = _as_float32(inner(first(images), training=False))
        return _frozen(keras.Model(images, found, name=name))


def _is_chain(body: keras.Model) -> bool:
    """Returns whether each layer of a network takes what the one before it returns."""
    pairs = zip(body.layers, body.layers[1:], strict=False)
    return all(after.input is before.output for before, after in pairs)


def _tapped(body: keras.Model, layers: Sequence[str]) -> keras.Model:
    """Returns the outputs of layers of a network that nobody has called yet."""
    return keras.Model(body.inputs, _one_or_all([body.get_layer(x).output for x in layers]))


def _one_or_all(outputs: list[Any]) -> Any:
    return outputs[0] if len(outputs) == 1 else outputs


def layers_of(features: Any) -> tuple[str, ...]:
    """Returns the names of a network's layers that have features, from the image on.

    Args:
        features: A network's name without a layer, or a Keras model.

    Raises:
        InputError: If there is no such network, or it takes no images.

    Example:
        >>> layers_of("mnist_v1")[-2:]
        ('dense64', 'logits')
    """
    if isinstance(features, keras.Model):
        known = [x for x in features_of_images(features).layers if _has_one_output(x)]
        return tuple(x.name for x in known if not isinstance(x, keras.layers.InputLayer))
    if isinstance(features, str) and features in FEATURE_NETWORKS:
        return FEATURE_NETWORKS[features]
    if isinstance(features, str) and features.endswith(".keras"):
        return layers_of(_loaded(features))
    if isinstance(features, str) and ":" in features:
        raise InputError(
            f"features: expected a network without a layer, got {features!r}; name layers in "
            "`invert`, or by --layers."
        )
    raise InputError(f"features: there is no network {features!r}{_nearest_network(str(features))}")


def sides_of(features: str, layers: Sequence[str]) -> tuple[int, int] | None:
    """Returns the height and width of the images that layers take; None if they take others too.

    Args:
        features: A network's name without a layer.
        layers: Names of its layers.

    Example:
        >>> sides_of("figures_v1", ["conv1", "logits"])
        (32, 32)
    """
    if features in FEATURE_NETWORKS:
        return _limits(FeatureName(features, tuple(layers))).get("sides")
    height, width = _loaded(features).input_shape[1:3]
    return None if height is None or width is None else (height, width)


def maps_of(features: str | keras.Model, layers: Sequence[str]) -> list[str]:
    """Returns the layers whose features have positions.

    Args:
        features: A network's name without a layer, or a Keras model.
        layers: Names of its layers.

    Example:
        >>> maps_of("figures_v1", ["conv1", "dense64"])
        ['conv1']
    """
    if isinstance(features, str) and features in FEATURE_NETWORKS:
        return [layer for layer in layers if layer not in ("pool", *_DENSE)]
    model = features if isinstance(features, keras.Model) else _loaded(features)
    return [layer for layer in layers if len(model.get_layer(layer).output.shape) == 4]


def tapped_model(model: keras.Model, layers: Sequence[str], called: str = "") -> keras.Model:
    """Returns a Keras model up to some of its layers, with a list of outputs if there are several.

    Args:
        model: From images to anything.
        layers: Names of layers.
        called: What to call the model in messages.

    Raises:
        InputError: If there is no such layer; the nearest is named.
    """
    known = [layer.name for layer in model.layers if _has_one_output(layer)]
    for layer in layers:
        _check_layer("features", called or repr(model.name), layer, known)
    return _tapped(model, layers)


def features_of_images(model: keras.Model, called: str = "") -> keras.Model:
    """Returns a Keras model of images.

    Raises:
        InputError: If it takes anything else.
    """
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] is None:
        raise InputError(
            "features: expected a network from images [B, H, W, C], got "
            f"{called or repr(model.name)}, which is a {type(model).__name__}; save one of its "
            "networks by itself."
        )
    return model


def _loaded(file: str) -> keras.Model:
    path = Path(file).expanduser()
    if not path.is_file():
        raise InputError(f"features: there is no file {str(path)!r}.")
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises anything.
        raise InputError(
            f"features: {str(path)!r} cannot be loaded as a Keras model ({first_line(error)})."
        ) from error
    return features_of_images(model, repr(str(path)))


def _in_float32(model: keras.Model) -> keras.Model:
    """Returns a model whose layers compute in float32, whatever they were saved in."""
    for layer in keras_internals.layers_of(model):
        if layer.compute_dtype in ("float16", "bfloat16"):
            layer.dtype_policy = "float32"
    return model


def _has_one_output(layer: keras.layers.Layer) -> bool:
    try:
        return keras.backend.is_keras_tensor(layer.output)
    except (AttributeError, ValueError):  # of a layer that was called twice, or never
        return False


def _as_float32(features: Any) -> Any:
    return features if features.dtype == "float32" else keras.ops.cast(features, "float32")


def _frozen(model: keras.Model) -> keras.Model:
    model.trainable = False
    return model


@keras.saving.register_keras_serializable("tfgan_zoo")
class FeatureInput(keras.layers.Layer):
    """Converts images in [-1, 1] to a network's channels and range, and checks their size; float32.

    `y = scale x + offset`. A single channel is repeated for a network of three, and three channels
    are converted to Rec. 601 luma for a network of one.

    Args:
        channels: Channels of the network.
        scale: Factor.
        offset: Summand.
        smallest: Smallest side to accept.
        sides: Height and width to accept; None for any.
        called: What to call the features in messages.
        argument: The argument that they are given as, for messages.
        **kwargs: Arguments of `keras.layers.Layer`.

    Input shape:
        `[B, H, W, C]`.

    Output shape:
        `[B, H, W, channels]`.

    Raises:
        InputError: When called, if images have other channels or sizes.

    Example:
        >>> FeatureInput(channels=1)(np.float32([[[[1, 0, 0]]]])).numpy().ravel()
        array([0.299], dtype=float32)
    """

    def __init__(
        self,
        channels: int = 3,
        scale: float = 1.0,
        offset: float = 0.0,
        smallest: int = 1,
        sides: Sequence[int | None] | None = None,
        called: str = "features",
        argument: str = "features",
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"name": "preprocess", **kwargs, "dtype": "float32"})
        self.channels = channels
        self.scale = scale
        self.offset = offset
        self.smallest = smallest
        self.sides = None if sides is None else tuple(sides)
        self.called = called
        self.argument = argument

    def build(self, input_shape: Any) -> None:
        """Creates no weights.

        Args:
            input_shape: Unused.
        """

    def check(self, shape: Sequence[int | None]) -> None:
        """Raises `InputError` unless images of a shape, [B, H, W, C], are accepted."""
        if len(shape) != 4 or not self._takes(shape[-1]):
            known = "1 or 3" if self.channels in (1, 3) else str(self.channels)
            raise InputError(
                f"{self.argument}: {self.called} takes images of {known} channels, got shape "
                f"{tuple(shape[1:])}."
            )
        sides = self.sides or (None, None)
        advice = "choose a convolutional layer, or resize the images"
        if ".keras:" in self.called:  # all of whose layers take the size of its input alone
            advice = "resize the images, or save the network with an input of any size"
        other = [a for a, b in zip(shape[1:3], sides, strict=True) if None not in (a, b) and a != b]
        if other:
            raise InputError(
                f"{self.argument}: {self.called} takes images of "
                f"{'x'.join(str(side or 'any') for side in sides)} pixels, got shape "
                f"{tuple(shape[1:])}; {advice}."
            )
        if any(side is not None and side < self.smallest for side in shape[1:3]):
            raise InputError(
                f"{self.argument}: {self.called} takes images with sides of at least "
                f"{self.smallest} pixels, got shape {tuple(shape[1:])}; choose an earlier layer."
            )

    def _takes(self, channels: int | None) -> bool:
        return channels in (self.channels, None) or {channels, self.channels} <= {1, 3}

    def call(self, inputs: Any) -> Any:
        """Converts images.

        Args:
            inputs: Images in [-1, 1].
        """
        shape = self.compute_output_shape(inputs.shape)
        x = inputs
        if self.channels == 3:
            # Repeats a single channel; leaves three unchanged.
            x = tf.broadcast_to(x, tf.concat([tf.shape(x)[:-1], [3]], axis=0))
        elif self.channels == 1 and x.shape[-1] is None:
            x = tf.cond(tf.equal(tf.shape(x)[-1], 1), lambda: x, lambda: _luma(x))
        elif self.channels == 1 and x.shape[-1] == 3:
            x = _luma(x)
        x = tf.ensure_shape(x, shape)
        return x * self.scale + self.offset if (self.scale, self.offset) != (1.0, 0.0) else x

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, H, W, channels]`.

        Args:
            input_shape: Shape of the input.
        """
        self.check(input_shape)
        num, height, width, _ = input_shape
        fixed = self.sides or (None, None)
        return num, height or fixed[0], width or fixed[1], self.channels

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        names = ("channels", "scale", "offset", "smallest", "sides", "called", "argument")
        return super().get_config() | {name: getattr(self, name) for name in names}


def _luma(images: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(images * tf.constant([0.299, 0.587, 0.114]), axis=-1, keepdims=True)
