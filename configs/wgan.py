"""WGAN (Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875) on the figures.

The paper's game and optimizer, with batch normalisation in the critic, on small convolutional
networks. A clip of 0.1 instead of 0.01 leaves weights room to move at a learning rate of 1e-3
instead of 5e-5; two critic steps suffice instead of five.

Command: python -m tfgan_zoo.train --model=wgan
Cost:    12.6 minutes on 2 busy CPU cores, 1,075 images/s
Result:  validity 0.20, 40 of 48 combinations (2026-11-27)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("wgan")
    config.model_args.latent_dim = 8
    config.model_args.discriminator_steps = 2
    config.model_args.clip = 0.1
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
        "normalization": "batch",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "rmsprop",
            "learning_rate": 1e-3,
            "rho": 0.99,
            "decay": "linear",
        }
    config.data.flip = True  # the figures are symmetrical
    config.data.batch_size = 32
    config.train.steps = 12_000
    config.train.log_every = 400
    config.train.sample_every = 2000
    config.train.checkpoint_every = 2000
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
