"""Codes drawn from a prior, and the images that they are decoded to."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError, check_number, check_seed
from tfgan_zoo.models.mechanics.arguments import check_num, check_seeds
from tfgan_zoo.models.sampling import truncated_normal


class Prior(keras.Model):
    """Generates images from codes of the prior N(0, I), if codes have one."""

    #: Whether codes have the prior N(0, I), from which the model generates images.
    has_prior = False
    latent_dim: int

    def decode(self, codes: np.ndarray, *, batch_size: int = 64) -> np.ndarray:
        """Returns the images of codes."""
        raise NotImplementedError

    def checked_codes(self, codes: Any, argument: str) -> np.ndarray:
        """Returns codes as float32 `[num, latent_dim]`."""
        raise NotImplementedError

    def sample_latents(
        self, num: int, seed: int = 0, truncation: float | None = None
    ) -> np.ndarray:
        """Draws codes `[num, latent_dim]` from N(0, I); a larger `num` continues a smaller one.

        Args:
            num: Number of codes.
            seed: The same seed gives the same codes.
            truncation: See `generate`.

        Raises:
            InputError: If codes have no prior.
        """
        self._check_prior()
        key, shape = noise.key("sample", check_seed(seed)), [check_num(num), self.latent_dim]
        if truncation is None:
            return noise.normal(key, shape).numpy()
        check_number("truncation", truncation, above=0, infinite=True)
        return truncated_normal(key, shape, truncation).numpy()

    def latents_from_seeds(self, seeds: tf.Tensor) -> tf.Tensor:
        """Draws codes `[num, latent_dim]`, each from a seed of its own: int64 `[num]`."""
        rows = noise.for_each(
            seeds, "sample of a seed", lambda key: noise.normal(key, [1, self.latent_dim])[0]
        )
        return tf.ensure_shape(rows, [None, self.latent_dim])

    def generate(
        self,
        num: int | None = None,
        seed: int = 0,
        *,
        latents: np.ndarray | None = None,
        seeds: Sequence[int] | np.ndarray | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Makes images from codes drawn from the prior.

        Args:
            num: Number of images.
            seed: The same seed gives the same images.
            latents: Codes `[num, latent_dim]`, instead of `seed`.
            seeds: A seed for each image, instead of `seed`. The image is the one that a server's
                `generate_from_seed` makes from it.
            truncation: Draws each number of a code again until it is at most this far from 0, for
                more typical images that differ less; for `num` alone. None for all codes.
            batch_size: Number of images made at a time.

        Returns:
            float32 `[num, *image_shape]`, in [-1, 1].

        Raises:
            InputError: If codes have no prior, or the number of images is not given, or in two
                ways.

        Example:
            >>> images = model.generate(16, seed=0)
        """
        self._check_prior()
        if sum(each is not None for each in (num, latents, seeds)) != 1:
            raise InputError("generate: expected either num or latents or seeds.")
        if truncation is not None and num is None:
            raise InputError(f"truncation: expected None without num, got {truncation!r}.")
        if latents is not None:
            codes = self.checked_codes(latents, "latents")
        elif seeds is not None:
            codes = self.latents_from_seeds(tf.constant(check_seeds(seeds))).numpy()
        else:
            codes = self.sample_latents(check_num(num), seed, truncation)
        return self.decode(codes, batch_size=batch_size)

    def _check_prior(self) -> None:
        if not self.has_prior:
            raise InputError(
                f"generate: expected a model whose codes have a prior, such as VAE, got "
                f"{type(self).__name__}, whose codes can lie anywhere; decode those of images, or "
                "what lies between them: see interpolate."
            )
