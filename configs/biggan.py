"""BigGAN (Brock et al. 2018, https://arxiv.org/abs/1809.11096) on the figures.

The paper's game and networks, small: 128 to 16 maps, z of 16 numbers in four parts, told the 48
classes of the figures, a colour and a shape each.

Command: python -m tfgan_zoo.train --model=biggan
Cost:    13.9 minutes on one CPU core shared with other work, 172 images/s
Result:  validity 0.993, obedience 1.000, 48 of 48 combinations (2026-11-29)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("biggan")
    config.model_args.image_shape = (32, 32, 3)
    config.model_args.latent_dim = 16
    config.model_args.num_classes = 48
    config.model_args.discriminator_steps = 1
    config.model_args.orthogonal_weight = 1e-4
    config.model_args.ema_half_life = 10_000.0
    config.generator = {
        "name": "biggan_generator",
        "filters": 16,
        "widths": (8, 4, 2, 1),
        "embedding_dim": 32,
    }
    config.discriminator = {
        "name": "biggan_discriminator",
        "filters": 16,
        "widths": (1, 2, 4, 4),
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
    config.train.steps = 4000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
