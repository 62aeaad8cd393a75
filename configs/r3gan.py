"""R3GAN (Huang et al. 2024, https://arxiv.org/abs/2501.05441) on the figures, told their class.

The paper's game between small versions of its networks, told the 48 classes of the figures, a
colour and a shape each, with a z of 4 numbers for what the class leaves open. For two CPU cores,
the largest maps have half the side of the images; both updates share their samples; and the
penalties are taken in every 4th step, 4 times as strong. They fade to a twentieth along a cosine.

Command: python -m tfgan_zoo.train --model=r3gan
Cost:    8.6 minutes on one CPU core, 213 images/s
Result:  validity 0.977, obedience 1.000, 48 of 48 combinations (2026-11-29)
"""

from tfgan_zoo.config import noise_to_image_config, set_cosine

STEPS = 3000


def get_config():
    config = noise_to_image_config("r3gan")
    config.model_args.num_classes = 48
    config.model_args.latent_dim = 4
    set_cosine(config, "model_args.r1_gamma", 1.0, 0.05, STEPS)
    set_cosine(config, "model_args.r2_gamma", 1.0, 0.05, STEPS)
    config.model_args.r1_every = 4
    config.model_args.fresh_samples = False
    config.model_args.ema_half_life = 10_000.0
    networks = {"widths": (128, 96, 48), "blocks": 1, "patch_size": 2, "embedding_dim": 64}
    config.generator = {"name": "r3gan_generator", "head_kernel_size": 3, **networks}
    config.discriminator = {"name": "r3gan_discriminator", "stem_kernel_size": 4, **networks}
    for role, rate in (("generator", 1e-3), ("discriminator", 1.5e-3)):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": rate,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.flip = True  # the figures are symmetrical
    config.data.batch_size = 32
    config.train.steps = STEPS
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
