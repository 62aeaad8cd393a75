"""WGAN (Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875) on the figures.

The game with the paper's clip of 0.01 and batch normalisation in the critic, fewer critic steps and
a faster learning rate, on small convolutional networks.

Command: python -m tfgan_zoo.train --model=wgan
Cost:    4.3 minutes on 2 busy CPU cores, 1,956 images/s
Result:  validity 0.03, 20 of 48 combinations, still rising (2026-11-24)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("wgan")
    config.model_args.latent_dim = 8
    config.model_args.discriminator_steps = 3
    config.model_args.clip = 0.01
    config.model_args.packing = 2
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
        "normalization": "batch",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "rmsprop",
            "learning_rate": 5e-4,
            "rho": 0.99,
            "decay": "linear",
        }
    config.data.flip = True  # the figures are symmetrical
    config.data.batch_size = 32
    config.train.steps = 2500
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
