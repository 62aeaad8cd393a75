"""Translation between your own images: pix2pix for pairs, CycleGAN for two domains without pairs.

Pairs are two folders with the same file names, or images side by side; anything else with two
domains is not paired. The values below are pix2pix's (Isola et al. 2016,
https://arxiv.org/abs/1611.07004) for 64x64 pairs. For domains without pairs, `tfgan_zoo.train`
starts from the recipe `cyclegan` instead. Either is adapted: size, channels, depth, filters, batch
size, random crops, steps, sample sheets and the images to evaluate on. The command says how, and
stores the result in the run.

The generator has instance normalisation, so translations do not depend on the batch, and the
discriminator sees patches of 34 or, from 128 pixels, 70 pixels.

Command: python -m tfgan_zoo.train --config=translation --config.data.source=folder:PATH
         [--image_size=N]
Cost:    depends on the images; see docs/own_images.md
Result:  see docs/own_images.md
"""

from tfgan_zoo.config import image_to_image_config


def get_config():
    config = image_to_image_config("pix2pix")
    config.model_args.image_shape = (64, 64, 3)
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
        "depth": 6,
        "dropout": 0.5,
        "normalization": "instance",
    }
    config.discriminator = {
        "name": "patchgan_discriminator",
        "filters": 32,
        "receptive_field": 34,
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
    config.data.source = "folder:pairs"
    config.data.batch_size = 8
    config.data.load_size = 72
    config.evaluate.metrics = ("mae", "swd")
    config.evaluate.samples = 100
    config.train.steps = 5000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
