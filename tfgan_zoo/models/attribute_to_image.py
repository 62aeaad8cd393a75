"""Images and masks from attributes."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, networks, noise, schedules
from tfgan_zoo.attributes import Attributes
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.layers.transformation import TRANSFORMATIONS, transform
from tfgan_zoo.models.attribute_drawing import DrawsFromAttributes
from tfgan_zoo.models.base import ZooModel
from tfgan_zoo.models.mechanics.arguments import check_image_shape, stack_images
from tfgan_zoo.models.mechanics.network_checks import check_inputs, check_shape
from tfgan_zoo.models.mechanics.parts import named_parts, values_of, with_shape


@keras.saving.register_keras_serializable("tfgan_zoo")
class AttributeToImage(DrawsFromAttributes, ZooModel):
    """Learning to generate chairs. Dosovitskiy et al. 2014, https://arxiv.org/abs/1411.5928.

    A generator draws an image and its mask from a class c, a view v and further attributes. It is
    no game: each image x has a mask s, and the generator minimises

        L = E |T(x s) - u_RGB(h(c, v, theta))|^2 + lambda |T s - u_segm(h(c, v, theta))|^2,

    squared errors summed over the values of an image, on the scale of [0, 1]. Products are taken
    pixel by pixel, so that the background is black. T is a transformation of geometry and colours
    with random numbers theta in [-a, a], which the generator is given too: it enlarges the data,
    and zeros stand for images as they are. h is the joint code, from which u_RGB and u_segm are two
    streams. The mask is a stream of its own, and not read off the colours: a figure may be black.

    Departures from the paper:

    - Theta has 8 numbers, see `layers.transformation.TRANSFORMATIONS`, and ranges of our own. The
      paper's has 12, of which it gives neither code nor ranges. Its view is two angles; here the
      input also has the numbers that the data name.
    - The scale of pixels in the loss, on which the meaning of lambda depends, is a choice: the
      paper does not give it.
    - The learning rate is constant. The paper's is halved several times late in training.

    A training batch is `{"attributes": codes, "image": x, "mask": s}`, or a tuple in this order:
    codes `[B, C]` from `encode`; images `[B, H, W, C]`, uint8 or floats in [-1, 1]; and masks
    `[B, H, W, 1]`, uint8 in 0..255, booleans, or floats in [0, 1]. Without a mask, the whole image
    counts. Test batches are not transformed.

    Args:
        image_shape: (height, width, channels), of any size.
        attributes: For each attribute the names of its classes, "degrees", or the ends of its
            range; see `tfgan_zoo.attributes`.
        generator: From codes, and theta beside them, to images and masks in one tensor; None for
            `networks.attribute_to_image_generator`.
        mask_weight: Lambda.
        augmentation: The range a of theta: 1 for `TRANSFORMATIONS` as they are. It may be a
            schedule over train steps, see `schedules.Cosine`; the paper's grows from 0.1 to 1.
            None trains without T, and the generator is not given theta.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `ZooModel`.

    Raises:
        InputError: If an argument is out of range, or the generator's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.AttributeToImage(
        ...     (32, 32, 3), {"shape": ("circle", "star"), "angle": "degrees"}, augmentation=None
        ... )
        >>> model.compile()
        >>> codes = model.encode({"shape": labels, "angle": angles})
        >>> model.fit({"attributes": codes, "image": images, "mask": masks}, epochs=20)
        >>> turning = model.generate({"shape": "star", "angle": np.arange(0, 360, 10)})
    """

    kind = "attribute_to_image"
    shown = "generator"
    optional_parts = ("mask",)
    from_data = ("attributes",)
    log_names: tuple[str, ...] = ("loss", "image_loss", "mask_loss")
    main_logs: tuple[str, ...] = ("loss", "image_loss", "mask_loss")
    paper_optimizer = {"name": "adam", "learning_rate": 5e-4}
    generator_optimizer: keras.optimizers.Optimizer | None

    def __init__(
        self,
        image_shape: Sequence[int] = (128, 128, 3),
        attributes: Mapping[str, Any] | None = None,
        generator: keras.Model | None = None,
        *,
        mask_weight: float = 0.1,
        augmentation: schedules.Setting | None = 1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.coding = Attributes(attributes or {})
        self.attributes = self.coding.declared
        check_number("mask_weight", mask_weight, least=0)
        self.mask_weight = float(mask_weight)
        self.augmentation = augmentation
        if augmentation is not None:
            self.augmentation = schedules.checked("augmentation", augmentation, least=0)
        if generator is None:
            generator = networks.attribute_to_image_generator(self.image_shape, self._groups())
        self.generator = generator
        check_inputs("generator", generator, {"attributes": (sum(self._groups()),)})
        height, width, channels = self.image_shape
        wanted = (height, width, channels + 1)
        check_shape("generator", "output", generator.output_shape, wanted)

    def _groups(self) -> tuple[int, ...]:
        """Returns the lengths of the parts of the generator's input."""
        return groups_of(self.coding, self.augmentation)

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        shape, declared = check_image_shape(arguments["image_shape"]), arguments["attributes"]
        groups = groups_of(Attributes(declared), arguments["augmentation"]) if declared else ()
        return {"generator": ("generator", (shape, groups))}

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the one network."""
        return {"generator": [self.generator]}

    # ------------------------------------------------------------------ data

    def batch_spec(self) -> dict[str, tf.TensorSpec]:
        """See `ZooModel.batch_spec`."""
        return {
            "attributes": tf.TensorSpec([None, self.coding.size], tf.float32),
            "image": tf.TensorSpec([None, *self.image_shape], tf.uint8),
            "mask": tf.TensorSpec([None, *self.image_shape[:2], 1], tf.float32),
        }

    def as_declared(self, name: str, value: Any, called: str) -> tf.Tensor:
        """See `ZooModel.as_declared`; masks as floats in [0, 1]."""
        if name != "mask":
            return super().as_declared(name, value, called)
        masks = tf.convert_to_tensor(stack_images(value, called))
        masks = with_shape(masks, (*self.image_shape[:2], 1), called)
        if masks.dtype == tf.uint8:
            return tf.cast(masks, tf.float32) / 255.0
        if not (masks.dtype.is_floating or masks.dtype == tf.bool):
            raise InputError(
                f"{called}: expected uint8 in 0..255, booleans, or floats in [0, 1], got type "
                f"{masks.dtype.name}."
            )
        return tf.cast(masks, tf.float32)

    def example_batch(self, batch_size: int, seed: int = 0) -> dict[str, np.ndarray]:
        """See `ZooModel.example_batch`."""
        random = np.random.default_rng(seed)
        size = (batch_size, *self.image_shape[:2])
        return {
            "attributes": self.encode(self.coding.sample(batch_size, seed)),
            "image": random.integers(0, 256, (batch_size, *self.image_shape), "uint8"),
            "mask": 255 * random.integers(0, 2, (*size, 1), "uint8"),
        }

    def check_batch(self, batches: Sequence[Any], phase: str, called: str) -> None:
        """Checks that codes and masks have the values that they can have.

        Raises:
            InputError: If not.
        """
        super().check_batch(batches, phase, called)
        for batch in batches:
            found = named_parts(batch, self.batch_spec())
            codes, masks = (values_of(found.get(name)) for name in ("attributes", "mask"))
            if codes is not None and not (np.abs(codes) < 1.001).all():
                raise InputError(
                    f"{called}, attributes: expected codes from -1 to 1, as `encode` returns them, "
                    f"got {codes.min():g} to {codes.max():g}."
                )
            if masks is None:
                continue
            wrong = masks.dtype.kind == "f" and not ((masks >= 0).all() and (masks <= 1).all())
            if wrong or (masks.dtype == np.uint8 and masks.max() == 1):
                raise InputError(
                    f"{called}, mask: expected uint8 of 0 and 255, booleans, or floats in [0, 1], "
                    f"got {masks.dtype.name} from {masks.min():g} to {masks.max():g}"
                    f"{'' if wrong else '; give mask > 0'}."
                )

    def described(self, data: Any, training: bool = True) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns the codes of a batch, and its images and masks as floats in [0, 1]."""
        found = self.batch(data, training)
        images = (found["image"] + 1.0) / 2.0
        masks = found.get("mask")
        return (
            found["attributes"],
            images,
            tf.ones_like(images[..., :1]) if masks is None else masks,
        )

    # ------------------------------------------------------------------ training

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the generator."""
        codes, images, masks = self.described(data)
        theta = self.random_transformations(tf.shape(codes)[0])
        targets, masks = self.targets(images, masks, theta)
        inputs = self.inputs_of(codes, theta)
        logs = self.update("generator", self.generator_loss, inputs, targets, masks)
        return self.end_step(logs, images)

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        codes, images, masks = self.described(data, training=False)
        targets, masks = self.targets(images, masks)
        return self.generator_loss(self.inputs_of(codes), targets, masks, training=False)[1]

    def generator_loss(
        self, inputs: tf.Tensor, images: tf.Tensor, masks: tf.Tensor, training: bool = True
    ):
        """|T(x s) - u_RGB|^2 + lambda |T s - u_segm|^2."""
        made_images, made_masks = self.streams(self.run(self.generator, inputs, training))
        image_loss = losses.squared_error(made_images, images)
        mask_loss = losses.squared_error(made_masks, masks)
        loss = image_loss + self.mask_weight * mask_loss
        return loss, {"loss": loss, "image_loss": image_loss, "mask_loss": mask_loss}

    def targets(
        self, images: tf.Tensor, masks: tf.Tensor, theta: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns T(x s) and T s, floats in [0, 1]; x s and s without theta."""
        masked = images * masks
        return (masked, masks) if theta is None else transform(masked, masks, theta)

    def streams(self, outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns u_RGB and u_segm on the scale of [0, 1]."""
        return (outputs[..., :-1] + 1.0) / 2.0, outputs[..., -1:]

    def random_transformations(self, num: tf.Tensor) -> tf.Tensor | None:
        """Returns theta in [-a, a] for a train step, `[num, 8]`; None without T."""
        if self.augmentation is None:
            return None
        a = schedules.value_at(self.augmentation, self.step.value)
        theta = noise.uniform(self.key("theta"), [num, len(TRANSFORMATIONS)], -1.0, 1.0)
        return tf.cast(a, tf.float32) * theta


def groups_of(coding: Attributes, augmentation: Any) -> tuple[int, ...]:
    """Returns the lengths of the parts of a generator's input, theta as the last of them."""
    return coding.groups if augmentation is None else (*coding.groups, len(TRANSFORMATIONS))
