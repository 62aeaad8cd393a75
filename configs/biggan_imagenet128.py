"""BigGAN (Brock et al. 2018, https://arxiv.org/abs/1809.11096) on ImageNet, 128x128.

The paper's networks of 70 and 88 million parameters, z of 120 numbers, two steps of the
discriminator on 2,048 samples each, Adam 5e-5 and 2e-4, orthogonal regularisation of 1e-4, an
average of 0.9999 for each update. Published, with truncated z: Inception Score 166.5, FID 7.4.

It takes many GPUs: the samples of a step are shared among them, and batch statistics with them.

Command: python -m tfgan_zoo.train --config=biggan_imagenet128
         (or --config.data.source=folder:PATH with a folder for each class)
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("biggan")
    config.model_args.image_shape = (128, 128, 3)
    config.model_args.latent_dim = 120
    config.model_args.num_classes = 1000
    config.model_args.discriminator_steps = 2
    config.model_args.orthogonal_weight = 1e-4
    config.model_args.fake_labels = "uniform"
    config.model_args.ema_half_life = 28_000_000.0  # 0.9999 for each update
    config.model_args.ema_ramp_up = 1.0  # 0.05 would bound it throughout
    config.generator = {"name": "biggan_generator"}
    config.discriminator = {"name": "biggan_discriminator"}
    for role, rate in (("generator", 5e-5), ("discriminator", 2e-4)):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": rate,
            "beta_1": 0.0,
            "beta_2": 0.999,
            "epsilon": 1e-8,
        }
    config.data.source = "tfds:imagenet2012"
    config.data.batch_size = 2048
    config.data.flip = True
    config.train.steps = 140_000
    config.train.checkpoint_every = 1000
    config.train.sample_every = 1000
    return config
