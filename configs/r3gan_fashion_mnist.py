"""R3GAN (Huang et al. 2024, https://arxiv.org/abs/2501.05441) on Fashion-MNIST, 32x32 grey.

The paper's game between networks of DCGAN, which see several times as many images in the same
minutes as small versions of the paper's; `r3gan_cifar10.py` has the paper's. The penalties are
taken in every 8th step, 8 times as strong. With --config.model_args.num_classes=10, the game is
class-conditional.

Command: python -m tfgan_zoo.train --config=r3gan_fashion_mnist
         (offline: --config.data.source=idx:FOLDER, containing Fashion-MNIST's four .gz files)
Cost:    17.0 minutes on one CPU core, 754 images/s
Result:  FID[fashion_mnist_v1] 0.77 (2026-11-29)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("r3gan")
    config.model_args.image_shape = (32, 32, 1)
    config.model_args.latent_dim = 64
    config.model_args.r1_gamma = 0.2
    config.model_args.r2_gamma = 0.2
    config.model_args.r1_every = 8
    config.model_args.fresh_samples = False
    config.model_args.ema_half_life = 10_000.0
    config.generator = {"name": "dcgan_generator", "filters": 32, "kernel_size": 4}
    config.discriminator = {
        "name": "dcgan_discriminator",
        "filters": 32,
        "kernel_size": 4,
        "normalization": "none",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 1e-3,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.source = "tfds:fashion_mnist"
    config.data.fit = "pad"
    config.data.batch_size = 64
    config.train.steps = 12_000
    config.train.log_every = 200
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.best = False  # the last one is better than the best by SWD
    return config
