"""Images from noise, for your own images: any folder, archive or array of them.

R3GAN's game (Huang et al. 2024, https://arxiv.org/abs/2501.05441) between networks of DCGAN, with
both penalties in every 8th step, augmentation by a probability that adapts (Karras et al. 2020,
https://arxiv.org/abs/2006.06676) and an average of the generator's weights. Its discriminator only
says which of two images is more real, and the penalties keep its slope small at real images and at
samples. On few figures and few emoji this had the lowest SWD of six such settings, though not the
lowest FID (docs/results.md). The generator enlarges maps by resizing, as transposed convolutions
covered early samples of emoji with a grid.

The values below are for 64x64 images. `tfgan_zoo.train` adapts size, channels, filters, batch size,
augmentation, steps and sample sheets to the images, says how, and stores the result in the run.

Command: python -m tfgan_zoo.train --config=images --config.data.source=folder:PATH [--image_size=N]
Cost:    depends on the images; see docs/own_images.md
Result:  see docs/own_images.md
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("r3gan")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.latent_dim = 100
    config.model_args.r1_gamma = 1.0
    config.model_args.r2_gamma = 1.0
    config.model_args.r1_every = 8
    config.model_args.fresh_samples = False
    config.model_args.ada_target = 0.6
    config.model_args.ema_half_life = 10_000.0
    config.generator = {
        "name": "dcgan_generator",
        "filters": 24,
        "kernel_size": 3,
        "upsampling": "resize",
        "normalization": "batch",
    }
    config.discriminator = {
        "name": "dcgan_discriminator",
        "filters": 24,
        "kernel_size": 4,
        "normalization": "none",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 5e-4,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.source = "folder:images"
    config.data.batch_size = 32
    config.train.steps = 10_000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
