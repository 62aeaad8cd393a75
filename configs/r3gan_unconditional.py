"""R3GAN (Huang et al. 2024, https://arxiv.org/abs/2501.05441) on the figures, without classes.

The paper's game between networks of DCGAN, several times as fast here as small versions of the
paper's. A continuous generator has images between the figures; so the signs of 8 of its 12 numbers
of noise choose one of 256 learned codes, and it has to make no more than the figures of each. The
discriminator sees samples in pairs, so that no figure is forgotten, and learns four times as fast;
the penalties are taken in every 8th step, 8 times as strong.

Command: python -m tfgan_zoo.train --config=r3gan_unconditional
Cost:    10.5 minutes on 2 CPU cores, 815 images/s
Result:  validity 0.966, 48 of 48 combinations, reverse KL 0.027 (2026-11-29)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("r3gan")
    config.model_args.latent_dim = 12
    config.model_args.packing = 2
    config.model_args.r1_gamma = 0.3
    config.model_args.r2_gamma = 0.3
    config.model_args.r1_every = 8
    config.model_args.fresh_samples = False
    config.model_args.ema_half_life = 10_000.0
    config.generator = {
        "name": "dcgan_generator",
        "filters": 48,
        "kernel_size": 4,
        "mixture_bits": 8,
        "embedding_dim": 16,
    }
    config.discriminator = {
        "name": "dcgan_discriminator",
        "filters": 40,
        "kernel_size": 4,
        "normalization": "none",
    }
    for role, rate in (("generator", 5e-4), ("discriminator", 2e-3)):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": rate,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.flip = True  # the figures are symmetrical
    config.data.batch_size = 32
    config.train.steps = 8000
    config.train.log_every = 200
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
