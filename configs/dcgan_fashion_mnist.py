"""DCGAN (Radford et al. 2015, https://arxiv.org/abs/1511.06434) on Fashion-MNIST, 32x32 grey.

The paper's recipe (batch norm in both networks, Adam 2e-4 with beta1 0.5, N(0, 0.02), uniform z)
for a CPU, with networks a quarter as wide.

Command: python -m tfgan_zoo.train --config=dcgan_fashion_mnist
         (offline: --config.data.source=idx:FOLDER, containing Fashion-MNIST's four .gz files)
Cost:    4.4 minutes on 2 CPU cores, 1,295 images/s
Result:  SWD 0.047; samples in docs/results.md (2026-11-23)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("dcgan")
    config.model_args.image_shape = (32, 32, 1)
    config.model_args.latent_distribution = "uniform"
    config.model_args.label_smoothing = 0.0
    config.model_args.ema_half_life = 10_000.0
    config.generator = {"name": "dcgan_generator", "filters": 32, "kernel_size": 4}
    config.discriminator = {
        "name": "dcgan_discriminator",
        "filters": 32,
        "kernel_size": 4,
        "normalization": "batch",
    }
    config.generator_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5}
    config.discriminator_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5}
    config.data.source = "tfds:fashion_mnist"
    config.data.fit = "pad"
    config.train.steps = 5000  # 5 epochs
    return config
