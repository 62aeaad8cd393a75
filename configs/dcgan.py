"""DCGAN (Radford et al. 2015, https://arxiv.org/abs/1511.06434) on the embedded figures."""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("dcgan")
    config.model_args.latent_dim = 32
    config.model_args.label_smoothing = 0.0
    config.model_args.r1_gamma = 0.5
    config.model_args.r1_every = 4
    config.model_args.ema_half_life = 10_000.0
    config.generator = {"name": "dcgan_generator", "filters": 32, "kernel_size": 4}
    config.discriminator = {
        "name": "dcgan_discriminator",
        "filters": 32,
        "kernel_size": 4,
        "normalization": "none",
    }
    config.generator_optimizer = {"name": "adam", "learning_rate": 5e-4, "beta_1": 0.5}
    config.discriminator_optimizer = {"name": "adam", "learning_rate": 5e-4, "beta_1": 0.5}
    config.train.steps = 5000
    config.evaluate.metrics = ("figures", "swd")
    return config
