"""BigGAN (Brock et al. 2018, https://arxiv.org/abs/1809.11096) on CIFAR-10.

The settings of the authors' script for CIFAR-10
(https://github.com/ajbrock/BigGAN-PyTorch, launch_cifar_ema.sh): networks of 256 maps without
attention, scales and offsets by class, all of z at the first maps, N(0, 0.02), four steps of the
discriminator on 50 samples each, Adam 2e-4, no orthogonal regularisation, an average of 0.9999 for
each update, 500 epochs. `BigGAN` lists the differences.

Command: python -m tfgan_zoo.train --config=biggan_cifar10
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("biggan")
    config.model_args.image_shape = (32, 32, 3)
    config.model_args.latent_dim = 128
    config.model_args.num_classes = 10
    config.model_args.discriminator_steps = 4
    config.model_args.orthogonal_weight = 0.0
    config.model_args.fake_labels = "uniform"
    config.model_args.ema_half_life = 1_400_000.0  # 0.9999 for each update
    config.model_args.ema_ramp_up = 1.0  # 0.05 would bound it throughout
    config.generator = {
        "name": "biggan_generator",
        "filters": 64,
        "embedding_dim": None,
        "hierarchical": False,
        "initializer": "normal",
    }
    config.discriminator = {"name": "biggan_discriminator", "filters": 64, "initializer": "normal"}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 2e-4,
            "beta_1": 0.0,
            "beta_2": 0.999,
            "epsilon": 1e-8,
        }
    config.data.source = "tfds:cifar10"
    config.data.flip = True
    config.data.batch_size = 50
    config.train.steps = 125_000  # 500 epochs
    config.train.checkpoint_every = 5000
    config.train.sample_every = 5000
    return config
