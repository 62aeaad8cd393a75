"""SNGAN (Miyato et al. 2018, https://arxiv.org/abs/1802.05957) on CIFAR-10, told the class.

The paper's ResNets, with projection and conditional batch normalisation for the classes (Miyato and
Koyama 2018, https://arxiv.org/abs/1802.05637); the hinge game with five steps of the discriminator,
each on 64 samples, Adam 2e-4 with betas 0 and 0.9, decayed linearly to 0. Published without
classes: FID 21.7, of 10,000 real and 5,000 generated images. `SNGAN` lists the differences from the
authors' code.

Command: python -m tfgan_zoo.train --config=sngan_cifar10
         (without classes: --config.model_args.num_classes=0)
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("sngan")
    config.model_args.num_classes = 10
    config.model_args.discriminator_steps = 5
    config.model_args.fake_labels = "uniform"
    config.generator = {"name": "sngan_generator"}
    config.discriminator = {"name": "sngan_discriminator"}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 2e-4,
            "beta_1": 0.0,
            "beta_2": 0.9,
            "epsilon": 1e-8,
            "decay": "linear",
        }
    config.data.source = "tfds:cifar10"
    config.train.steps = 100_000
    config.train.checkpoint_every = 5000
    config.train.sample_every = 5000
    return config
