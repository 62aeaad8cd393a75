"""LSGAN (Mao et al. 2016, https://arxiv.org/abs/1611.04076) on LSUN outdoor churches, 64x64.

The paper's game with labels (a, b, c) = (0, 1, 1), batch size 64 and beta1 0.5, on DCGAN's
networks. The paper shows 112x112; these networks need powers of two, so that would be 128. The
authors' code uses z of 1024 uniform numbers and a learning rate of 1e-3; `LSGAN` lists the
differences.

Command: python -m tfgan_zoo.train --config=lsgan_lsun_church
         (or --config.data.source=folder:PATH)
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("lsgan")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.a = 0.0
    config.model_args.b = 1.0
    config.model_args.c = 1.0
    config.generator = {"name": "dcgan_generator", "filters": 128, "kernel_size": 5}
    config.discriminator = {"name": "dcgan_discriminator", "filters": 64, "kernel_size": 5}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 2e-4,
            "beta_1": 0.5,
            "epsilon": 1e-8,
        }
    config.data.source = "tfds:lsun/church_outdoor"
    config.train.steps = 50_000
    return config
