"""WGAN-GP (Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028) on the figures.

The game with the paper's lambda of 10 and five critic steps, a faster and decaying learning rate, on
small convolutional networks. With two critic steps it diverged.

Command: python -m tfgan_zoo.train --model=wgan_gp
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("wgan_gp")
    config.model_args.latent_dim = 32
    config.model_args.discriminator_steps = 5
    config.model_args.penalty_weight = 10.0
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
            "learning_rate": 3e-4,
            "beta_1": 0.0,
            "beta_2": 0.9,
            "decay": "linear",
        }
    config.data.batch_size = 32
    config.train.steps = 1200
    config.train.log_every = 200
    config.train.sample_every = 400
    config.train.checkpoint_every = 400
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
