"""A classifier of images, which a transfer between domains takes its features from."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.models.base import ZooModel
from tfgan_zoo.models.mechanics import classes
from tfgan_zoo.models.mechanics.arguments import check_image_shape
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape
from tfgan_zoo.models.mechanics.parts import as_images, joined, random_images
from tfgan_zoo.serving.signatures import Endpoint


@keras.saving.register_keras_serializable("tfgan_zoo")
class Classifier(ZooModel):
    """Classification of images: L = -E[log P(y | x)], with P the softmax of the logits.

    It is no game. Its layers are features in which images are compared: `DTN` transfers images with
    what such a layer sees, and `pretraining` in its recipes trains this model first.

    The authors published no code to depart from: Taigman et al. (DTN, 2016,
    https://arxiv.org/abs/1611.02200) train their f on the labels of SVHN, with four convolutions of
    64, 128, 256 and 128 maps. `image_classifier` is smaller.

    A training batch is `{"image": x, "label": y}` or `(x, y)`: images, uint8 or floats in [-1, 1],
    and class numbers, or exactly one-hot rows.

    Args:
        image_shape: (height, width, channels).
        num_classes: Number of classes.
        classifier: From images in [-1, 1] to logits `[B, num_classes]`; None for
            `image_classifier`.
        class_names: Names of the classes, by number.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `ZooModel`.

    Raises:
        InputError: If an argument is out of range or the network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.Classifier((28, 28, 1), 10)
        >>> model.compile()
        >>> model.fit(images, labels, epochs=3)
        >>> probabilities = model.classify(images)
    """

    kind = "classification"
    shown = "classifier"
    log_names: tuple[str, ...] = ("loss", "accuracy")
    main_logs: tuple[str, ...] = ("loss", "accuracy")
    paper_optimizer = {"name": "adam", "learning_rate": 1e-3}

    def __init__(
        self,
        image_shape: Sequence[int] = (32, 32, 3),
        num_classes: int = 10,
        classifier: keras.Model | None = None,
        *,
        class_names: Sequence[str] = (),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.num_classes = required_num_classes(num_classes)
        self.class_names = classes.check_class_names(class_names or (), self.num_classes)
        if classifier is None:
            classifier = networks.image_classifier(self.image_shape, self.num_classes)
        self.classifier = classifier
        check_networks(classifier=classifier)
        check_shape("classifier", "input", classifier.input_shape, self.image_shape)
        check_shape("classifier", "output", classifier.output_shape, (self.num_classes,))

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        shape = check_image_shape(arguments["image_shape"])
        num = required_num_classes(arguments["num_classes"])
        return {"classifier": ("classifier", (shape, num))}

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the one network."""
        return {"classifier": [self.classifier]}

    def batch_spec(self) -> dict[str, tf.TensorSpec]:
        """See `ZooModel.batch_spec`."""
        return {
            "image": tf.TensorSpec([None, *self.image_shape], tf.uint8),
            "label": tf.TensorSpec([None], tf.int32),
        }

    def as_declared(self, name: str, value: Any, called: str) -> tf.Tensor:
        """See `ZooModel.as_declared`: exactly one-hot labels are accepted too."""
        if name == "label":
            return classes.class_numbers(value, self.num_classes, called)
        return super().as_declared(name, value, called)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the classifier."""
        found = self.batch(data)
        logs = self.update("classifier", self.loss_of, found["image"], found["label"])
        return self.end_step(logs, found["image"])

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        found = self.batch(data, training=False)
        return self.loss_of(found["image"], found["label"], training=False)[1]

    def loss_of(self, images: tf.Tensor, labels: tf.Tensor, training: bool = True):
        """-E[log P(y | x)], and the share of images whose most likely class is their own."""
        logits = self.run(self.classifier, images, training)
        loss = losses.class_cross_entropy(labels, logits)
        right = tf.argmax(logits, axis=1, output_type=tf.int32) == tf.cast(labels, tf.int32)
        return loss, {"loss": loss, "accuracy": tf.reduce_mean(tf.cast(right, tf.float32))}

    # ------------------------------------------------------------------ use

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns P(y | x), float32 `[B, num_classes]`.

        Args:
            inputs: Images `[B, H, W, C]`, uint8 or floats in [-1, 1].
            training: Ignored, as this is always inference.
        """
        del training
        images = as_images(inputs, self.image_shape, "images")
        network = self.sampling_network(self.classifier)
        return tf.nn.softmax(self.run(network, images, training=False))

    def classify(self, images: np.ndarray, *, batch_size: int = 64) -> np.ndarray:
        """Returns the probabilities of the classes of images.

        Args:
            images: Images `[num, H, W, C]`, uint8 or floats in [-1, 1].
            batch_size: Number of images at a time.

        Returns:
            float32 `[num, num_classes]`; rows add up to 1.

        Raises:
            InputError: If there are none, or they have another shape or type.

        Example:
            >>> numbers = model.classify(images).argmax(axis=1)
        """
        if len(images) == 0 or batch_size < 1:
            raise InputError("classify: expected an image or more, and a batch_size from 1 up.")
        images = self.checked_images(images, shape=self.image_shape)
        done = [self(images[i : i + batch_size]).numpy() for i in range(0, len(images), batch_size)]
        return joined(done)

    def endpoints(self) -> dict[str, Endpoint]:
        """One endpoint, `classify`, from `images` to `probabilities`."""
        spec = tf.TensorSpec([None, *self.image_shape], tf.float32, name="images")
        return {
            "classify": Endpoint(
                lambda images: {"probabilities": self.call(images)},
                (spec,),
                lambda n: {"images": random_images(self.image_shape, n)},
            )
        }


def required_num_classes(num_classes: Any) -> int:
    """Returns a number of classes, or raises `InputError` if it is no whole number from 2 up."""
    check_number("num_classes", num_classes, least=2, whole=True)
    return int(num_classes)
