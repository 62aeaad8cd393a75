"""AC-GAN (Odena et al. 2016, https://arxiv.org/abs/1610.09585) on CIFAR-10.

The paper's networks and Adam 2e-4 with beta1 0.5 on batches of 100, here for 100 epochs. `ACGAN`
lists the differences.

Command: python -m tfgan_zoo.train --config=acgan_cifar10
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("acgan")
    config.model_args.num_classes = 10
    config.model_args.class_weight = 1.0
    config.model_args.fake_class_weight = 1.0
    config.model_args.label_smoothing = 0.0
    config.generator = {"name": "dcgan_generator", "filters": 96, "kernel_size": 5}
    config.discriminator = {"name": "acgan_discriminator"}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 2e-4,
            "beta_1": 0.5,
            "epsilon": 1e-8,
        }
    config.data.source = "tfds:cifar10"
    config.data.batch_size = 100
    config.train.steps = 50_000
    config.train.checkpoint_every = 5000
    config.train.sample_every = 5000
    return config
