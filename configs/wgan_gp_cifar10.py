"""WGAN-GP (Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028) on CIFAR-10.

The paper's values, unconditional: ResNets of 128 filters, z of 128 normal numbers, lambda 10, five
critic steps on batches of 64, Adam 2e-4 with betas 0 and 0.9, decayed linearly to 0 over 100,000
generator steps. Published: Inception Score 7.86. The authors' code adds noise to the pixels and
draws 128 samples per generator step; `WGANGP` lists the differences.

Command: python -m tfgan_zoo.train --config=wgan_gp_cifar10
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("wgan_gp")
    config.model_args.latent_dim = 128
    config.model_args.discriminator_steps = 5
    config.model_args.penalty_weight = 10.0
    config.generator = {"name": "resnet_generator", "filters": 128}
    config.discriminator = {"name": "resnet_discriminator", "filters": 128}
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
