"""WGAN-GP (Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028) on the paper's toy data.

The paper's values: 3 x 512 ReLU networks, z of 2 normal numbers, lambda 0.1, five critic steps on
batches of 256, Adam 1e-4 with betas 0.5 and 0.9. The paper's other two
sets: --config.data.source=points/8gaussians and points/swissroll.

Command: python -m tfgan_zoo.train --config=wgan_gp_toy
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("wgan_gp")
    config.model_args.image_shape = (2,)
    config.model_args.latent_dim = 2
    config.model_args.discriminator_steps = 5
    config.model_args.penalty_weight = 0.1
    # For vectors, WGANGP's default networks are the paper's toy networks.
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 1e-4,
            "beta_1": 0.5,
            "beta_2": 0.9,
            "epsilon": 1e-8,
        }
    config.data.source = "points/25gaussians"
    config.data.batch_size = 256
    config.train.steps = 10_000
    config.train.sample_every = 1000
    config.train.samples = 2000
    config.distribution.threads_per_op = 1
    config.evaluate.samples = 2000
    return config
