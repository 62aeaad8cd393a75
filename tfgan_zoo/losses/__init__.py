"""Losses: pure functions of logits, images or codes that return a float32 mean over the batch.

Terms of a variational bound have one number for each sample: see `losses.variational`.
"""

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
from tfgan_zoo.losses.codes import mds_loss, mds_stress, sparsity_kl
from tfgan_zoo.losses.features import feature_loss, feature_matching, gram_loss, gram_matrix
from tfgan_zoo.losses.gradient_penalty import (
    gradient_norm,
    interpolate,
    r1_penalty,
    scores_and_r1_penalty,
    wgan_gp_penalty,
)
from tfgan_zoo.losses.image_priors import alpha_norm, total_variation
from tfgan_zoo.losses.orthogonality import orthogonal_penalty
from tfgan_zoo.losses.reconstruction import l1, mse, squared_error
from tfgan_zoo.losses.variational import (
    bernoulli_log_likelihood,
    gaussian_kl,
    gaussian_log_density,
    gaussian_log_likelihood,
    importance_weighted_bound,
)

__all__ = [
    "alpha_norm",
    "bernoulli_log_likelihood",
    "class_cross_entropy",
    "cross_entropy_discriminator",
    "entropy",
    "feature_loss",
    "feature_matching",
    "gaussian_kl",
    "gaussian_log_density",
    "gaussian_log_likelihood",
    "gradient_norm",
    "gram_loss",
    "gram_matrix",
    "hinge_discriminator",
    "hinge_generator",
    "importance_weighted_bound",
    "interpolate",
    "l1",
    "least_squares_discriminator",
    "least_squares_generator",
    "matching_aware_discriminator",
    "mds_loss",
    "mds_stress",
    "minimax_generator",
    "mse",
    "non_saturating_generator",
    "orthogonal_penalty",
    "r1_penalty",
    "relativistic",
    "relativistic_average",
    "scores_and_r1_penalty",
    "sparsity_kl",
    "squared_error",
    "total_variation",
    "wasserstein_critic",
    "wasserstein_generator",
    "wgan_gp_penalty",
]
