"""Joint embedding of images and texts, which trains a text encoder for a text-to-image game."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.arguments import check_image_shape, check_size
from tfgan_zoo.models.mechanics.gathering import differ, gathered
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape, check_strings
from tfgan_zoo.models.mechanics.parts import as_images, joined, random_values
from tfgan_zoo.models.texts import ReadsTexts
from tfgan_zoo.serving.signatures import Endpoint


@keras.saving.register_keras_serializable("tfgan_zoo")
class JointEmbedding(ReadsTexts):
    """Deep structured joint embedding. Reed et al. 2016, https://arxiv.org/abs/1605.05395.

    An image encoder theta(v) and a text encoder phi(t) learn vectors whose inner product F(v, t) is
    larger for an image and its own text than for an image and another's,

        L = mean_n [ mean_k max(0, 1 + F(v_n, t_k) - F(v_n, t_n))
                   + mean_k max(0, 1 + F(v_k, t_n) - F(v_n, t_n)) ],

    over the samples k of the batch whose class differs from that of n. It is no game, as both
    encoders minimise the same loss.

    Departures from the authors' code (https://github.com/reedscot/cvpr2016):

    - A batch is 40 images of different classes, drawn at each step: see `distinct_classes` of
      `tfgan_zoo.data.captioned`. The recipes `gan_cls_cub` and `gan_cls_flowers` do so too.
    - The learning rate is multiplied by 0.98 after as many steps as there are classes, 150 for CUB
      and 82 for Oxford-102, as in those recipes. Without an optimizer of your own it is constant.
    - Images are fixed features of a GoogLeNet, of one of ten views; theta(v) = v is not trained.
      Here theta is a network that learns from pixels.
    - There, sums over k are divided by the batch size B, in which n itself counts with 0: for a
      batch of different classes, that loss is (B - 1) / B times this one.

    A training batch is `{"image": v, "text": t}` or `(v, t)`: images, uint8 or floats in [-1, 1],
    and strings. A part "class", or a third tensor, holds the numbers of classes; without it, equal
    texts are of one class. On several replicas, the samples of all are compared.

    Args:
        image_shape: (height, width, channels).
        embedding_dim: Length of the vectors.
        text_encoder: Phi, from strings `[B]` to `[B, embedding_dim]`; None for the paper's, with
            Keras' recurrent layer and initial weights (see `networks.char_cnn_rnn`).
        image_encoder: Theta, from images in [-1, 1] to `[B, embedding_dim]`; None for a small
            convolutional network. The paper's is a GoogLeNet that was trained to classify.
        **kwargs: `seed`, `name`; see `ZooModel`.

    Raises:
        InputError: If a network's shapes do not fit.

    Example:
        >>> model = tfgan_zoo.JointEmbedding((64, 64, 3), 128, text_encoder=encoder)
        >>> model.compile()
        >>> model.fit(dataset, epochs=10)
        >>> vectors = model.embed(["a small red circle"])
    """

    kind = "joint_embedding"
    optional_parts = ("class",)
    log_names: tuple[str, ...] = ("loss", "accuracy")
    main_logs: tuple[str, ...] = ("loss", "accuracy")
    no_xla = "XLA has no strings for the encoder to read"
    #: The authors' rate falls by 2 % an epoch. Torch adds its epsilon of 1e-8 to the root of the
    #: mean square, Keras adds one under the root: 1e-16 there.
    paper_optimizer = {"name": "rmsprop", "learning_rate": 7e-4, "rho": 0.99, "epsilon": 1e-16}

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 3),
        embedding_dim: int = 1024,
        text_encoder: keras.Model | None = None,
        image_encoder: keras.Model | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.image_shape = check_image_shape(image_shape)
        self.embedding_dim = check_size("embedding_dim", embedding_dim)
        if text_encoder is None:
            text_encoder = networks.char_cnn_rnn(self.embedding_dim)
        if image_encoder is None:
            image_encoder = networks.image_encoder(self.image_shape, self.embedding_dim)
        self.text_encoder, self.image_encoder = text_encoder, image_encoder
        check_networks(text_encoder=text_encoder, image_encoder=image_encoder)
        check_strings("text_encoder", text_encoder)
        check_shape("image_encoder", "input", self.image_encoder.input_shape, self.image_shape)
        for argument in ("text_encoder", "image_encoder"):
            came = getattr(self, argument).output_shape
            check_shape(argument, "output", came, (self.embedding_dim,))

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        shape = check_image_shape(arguments["image_shape"])
        dim = check_size("embedding_dim", arguments["embedding_dim"])
        return {
            "text_encoder": ("text_encoder", (dim,)),
            "image_encoder": ("image_encoder", (shape, dim)),
        }

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns both networks in one role, as they are trained together."""
        return {"encoder": [self.text_encoder, self.image_encoder]}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of both encoders."""
        images, texts, classes = self._compared(data)
        logs = self.update("encoder", self.loss_between, images, texts, classes)
        return self.end_step(logs, images)

    def losses_of(self, data: Any) -> dict[str, tf.Tensor]:
        """See `ZooModel.losses_of`."""
        return self.loss_between(*self._compared(data, training=False), training=False)[1]

    def loss_between(self, images, texts, classes, training: bool = True):
        """L, and the share of images whose own text is the nearest in the batch."""
        v = gathered(self.run(self.image_encoder, images, training))
        t = gathered(self.run(self.text_encoder, texts, training))
        scores = tf.matmul(v, t, transpose_b=True)  # F(v_n, t_k)
        own = tf.linalg.diag_part(scores)
        other = differ(classes)
        counted = tf.cast(other, tf.float32)
        counted /= tf.maximum(tf.reduce_sum(counted, 1, keepdims=True), 1.0)
        by_image = tf.nn.relu(1.0 + scores - own[:, tf.newaxis])
        by_text = tf.nn.relu(1.0 + tf.transpose(scores) - own[:, tf.newaxis])
        loss = tf.reduce_mean(tf.reduce_sum(counted * (by_image + by_text), axis=1))
        rival = tf.reduce_max(tf.where(other, scores, scores.dtype.min), axis=1)
        accuracy = tf.reduce_mean(tf.cast(own > rival, tf.float32))
        return loss, {"loss": loss, "accuracy": accuracy}

    def batch_spec(self) -> dict[str, tf.TensorSpec]:
        """See `ZooModel.batch_spec`."""
        return {
            "image": tf.TensorSpec([None, *self.image_shape], tf.uint8),
            "text": tf.TensorSpec([None], tf.string),
            "class": tf.TensorSpec([None], tf.int64),
        }

    def _compared(self, data: Any, training: bool = True) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns images, texts and classes; without classes, equal texts are of one class."""
        found = self.batch(data, training)
        return found["image"], found["text"], found.get("class", found["text"])

    # ------------------------------------------------------------------ use

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns phi(t) of strings, `[B, embedding_dim]`."""
        return self.run(self.text_encoder, inputs, training)

    def embeddings(self, texts: Any) -> tf.Tensor:
        """See `ReadsTexts.embeddings`."""
        return self(tf.constant(texts))

    def embed_images(self, images: np.ndarray, *, batch_size: int = 64) -> np.ndarray:
        """Returns theta(images), float32 `[num, embedding_dim]`; images as in training.

        Raises:
            InputError: If there are none, or they have another shape or type.
        """
        if len(images) == 0 or batch_size < 1:
            raise InputError("embed_images: expected an image or more, and a batch_size from 1 up.")
        images = self.checked_images(images, shape=self.image_shape)
        done = []
        for i in range(0, len(images), batch_size):
            batch = as_images(images[i : i + batch_size], self.image_shape, "images")
            done.append(self.image_encoder(batch, training=False).numpy())
        return joined(done)

    def endpoints(self) -> dict[str, Endpoint]:
        """One endpoint, `embed`, from `text` to `embeddings`."""
        text = tf.TensorSpec([None], tf.string, name="text")
        return {
            "embed": Endpoint(
                lambda text: {"embeddings": self.call(text)},
                (text,),
                lambda n: {"text": random_values(text, n)},
            )
        }
