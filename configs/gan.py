"""The first GAN (Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661) on the figures.

Convolutional networks, as in figure 2d of the paper. Its fully connected ones ignore which pixels
are neighbours, and none of their samples is a clean figure. Algorithm 1, with new fakes for each
player; otherwise the aids of `dcgan.py`.

Command: python -m tfgan_zoo.train --model=gan
Cost:    7.5 minutes on 2 busy CPU cores, 1,370 images/s
Result:  validity 0.73, 48 of 48 combinations (2026-11-24)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("gan")
    config.model_args.latent_dim = 8
    config.model_args.objective = "non_saturating"
    config.model_args.discriminator_steps = 1
    config.model_args.label_smoothing = 0.0
    config.model_args.packing = 2
    config.model_args.r1_gamma = 0.3
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
            "learning_rate": 1e-3,
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
