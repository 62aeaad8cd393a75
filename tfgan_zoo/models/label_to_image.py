"""The base of games that make images from maps of classes and instances."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, warn_user, whole_number
from tfgan_zoo.models.image_to_image import ImageToImage, domain_shapes, pad_to_multiple
from tfgan_zoo.models.mechanics import label_maps, parts
from tfgan_zoo.models.mechanics.arguments import check_flag, check_image_shape, stack_images
from tfgan_zoo.models.mechanics.clusters import k_means
from tfgan_zoo.networks import size_multiple, smallest_side
from tfgan_zoo.samples import NUM_STYLES
from tfgan_zoo.serving.signatures import Endpoint


class LabelShapes(NamedTuple):
    """Shapes of one sample, (height, width, channels).

    Attributes:
        a: Domain a as a discriminator sees it.
        b: Domain b.
        given: Domain a as a generator sees it, with styles.
        both: A pair of a and b, stacked along the channels.
    """

    a: tuple[int, ...]
    b: tuple[int, ...]
    given: tuple[int, ...]
    both: tuple[int, ...]


class LabelToImage(ImageToImage):
    """A game whose domain a can be label maps: class numbers, and instance numbers.

    Networks see a channel for each class, and one that marks where instances touch. An encoder of b
    can give a generator `style_size` numbers for each instance. Without an image of b, they come
    from the styles that `learn_styles` finds for each class.

    Args:
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.
    """

    kind = "label_to_image"
    encoder: keras.Model | None
    num_classes: int | None
    boundaries: bool
    style_size: int

    def set_label_shapes(
        self,
        image_shape: Sequence[int],
        channels_b: int | None,
        num_classes: int | None,
        boundaries: bool,
        style_size: int,
    ) -> None:
        """Sets shapes, classes and styles, early in every constructor.

        Args:
            image_shape: (height, width, channels) of domain a; with classes the channels are b's.
            channels_b: Channels of domain b; None for those of `image_shape`.
            num_classes: Number of classes of label maps; None if a is images.
            boundaries: Whether networks see boundaries between instances.
            style_size: Numbers for each instance; 0 for no styles.

        Raises:
            InputError: If one is out of range.
        """
        shapes = label_shapes(image_shape, channels_b, num_classes, boundaries, style_size)
        self.image_shape = check_image_shape(image_shape)
        self.num_classes = None if num_classes is None else int(num_classes)
        self.boundaries = check_flag("boundaries", boundaries)
        self.style_size = int(style_size)
        self.shape_a, self.shape_b, self.shape_given, self.shape_both = shapes
        self.channels_b = self.shape_b[-1]
        if self.style_size:
            #: The styles of each class, which `learn_styles` finds.
            self.styles = self.add_weight(
                shape=(self.num_classes, NUM_STYLES, self.style_size),
                name="styles",
                dtype="float32",
                initializer="zeros",
                trainable=False,
            )
            self.no_xla = "means over instances, whose number differs from image to image"

    @property
    def takes_labels(self) -> bool:
        """Whether a is maps of classes, and maybe instances, instead of images."""
        return self.num_classes is not None

    @property
    def takes_instances(self) -> bool:
        """Whether label maps come with maps of instances."""
        return self.takes_labels and (self.boundaries or bool(self.style_size))

    def source_shape(self, direction: str) -> tuple[int, ...]:
        """Returns the shape of an image of a, or of a map of class and instance numbers."""
        if not self.takes_labels:
            return super().source_shape(direction)
        return (*self.shape_a[:-1], 2 if self.takes_instances else 1)

    def build_state(self) -> None:
        """See `Game.build_state`."""
        if self.encoder is not None:
            multiple = size_multiple(self.encoder)
            self._encoder_sides = multiple, smallest_side(self.encoder, multiple)
        super().build_state()

    # ------------------------------------------------------------------ the parts of a batch

    def batch_spec(self) -> dict[str, tf.TensorSpec]:
        """See `ZooModel.batch_spec`."""
        if not self.takes_labels:
            return super().batch_spec()
        numbers = tf.TensorSpec([None, *self.shape_a[:-1]], tf.int32)
        return {
            "label": numbers,
            **({"instance": numbers} if self.takes_instances else {}),
            "image": tf.TensorSpec([None, *self.shape_b], tf.uint8),
        }

    def as_declared(self, name: str, value: Any, called: str) -> tf.Tensor:
        """See `ZooModel.as_declared`; class numbers are checked."""
        if name in ("label", "instance"):
            value = label_maps.as_int32(value, called)
        part = super().as_declared(name, value, called)
        if name == "label":
            return label_maps.checked_labels(part, self.num_classes or 0, called)
        return part

    def label_parts(self, data: Any, training: bool = True) -> tuple[tf.Tensor, tf.Tensor, Any]:
        """Returns a as the networks see it, b, and instance numbers or None."""
        found = self.batch(data, training)
        if not self.takes_labels:
            return found["a"], found["b"], None
        instances = found.get("instance")
        return self.seen(found["label"], instances), found["image"], instances

    def pair(self, data: Any, training: bool = True) -> tuple[tf.Tensor, tf.Tensor]:
        """See `ImageToImage.pair`; a is as the networks see it."""
        return self.label_parts(data, training)[:2]

    def seen(self, labels: tf.Tensor, instances: tf.Tensor | None) -> tf.Tensor:
        """Returns label maps as networks see them: a channel for each class, and boundaries.

        Args:
            labels: Class numbers `[B, H, W]`.
            instances: Instance numbers `[B, H, W]`; None for a model without boundaries.
        """
        channels = label_maps.one_hot(labels, self.num_classes or 0)
        if not self.boundaries:
            return channels
        return tf.concat([channels, label_maps.boundaries(instances)], axis=-1)

    def instance_styles(
        self, images: tf.Tensor, instances: tf.Tensor, training: bool = False
    ) -> tf.Tensor:
        """Returns E(b): `style_size` numbers at each pixel, their means over its instance.

        Args:
            images: Images of b, floats in [-1, 1].
            instances: Instance numbers `[B, H, W]`.
            training: Whether E trains.
        """
        assert self.encoder is not None
        return label_maps.instance_means(self.run(self.encoder, images, training), instances)

    def with_styles(self, seen: tf.Tensor, styles: tf.Tensor) -> tf.Tensor:
        """Returns domain a as a generator sees it, with styles; zeros at pixels of no class.

        Args:
            seen: What `seen` returns.
            styles: The style of each pixel, `[B, H, W, style_size]`.
        """
        classed = tf.reduce_any(seen[..., : self.num_classes] != 0, axis=-1, keepdims=True)
        return tf.concat([seen, tf.where(classed, styles, tf.zeros_like(styles))], axis=-1)

    # ------------------------------------------------------------------ styles

    def encode_styles(
        self, images: np.ndarray, instances: np.ndarray, *, batch_size: int = 1
    ) -> np.ndarray:
        """Returns the styles of instances in images of b, as `translate` takes them.

        Args:
            images: Images `[num, H, W, C]`, uint8 or floats in [-1, 1]. Sides that the encoder
                cannot halve evenly are padded by reflection.
            instances: Instance numbers `[num, H, W]`.
            batch_size: Number of images at a time.

        Returns:
            float32 `[num, H, W, style_size]`, the same at all pixels of an instance.

        Raises:
            InputError: If the model has no styles, there are no images, or they have another shape
                or type.
        """
        self._check_has_styles("encode_styles")
        if len(images) == 0 or batch_size < 1:
            raise InputError(
                "encode_styles: expected an image or more, and a batch_size from 1 up."
            )
        images = self.checked_images(images, shape=(None, None, self.channels_b))
        instances = label_maps.as_int32(instances, "instances")
        if instances.shape != tuple(images.shape[:3]):
            raise InputError(
                f"instances: expected shape {tuple(images.shape[:3])}, that of the images, got "
                f"{tuple(instances.shape)}."
            )
        spec = tf.TensorSpec([None, None, None, self.channels_b], tf.uint8)
        function = self._encoding()
        done = []
        for i in range(0, len(images), batch_size):
            part = slice(i, i + batch_size)
            floats = parts.as_declared(images[part], spec, "images")
            done.append(function(floats, instances[part]).numpy())
        return parts.joined(done)

    def _encoding(self) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        """Returns the graph from images and instance numbers to styles, traced once."""
        key = f"encode {self._shows_average}"
        if key not in self._translations:
            images = tf.TensorSpec([None, None, None, self.channels_b], tf.float32)
            numbers = tf.TensorSpec([None, None, None], tf.int32)

            def encode(floats: tf.Tensor, instances: tf.Tensor) -> tf.Tensor:
                height, width = tf.shape(floats)[1], tf.shape(floats)[2]
                padded = pad_to_multiple(floats, *self._encoder_sides)
                assert self.encoder is not None
                encoded = self.run(self.sampling_network(self.encoder), padded, False)
                # Of the pixels of the image alone, not of those that were added.
                return label_maps.instance_means(encoded[:, :height, :width], instances)

            self._translations[key] = tf.function(
                encode, input_signature=[images, numbers], autograph=False
            )
        return self._translations[key]

    def styles_by_class(self, image: np.ndarray, maps: np.ndarray) -> np.ndarray:
        """Returns a style for each class: the mean over its pixels in an image.

        A class that the image lacks has the first of its `styles`.

        Args:
            image: An image of b, `[H, W, C]`, of any size.
            maps: Its class and instance numbers, `[H, W, 2]`.

        Returns:
            float32 `[num_classes, style_size]`.

        Raises:
            InputError: If the model has no styles, or the image or its maps have another shape or
                type, or a class that does not exist.
        """
        self._check_has_styles("styles_by_class")
        maps = self._checked_maps(maps[np.newaxis])[0]
        encoded = self.encode_styles(image[np.newaxis], maps[np.newaxis, ..., 1])[0]
        found = self.styles.numpy()[:, 0].copy()
        for label in np.unique(maps[..., 0]):
            if label != label_maps.NO_CLASS:
                found[label] = encoded[maps[..., 0] == label].mean(0)
        return found

    def learn_styles(
        self, maps: np.ndarray, images: np.ndarray, *, num_images: int = 500, seed: int = 0
    ) -> None:
        """Finds ten styles of each class, by k-means of the styles of its instances in images.

        An instance of several classes counts for each. A class that is in no image keeps styles of
        zeros; of one with fewer instances, some styles are the same.

        Args:
            maps: Class and instance numbers `[num, H, W, 2]`.
            images: The images of b, `[num, H, W, C]`.
            num_images: Number of images to use, from the first.
            seed: Seed of the first centres.

        Raises:
            InputError: If the model has no styles, there are no images or not as many as maps, they
                have another shape or type, or a class does not exist.
        """
        self._check_has_styles("learn_styles")
        maps, images = maps[:num_images], images[:num_images]
        if len(images) != len(maps) or not len(maps):
            raise InputError(
                f"learn_styles: expected an image or more, and a map for each, got {len(images)} "
                f"images and {len(maps)} maps."
            )
        found: dict[int, list[np.ndarray]] = {}
        for pair, image in zip(maps, images, strict=True):
            # One at a time, as floats of all images would fill the memory.
            pair = self._checked_maps(pair[np.newaxis])[0]
            encoded = self.encode_styles(image[np.newaxis], pair[np.newaxis, ..., 1])[0]
            # An instance may be of several classes, such as one number for all that is no object.
            own = pair[..., 1].astype(np.int64) * (self.styles.shape[0] + 1) + pair[..., 0]
            _, first = np.unique(own, return_index=True)
            labels, styles = pair[..., 0].ravel()[first], encoded.reshape(-1, self.style_size)
            for label, style in zip(labels, styles[first], strict=True):
                found.setdefault(int(label), []).append(style)
        centres = np.zeros(self.styles.shape, np.float32)
        for label, each in found.items():
            if label != label_maps.NO_CLASS:
                centres[label] = k_means(np.stack(each), NUM_STYLES, seed=seed)
        self.styles.assign(centres)

    def _checked_maps(self, maps: np.ndarray) -> np.ndarray:
        """Returns class and instance numbers that exist, `[num, H, W, 2]`."""
        checked = label_maps.as_maps(maps, 2, "maps")
        label_maps.checked_labels(checked[..., 0], self.num_classes or 0, "maps")
        return checked.numpy()

    def _check_has_styles(self, name: str) -> None:
        if not self.style_size:
            raise InputError(
                f"{name}: expected a model with styles, got style_size=0; train one with "
                "style_size=3."
            )

    def _given(
        self, maps: tf.Tensor, styles: tf.Tensor | None = None, known: Any = None
    ) -> tf.Tensor:
        """Returns maps as a generator sees them.

        Args:
            maps: Class and instance numbers `[B, H, W, 1 or 2]`.
            styles: Numbers of styles `[B]`, or the style of each pixel `[B, H, W, style_size]`.
                None for the first style.
            known: The styles of each class; None for the model's.
        """
        labels, instances = maps[..., 0], maps[..., -1]
        seen = self.seen(labels, instances)
        if not self.style_size:
            return seen
        if styles is None:
            styles = tf.zeros(tf.shape(labels)[:1], tf.int32)
        if styles.shape.rank == 1:
            styles = label_maps.styled(labels, styles, self.styles if known is None else known)
        return self.with_styles(seen, styles)

    # ------------------------------------------------------------------ use

    def _as_source(self, images: Any, direction: str) -> tf.Tensor:
        if not self.takes_labels:
            return super()._as_source(images, direction)
        images = tf.convert_to_tensor(stack_images(images, "images"))
        if images.dtype.is_floating and images.shape[-1] == self.shape_given[-1]:
            return images  # As the generator sees them.
        maps = label_maps.as_maps(images, self.source_shape(direction)[-1], "labels")
        labels = label_maps.checked_labels(maps[..., 0], self.num_classes or 0, "labels")
        return self._given(tf.concat([labels[..., tf.newaxis], maps[..., 1:]], axis=-1))

    def channels_given(self, direction: str) -> int:
        """See `ImageToImage.channels_given`."""
        return self.shape_given[-1] if self.takes_labels else super().channels_given(direction)

    def translate(
        self,
        images: np.ndarray,
        direction: str | None = None,
        *,
        batch_size: int = 1,
        instances: np.ndarray | None = None,
        styles: Any = None,
    ) -> np.ndarray:
        """Makes images of b from label maps, or from images if the model has no classes.

        Args:
            images: Class numbers `[num, H, W]`, -1 for no class; or class and instance numbers
                `[num, H, W, 2]`. Sides that the generator cannot halve evenly are padded by
                reflection, and the result is cropped to size. Without classes, images as in
                `ImageToImage.translate`.
            direction: "a_to_b" or None.
            batch_size: Number of images at a time.
            instances: Instance numbers `[num, H, W]`, unless they are in `images`. A model without
                boundaries and styles ignores them.
            styles: Number of the style that the instances of each class get, from 0 to 9, or a
                number for each image; or the style of each pixel, `[num, H, W, style_size]`, as
                `encode_styles` returns it. None for 0.

        Returns:
            float32 `[num, H, W, C]`, in [-1, 1].

        Raises:
            InputError: If the maps have another shape or type, a class or a style does not exist,
                instances are missing, or a number of a style is given before `learn_styles`.

        Example:
            >>> photos = model.translate(labels, instances=instances, styles=3)
        """
        if not self.takes_labels:
            if instances is not None or styles is not None:
                what = "instances" if instances is not None else "styles"
                raise InputError(f"{what}: expected None for a model without num_classes.")
            return super().translate(images, direction, batch_size=batch_size)
        if len(images) == 0 or batch_size < 1:
            raise InputError("translate: expected a map or more, and a batch_size from 1 up.")
        direction = self._known_direction(direction)
        maps = np.asarray(stack_images(images, "labels"))
        if instances is not None:
            maps = _joined(maps, np.asarray(instances))
            maps = maps[..., : self.source_shape(direction)[-1]]
        maps = label_maps.as_maps(maps, self.source_shape(direction)[-1], "labels").numpy()
        label_maps.checked_labels(maps[..., 0], self.num_classes or 0, "labels")
        each = self._checked_styles(styles, maps.shape[:3])
        function = self._translation(direction)
        done = []
        for i in range(0, len(maps), batch_size):
            part = slice(i, i + batch_size)
            given = self._given(tf.constant(maps[part]), tf.constant(each[part]))
            done.append(function(given).numpy())
        return parts.joined(done)

    def _checked_styles(self, styles: Any, shape: tuple[int, ...]) -> np.ndarray:
        if styles is not None:
            self._check_has_styles("styles")
        each = np.asarray(0 if styles is None else styles)
        if each.dtype.kind == "f" and each.shape == (*shape, self.style_size):
            return each.astype(np.float32)
        if each.ndim == 0:
            each = np.full(shape[:1], each)
        if each.shape != shape[:1] or each.dtype.kind not in "iu":
            raise InputError(
                f"styles: expected a number from 0 to {NUM_STYLES - 1}, one for each image, or "
                f"floats {(*shape, self.style_size)}, got {each.dtype} {each.shape}."
            )
        wrong = each[(each < 0) | (each >= NUM_STYLES)]
        if len(wrong):
            raise InputError(
                f"styles: expected numbers from 0 to {NUM_STYLES - 1}, got {int(wrong[0])}."
            )
        if styles is not None and not self._knows_styles():
            raise InputError(
                "styles: expected a model with known styles, got one whose styles are all zeros; "
                "call learn_styles, or give the style of each pixel, as encode_styles returns it."
            )
        return each.astype(np.int32)

    def _knows_styles(self) -> bool:
        """Returns whether the model has styles that are not all zeros."""
        return bool(self.style_size) and bool(np.any(self.styles.numpy()))

    def export(self, *args: Any, **kwargs: Any) -> None:
        """Writes a SavedModel; see `ZooModel.export`.

        Warns if the model has styles that are all zeros, so that its input `styles` has no effect.

        Args:
            *args: See `ZooModel.export`.
            **kwargs: See `ZooModel.export`.

        Raises:
            InputError: See `ZooModel.export`.
        """
        if self.style_size and not self._knows_styles():
            warn_user(
                "export: expected a model with known styles, got one whose styles are all zeros, "
                "so that the input `styles` of the SavedModel has no effect; call learn_styles "
                "first."
            )
        super().export(*args, **kwargs)

    def endpoints(self) -> dict[str, Endpoint]:
        """One endpoint, from `labels`, `instances` and `styles` to `images`.

        `labels` and `instances` are int32 `[B, H, W]` of any size, and `styles` int32 `[B]`; the
        latter two are there if the model needs them. Without classes, see `ImageToImage`.
        """
        if not self.takes_labels:
            return super().endpoints()
        names = ["labels"] + ["instances"] * self.takes_instances
        inputs = [tf.TensorSpec([None, None, None], tf.int32, name=name) for name in names]
        if self.style_size:
            inputs.append(tf.TensorSpec([None], tf.int32, name="styles"))
        (direction,) = self.translators()
        # An array, which becomes a constant of the graph: an export finds the variables of layers
        # alone, and a tensor from outside of the graph would be one more input in ONNX.
        known = self.styles.numpy() if self.style_size else None

        def function(*given: tf.Tensor) -> dict[str, tf.Tensor]:
            labels = label_maps.checked_labels(given[0], self.num_classes or 0, "labels")
            maps = tf.stack([labels, *given[1 : len(names)]], axis=-1)
            styles = None
            if self.style_size:
                styles = label_maps.checked_numbers(given[-1], NUM_STYLES, "styles")
            return {"images": self._translated(self._given(maps, styles, known), direction)}

        def example(num: int) -> dict[str, np.ndarray]:
            random, size = np.random.default_rng(0), (num, *self.shape_a[:-1])
            found = {
                "labels": random.integers(0, self.num_classes or 1, size, np.int32),
                "instances": random.integers(0, 3, size, np.int32),
                "styles": random.integers(0, NUM_STYLES, num, np.int32),
            }
            return {spec.name: found[spec.name] for spec in inputs}

        return {direction: Endpoint(function, tuple(inputs), example)}


def label_shapes(
    image_shape: Sequence[int],
    channels_b: int | None,
    num_classes: int | None,
    boundaries: bool,
    style_size: int,
) -> LabelShapes:
    """Returns the shapes that the arguments of `LabelToImage.set_label_shapes` mean.

    Raises:
        InputError: If one is out of range.
    """
    given, b = domain_shapes(image_shape, channels_b)
    if num_classes is not None and (
        isinstance(num_classes, bool) or (whole_number(num_classes) or 0) < 2
    ):
        raise InputError(
            f"num_classes: expected a whole number from 2 up, or None for images, got "
            f"{num_classes!r}."
        )
    size = whole_number(style_size)
    if size is None or size < 0 or isinstance(style_size, bool):
        raise InputError(f"style_size: expected a whole number from 0 up, got {style_size!r}.")
    if size and num_classes is None:
        raise InputError(
            f"style_size: expected 0 without num_classes, got {size}; styles are of instances, "
            "which label maps have."
        )
    a = given if num_classes is None else (*given[:-1], int(num_classes) + bool(boundaries))
    return LabelShapes(a, b, (*a[:-1], a[-1] + size), (*a[:-1], a[-1] + b[-1]))


def _joined(labels: np.ndarray, instances: np.ndarray) -> np.ndarray:
    """Returns class and instance numbers in one array.

    Raises:
        InputError: If their shapes differ, or pixels have several numbers, as in colours.
    """
    labels, instances = (
        each[..., 0] if each.ndim == 4 and each.shape[-1] == 1 else each
        for each in (labels, instances)
    )
    if labels.ndim != 3:
        raise InputError(
            "labels: expected one class number for each pixel, shape (batch, height, width), where "
            f"instances are given by themselves, got {labels.shape}."
        )
    if labels.shape != instances.shape:
        raise InputError(
            f"instances: expected shape {labels.shape}, that of the labels, got {instances.shape}."
        )
    named = (("labels", labels), ("instances", instances))
    return np.stack([label_maps.as_int32(each, name) for name, each in named], axis=-1)
