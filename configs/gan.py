"""The first GAN (Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661) on the figures.

Fully connected players, as in the paper, which learn nothing of neighbourhood and so have to learn
each pixel by itself; the aids are those of `dcgan.py`.

Command: python -m tfgan_zoo.train --model=gan
Cost:    3.7 minutes on 2 CPU cores, 1,265 images/s
Result:  validity 0.00, 0 of 48 combinations (2026-11-23)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("gan")
    config.model_args.latent_dim = 32
    config.model_args.objective = "non_saturating"
    config.model_args.discriminator_steps = 1
    config.model_args.label_smoothing = 0.0
    config.model_args.packing = 2
    config.model_args.r1_gamma = 0.3
    config.model_args.r1_every = 8
    config.model_args.ema_half_life = 10_000.0
    config.generator = {
        "name": "mlp_generator",
        "units": (512, 1024),
        "activation": "relu",
        "batch_norm": True,
        "initializer": "he_normal",
    }
    config.discriminator = {
        "name": "mlp_discriminator",
        "units": (512, 256),
        "maxout_pieces": 0,
        "activation": "leaky_relu",
        "input_dropout": 0.0,
        "dropout": 0.0,
        "initializer": "he_normal",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 5e-4,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.batch_size = 32
    config.train.steps = 4000
    config.train.log_every = 200
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
