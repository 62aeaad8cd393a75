"""SNGAN (Miyato et al. 2018, https://arxiv.org/abs/1802.05957) on the figures.

The hinge game with spectral normalisation and the projection discriminator (Miyato and Koyama 2018,
https://arxiv.org/abs/1802.05637), told the 48 classes of the figures, a colour and a shape each.
The networks are BigGAN's small residual ones (Brock et al. 2018, https://arxiv.org/abs/1809.11096)
with a z that enters at the start alone: their blocks share one embedding of the class, as 48
classes are too many here for a table in each, and the discriminator widens where maps are small,
as 32 maps at the end were too few to tell 48 classes apart. It takes one step instead of five.
Samples come from an average of the generator's weights.

Command: python -m tfgan_zoo.train --model=sngan
Cost:    9.8 minutes on one CPU core, 206 images/s
Result:  validity 0.974, obedience 1.000, 47 of 48 combinations (2026-11-29)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("sngan")
    config.model_args.num_classes = 48
    config.model_args.latent_dim = 8
    config.model_args.discriminator_steps = 1
    config.model_args.ema_half_life = 10_000.0
    config.generator = {
        "name": "biggan_generator",
        "filters": 16,
        "widths": (8, 4, 2, 1),
        "embedding_dim": 32,
        "hierarchical": False,
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
    config.train.steps = 3000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
