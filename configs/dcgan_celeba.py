"""DCGAN (Radford et al. 2015, https://arxiv.org/abs/1511.06434) on CelebA faces, 64x64.

The paper's networks and settings, with padding as in the authors' Theano code. Before 2026-11-28 it
was "same"; runs started before then keep that padding, and the same command resumes them. `DCGAN`
lists the other differences from that code. The paper's faces are not public; CelebA, cropped to the
central 108 pixels, is the usual substitute.

Command: python -m tfgan_zoo.train --config=dcgan_celeba
         (or --config.data.source=folder:PATH, containing the aligned JPEG files)
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("dcgan")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.latent_distribution = "uniform"
    config.model_args.label_smoothing = 0.0
    # Padding as in the authors' Theano code, which uses these kernels.
    config.generator = {
        "name": "dcgan_generator",
        "filters": 128,
        "kernel_size": 5,
        "padding": "symmetric",
    }
    config.discriminator = {
        "name": "dcgan_discriminator",
        "filters": 64,
        "kernel_size": 5,
        "padding": "symmetric",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 2e-4,
            "beta_1": 0.5,
            "epsilon": 1e-8,
        }
    config.data.source = "tfds:celeb_a"
    config.data.crop = 108
    config.data.flip = True
    config.data.batch_size = 128
    config.train.steps = 40_000  # 25 epochs
    return config
