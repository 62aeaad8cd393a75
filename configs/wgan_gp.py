"""WGAN-GP (Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028) on the figures.

The paper's game on small convolutional networks, at another pace: with lambda 1 instead of 10, the
critic can learn at 2e-3 instead of 2e-4, and two of its steps suffice instead of five. With lambda
10 and five critic steps, rates of 3e-4 and more diverged.

Command: python -m tfgan_zoo.train --model=wgan_gp
Cost:    7.0 minutes on 2 busy CPU cores, 959 images/s
Result:  validity 0.76, 48 of 48 combinations (2026-11-27)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("wgan_gp")
    config.model_args.latent_dim = 8
    config.model_args.discriminator_steps = 2
    config.model_args.penalty_weight = 1.0
    config.model_args.packing = 1
    config.model_args.r1_gamma = 0.0
    config.model_args.r1_every = 8
    config.model_args.ema_half_life = 10_000.0
    config.generator = {
        "name": "dcgan_generator",
        "filters": 48,
        "kernel_size": 4,
        "upsampling": "transposed",
        "normalization": "batch",
    }
    config.discriminator = {
        "name": "dcgan_discriminator",
        "filters": 40,
        "kernel_size": 4,
        "normalization": "none",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 2e-3,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.flip = True  # the figures are symmetrical
    config.data.batch_size = 32
    config.train.steps = 6000
    config.train.log_every = 200
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.distribution.threads_per_op = 1
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
