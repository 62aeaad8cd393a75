"""R3GAN (Huang et al. 2024, https://arxiv.org/abs/2501.05441) on faces, 64x64.

The authors' networks and settings, with augmentation whose probability rises.
Published: FID 1.95.
The faces of FFHQ, 64x64: --config.data.source=folder:PATH.

Command: python -m tfgan_zoo.train --config=r3gan_ffhq64
Cost:    not measured; it takes GPUs
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config, set_cosine

BATCH = 256
#: The schedules end after 20,000,000 images of the discriminator's.
STEPS = 20_000_000 // BATCH

#: The authors' transformations; those of colours have half the probability.
KINDS = (
    *("flip", "quarter_turns", "shift", "scale", "rotation", "stretch", "fractional_shift"),
    *("brightness:0.5", "contrast:0.5", "luma_flip:0.5", "hue:0.5", "saturation:0.5", "cutout"),
)


def get_config():
    config = noise_to_image_config("r3gan")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.latent_dim = 64
    config.model_args.fresh_samples = True
    set_cosine(config, "model_args.r1_gamma", 2.0, 0.2, STEPS)
    set_cosine(config, "model_args.r2_gamma", 2.0, 0.2, STEPS)
    config.model_args.ada_kinds = KINDS
    set_cosine(config, "model_args.augment_probability", 0.0, 0.3, STEPS)
    # Twice the authors' 500,000, as all real images of a step count here.
    set_cosine(config, "model_args.ema_half_life", 0.0, 1_000_000.0, STEPS)
    config.generator = {"name": "r3gan_generator", "widths": (768, 768, 768, 768, 384)}
    config.discriminator = {"name": "r3gan_discriminator", "widths": (768, 768, 768, 768, 384)}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {"name": "adam", "beta_1": 0.0, "epsilon": 1e-8}
        set_cosine(config, f"{role}_optimizer.learning_rate", 2e-4, 5e-5, STEPS)
        set_cosine(config, f"{role}_optimizer.beta_2", 0.9, 0.99, STEPS)
    config.data.source = "folder:ffhq64"
    config.data.flip = True
    config.data.batch_size = BATCH
    config.train.steps = STEPS
    config.train.sample_every = 1000
    config.train.checkpoint_every = 5000
    config.evaluate.metrics = ("fid",)
    config.evaluate.samples = 50_000
    return config
