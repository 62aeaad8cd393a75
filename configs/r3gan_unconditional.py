"""R3GAN (Huang et al. 2024, https://arxiv.org/abs/2501.05441) on the figures, without classes.

The quick recipe `r3gan` without labels, with a z of 8 numbers.

Command: python -m tfgan_zoo.train --config=r3gan_unconditional
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config, set_cosine

STEPS = 8000


def get_config():
    config = noise_to_image_config("r3gan")
    config.model_args.latent_dim = 8
    config.model_args.r1_gamma = 0.3
    config.model_args.r2_gamma = 0.3
    config.model_args.r1_every = 4
    config.model_args.fresh_samples = False
    config.model_args.ema_half_life = 10_000.0
    networks = {"widths": (96, 64, 48), "blocks": 1, "patch_size": 2}
    config.generator = {"name": "r3gan_generator", **networks}
    config.discriminator = {"name": "r3gan_discriminator", **networks}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {"name": "adam", "learning_rate": 1e-3, "beta_1": 0.0}
        set_cosine(config, f"{role}_optimizer.learning_rate", 1e-3, 5e-5, STEPS)
        set_cosine(config, f"{role}_optimizer.beta_2", 0.9, 0.99, STEPS)
    config.data.flip = True  # the figures are symmetrical
    config.data.batch_size = 32
    config.train.steps = STEPS
    config.train.log_every = 200
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
