"""R3GAN (Huang et al. 2024, https://arxiv.org/abs/2501.05441) on 25 Gaussians.

The game between networks of three layers of 128 units. The ring:
--config.data.source=points/ring.

Command: python -m tfgan_zoo.train --config=r3gan_points
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config, set_cosine

STEPS = 60_000


def get_config():
    config = noise_to_image_config("r3gan")
    config.model_args.image_shape = (2,)
    config.model_args.latent_dim = 8
    config.model_args.r1_gamma = 0.1
    config.model_args.r2_gamma = 0.1
    config.model_args.fresh_samples = True
    config.model_args.ema_half_life = 10_000.0
    # For vectors, R3GAN's default networks are small dense ones.
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {"name": "adam", "learning_rate": 1e-3, "beta_1": 0.0}
        set_cosine(config, f"{role}_optimizer.learning_rate", 1e-3, 1e-5, STEPS)
        set_cosine(config, f"{role}_optimizer.beta_2", 0.9, 0.99, STEPS)
    config.data.source = "points/25gaussians"
    config.data.batch_size = 256
    config.train.steps = STEPS
    config.train.log_every = 1000
    config.train.sample_every = 5000
    config.train.checkpoint_every = 5000
    config.train.samples = 2000
    config.distribution.threads_per_op = 1
    config.evaluate.metrics = ("modes", "swd")
    config.evaluate.samples = 2500
    return config
