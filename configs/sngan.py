"""SNGAN (Miyato et al. 2018, https://arxiv.org/abs/1802.05957) on the figures.

The hinge game with spectral normalisation and the projection discriminator (Miyato and Koyama 2018,
https://arxiv.org/abs/1802.05637), told the 48 classes of the figures, a colour and a shape each.
The paper's residual networks with 32 maps instead of 256 and 128, one step of the discriminator
instead of five, and an average of the generator's weights for sampling.

Command: python -m tfgan_zoo.train --model=sngan
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("sngan")
    config.model_args.num_classes = 48
    config.model_args.latent_dim = 4
    config.model_args.discriminator_steps = 1
    config.model_args.ema_half_life = 10_000.0
    config.generator = {"name": "sngan_generator", "filters": 32}
    config.discriminator = {"name": "sngan_discriminator", "filters": 32}
    for role, rate in (("generator", 1e-3), ("discriminator", 5e-4)):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": rate,
            "beta_1": 0.0,
            "beta_2": 0.9,
            "decay": "linear",
        }
    config.data.flip = True  # the figures are symmetrical
    config.data.batch_size = 32
    config.train.steps = 4000
    config.train.log_every = 200
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
