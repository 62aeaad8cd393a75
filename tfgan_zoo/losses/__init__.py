"""Losses: pure functions of logits or images that return a float32 mean over the batch."""

from tfgan_zoo.losses.adversarial import (
    class_cross_entropy,
    cross_entropy_discriminator,
    entropy,
    hinge_discriminator,
    hinge_generator,
    least_squares_discriminator,
    least_squares_generator,
    matching_aware_discriminator,
    minimax_generator,
    non_saturating_generator,
    relativistic,
    relativistic_average,
    wasserstein_critic,
    wasserstein_generator,
)
from tfgan_zoo.losses.gradient_penalty import (
    gradient_norm,
    interpolate,
    r1_penalty,
    scores_and_r1_penalty,
    wgan_gp_penalty,
)
from tfgan_zoo.losses.orthogonality import orthogonal_penalty
from tfgan_zoo.losses.reconstruction import l1, mse

__all__ = [
    "class_cross_entropy",
    "cross_entropy_discriminator",
    "entropy",
    "gradient_norm",
    "hinge_discriminator",
    "hinge_generator",
    "interpolate",
    "l1",
    "least_squares_discriminator",
    "least_squares_generator",
    "matching_aware_discriminator",
    "minimax_generator",
    "mse",
    "non_saturating_generator",
    "orthogonal_penalty",
    "r1_penalty",
    "relativistic",
    "relativistic_average",
    "scores_and_r1_penalty",
    "wasserstein_critic",
    "wasserstein_generator",
    "wgan_gp_penalty",
]
