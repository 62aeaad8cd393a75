"""Models that make samples from noise, or from noise and a condition: how they are used."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError, check_number, check_seed, input_errors
from tfgan_zoo.layers.inference import batch_normalizations
from tfgan_zoo.models.conditional import Conditional
from tfgan_zoo.models.mechanics import classes, parts
from tfgan_zoo.models.mechanics.arguments import check_num, check_seeds
from tfgan_zoo.models.mechanics.functional import run_on_mixtures
from tfgan_zoo.pixels import to_occupancy
from tfgan_zoo.samples import VOXELS, kind_of
from tfgan_zoo.serving.signatures import Endpoint

#: Replicas share the samples of a dataset, as they do those of arrays.
_BY_SAMPLES = tf.data.Options()
_BY_SAMPLES.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA


class Sampling(Conditional):
    """Draws noise, generates samples, and exports both."""

    generator: keras.Model
    latent_dim: int
    latent_distribution: Literal["normal", "uniform"]
    #: What uniform latents are drawn from.
    uniform_range = (-1.0, 1.0)

    def latents(self, purpose: str, count: tf.Tensor) -> tf.Tensor:
        """Draws z, `[count, latent_dim]`."""
        return self._draw_latents(self.key(purpose), count)

    def _draw_latents(
        self, key: tf.Tensor, count: tf.Tensor | int, truncation: float | None = None
    ) -> tf.Tensor:
        if self.latent_distribution == "uniform":
            return noise.uniform(key, [count, self.latent_dim], *self.uniform_range)
        if truncation is not None:
            return truncated_normal(key, [count, self.latent_dim], truncation)
        return noise.normal(key, [count, self.latent_dim])

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """Returns images, floats in [-1, 1], from latents `[B, latent_dim]`.

        Args:
            inputs: The latents; of a conditional model, (latents, *given), where labels are class
                numbers `[B]` or mixtures of classes `[B, num_classes]`.
            training: Whether the generator trains.

        Raises:
            InputError: If a class does not exist. In a graph TensorFlow raises its own error, which
                has the sentence.
        """
        network = self.sampling_network(self.generator)
        if not self.condition:
            return self.run(network, inputs, training)
        inputs = list(inputs)
        if self.num_classes is not None:
            place = 1 + self.condition.index("label")
            if tf.as_dtype(inputs[place].dtype).is_floating:
                return run_on_mixtures(network, inputs, place, training)
            # A GPU embeds a class that does not exist as zeros.
            inputs[place] = classes.class_numbers(inputs[place], self.num_classes, "label")
        return self.run(network, inputs, training)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> np.ndarray:
        """Makes images from latents, as Keras' `predict` does; `generate` draws them as well.

        Args:
            x: Latents `[num, latent_dim]`, or a dataset of batches of them; of a conditional model,
                (latents, *given).
            *args: As for Keras' `predict`.
            **kwargs: As for Keras' `predict`.

        Raises:
            InputError: If the latents have another shape, or a class does not exist.
        """
        leaves = tf.nest.flatten(x.element_spec if isinstance(x, tf.data.Dataset) else x)
        shape = getattr(next(iter(leaves), None), "shape", None)
        if shape is not None and not tf.TensorShape(shape).is_compatible_with(
            (None, self.latent_dim)
        ):
            raise InputError(
                f"predict: expected latents, shape (num, {self.latent_dim}), got {tuple(shape)}; "
                "use generate, which draws them."
            )
        with input_errors():
            return super().predict(x, *args, **kwargs)

    def sample_latents(
        self, num: int, seed: int = 0, truncation: float | None = None
    ) -> np.ndarray:
        """Draws latents `[num, latent_dim]`; a larger `num` continues a smaller one.

        Args:
            num: Number of latents.
            seed: The same seed gives the same latents.
            truncation: See `generate`.
        """
        self._check_truncation(truncation)
        key = noise.key("sample", check_seed(seed))
        return self._draw_latents(key, num, truncation).numpy()

    def latents_from_seeds(self, seeds: tf.Tensor, truncation: float | None = None) -> tf.Tensor:
        """Draws latents `[num, latent_dim]`, each from a seed of its own: int64 `[num]`."""
        self._check_truncation(truncation)
        rows = noise.for_each(
            seeds, "sample of a seed", lambda k: self._draw_latents(k, 1, truncation)[0]
        )
        return tf.ensure_shape(rows, [None, self.latent_dim])

    def _check_truncation(self, truncation: float | None) -> None:
        if truncation is None:
            return
        check_number("truncation", truncation, above=0, infinite=True)
        if self.latent_distribution != "normal":
            raise InputError(
                f"truncation: expected None for a model whose latents are "
                f"{self.latent_distribution}, got {truncation}; it is for normal ones."
            )

    def generate(
        self,
        num: int | None = None,
        seed: int = 0,
        *,
        latents: np.ndarray | None = None,
        seeds: Sequence[int] | np.ndarray | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
        **given: Any,
    ) -> np.ndarray:
        """Makes images.

        Args:
            num: Number of images. A conditional model makes one for each entry of its condition if
                this is left out.
            seed: The same seed gives the same images.
            latents: z, `[num, latent_dim]`, instead of `seed`.
            seeds: A seed for each image, instead of `seed`. The image depends on no other seed, and
                is the one that a server's `generate_from_seed` makes from it.
            truncation: Draws each number of z again until it is at most this far from 0: smaller
                values give more typical images that differ less (Brock et al. 2018,
                https://arxiv.org/abs/1809.11096). For normal latents; None for all of them.
            batch_size: Number of images made at a time, on each replica. On several replicas the
                batches are those of one device, and so are the images.
            **given: The condition, by name: an entry for each image, or a single one for all. A
                `label` is a class number, one of `class_names`, or a mixture of classes: a row of
                `num_classes` weights that add up to 1.

        Returns:
            float32 `[num, *image_shape]`, in [-1, 1].

        Raises:
            InputError: If the number of images is not given, or in two ways; or an argument has the
                wrong shape; or the condition is incomplete.

        Example:
            >>> images = model.generate(16, seed=0)
            >>> again = model.generate(seeds=[7, 7])  # twice the same
            >>> threes = conditional.generate(16, label=3)
            >>> digits = conditional.generate(label=range(10))
            >>> rings = conditional.generate(16, label="ring", truncation=0.7)
        """
        condition = self.condition_of(given)
        count = None if num is None else check_num(num)
        ways = [each is not None for each in (num, latents, seeds)]
        if sum(ways[1:]) > 1 or (not condition and sum(ways) != 1):
            either = "latents or seeds" if condition else "num or latents or seeds"
            raise InputError(f"generate: expected either {either}.")
        for name, values in condition.items():
            if len(values) > 1 and count not in (None, len(values)):
                raise InputError(f"{name}: expected one entry, or {count}, got {len(values)}.")
            if len(values) > 1:
                count = len(values)
        if latents is not None and truncation is not None:
            raise InputError(f"truncation: expected None beside latents, got {truncation!r}.")
        if seeds is not None:
            rows_of = tf.constant(check_seeds(seeds))
            latents = self.latents_from_seeds(rows_of, truncation).numpy()
        if latents is None:
            latents = self.sample_latents(count or 1, seed, truncation)
        latents = np.asarray(latents, np.float32)
        rows = len(latents) if count is None else count
        if latents.shape != (rows, self.latent_dim) or rows == 0:
            expected = f"shape ({rows}, {self.latent_dim})"
            if count is None:
                expected = f"one or more, shape (num, {self.latent_dim})"
            advice = "; give one as x[np.newaxis]" * (latents.shape == (self.latent_dim,))
            raise InputError(f"latents: expected {expected}, got {latents.shape}{advice}.")
        entries = (np.repeat(v, rows // len(v), axis=0) for v in condition.values())
        return self._images_of((latents, *entries), batch_size)

    def _images_of(self, inputs: tuple[np.ndarray, ...], batch_size: int) -> np.ndarray:
        """Returns an image for each row, from the batches that one device would make.

        The last digits of an image may depend on the size of its batch, so replicas have whole
        batches, and the last one, which may be smaller, is made on its own. As some operations fail
        on an empty batch, a replica that has none left repeats a row instead.
        """
        replicas = self.distribute_strategy.num_replicas_in_sync
        if replicas == 1:
            return self._images_in_batches(inputs, batch_size)
        num = len(inputs[0])
        whole = num - num % batch_size
        images = []
        for start, stop, size in ((0, whole, batch_size), (whole, num, num - whole)):
            if start < stop:
                count, step = stop - start, size * replicas
                padded = np.arange(start, start + math.ceil(count / step) * step)
                places = np.minimum(padded, stop - 1)
                rows = tuple(each[places] for each in inputs)
                images.append(self._images_in_batches(rows, step)[:count])
        return np.concatenate(images)

    def _images_in_batches(self, inputs: tuple[np.ndarray, ...], batch_size: int) -> np.ndarray:
        given: Any = inputs if len(inputs) > 1 else inputs[0]
        # Keras would make a dataset that can be shuffled, which takes as long as many images do.
        dataset = tf.data.Dataset.from_tensor_slices((given,)).batch(batch_size)
        return self.predict(dataset.with_options(_BY_SAMPLES), verbose=0)

    def standing_statistics(self, num: int = 1024, batch_size: int = 64, seed: int = 0) -> None:
        """Replaces the batch statistics that samples are drawn with by means over many batches.

        Brock et al. 2018, https://arxiv.org/abs/1809.11096, appendix D. The statistics are those of
        the generator whose samples are shown: the moving average, if there is one. Training goes on
        with the usual moving statistics.

        Args:
            num: Number of images to make, at least one of each class; their last batch is left out
                if it is smaller.
            batch_size: Number of images in a batch.
            seed: Seed of their latents, and of the order of their classes, which occur equally
                often. Neighbouring classes are often alike, and would make batches that vary less
                than those of training.

        Raises:
            InputError: If the model has a condition other than classes, or the numbers are no whole
                ones, or there is no batch.
        """
        check_number("batch_size", batch_size, least=1, whole=True)
        check_number("num", num, least=max(batch_size, self.num_classes or 1), whole=True)
        if self.condition and self.num_classes is None:
            raise InputError(
                "standing_statistics: expected a model without a condition, or with num_classes, "
                f"got one with the condition {' and '.join(self.condition)}."
            )
        network = self.sampling_network(self.generator)
        statistics = batch_normalizations(network)
        before = [(layer.momentum, layer.trainable) for layer in statistics]
        latents = self.sample_latents(num, seed)
        in_turn = tf.range(num) % (self.num_classes or 1)
        labels = noise.shuffle(noise.key("classes", seed), in_turn).numpy()
        try:
            for i in range(num // batch_size):
                rows = slice(i * batch_size, (i + 1) * batch_size)
                for layer in statistics:
                    layer.trainable, layer.momentum = True, i / (i + 1)
                z, asked = tf.constant(latents[rows]), tf.constant(labels[rows], tf.int32)
                self.run(network, [z, asked] if self.condition else z, training=True)
        finally:
            for layer, (momentum, trainable) in zip(statistics, before, strict=True):
                layer.momentum, layer.trainable = momentum, trainable

    def endpoints(self) -> dict[str, Endpoint]:
        """From latents, or from a seed for each image, to images, floats in [-1, 1].

        Voxels are occupancies, floats in [0, 1]. A conditional model also takes its condition, a
        tensor for each part.
        """
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")
        seed = tf.TensorSpec([None], tf.int64, name="seed")
        condition = self.condition_spec()
        given = tuple(tf.TensorSpec(s.shape, s.dtype, name) for name, s in condition.items())
        kind = kind_of(self.image_shape)

        def generate(latents, *given):
            made = self.call((latents, *given) if given else latents)
            return {kind.tensor: to_occupancy(made) if kind is VOXELS else made}

        def generate_from_seed(seed, *given):
            return generate(self.latents_from_seeds(seed), *given)

        def example(num):
            return {name: parts.random_values(each, num) for name, each in condition.items()}

        return {
            "generate": Endpoint(
                generate,
                (latents, *given),
                lambda n: {"latents": self.sample_latents(n), **example(n)},
            ),
            "generate_from_seed": Endpoint(
                generate_from_seed,
                (seed, *given),
                lambda n: {"seed": np.arange(n, dtype=np.int64), **example(n)},
            ),
        }


def truncated_normal(key: tf.Tensor, shape: Sequence[Any], truncation: float) -> tf.Tensor:
    """Draws from N(0, 1), again until each number is at most `truncation` from 0.

    Numbers within the bound are those that are drawn without it. The others are drawn from the
    truncated distribution at once, by its inverse distribution function.

    Args:
        key: Seed from `noise.key`.
        shape: See `noise.normal`.
        truncation: The bound.
    """
    z = noise.normal(key, shape)
    bound = tf.constant(truncation, tf.float64)
    share = tf.math.erf(bound / math.sqrt(2.0))
    u = tf.cast(noise.uniform(noise.derived(key, "truncated"), shape), tf.float64)
    inside = math.sqrt(2.0) * tf.math.erfinv((2.0 * u - 1.0) * share)
    inside = tf.clip_by_value(tf.cast(inside, tf.float32), -truncation, truncation)
    return tf.where(tf.abs(z) <= truncation, z, inside)
