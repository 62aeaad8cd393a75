"""pix2pix (Isola et al. 2016, https://arxiv.org/abs/1611.07004): colour for grey photos, 256x256.

The paper's values, as in `pix2pix_facades.py`, with batches of 4, 6 epochs of ImageNet's 1,281,167
training images, flips and no other jitter. From grey to RGB instead of the paper's Lab.

With batches of 4, batch normalisation learns with statistics of several images, and with those of a
single image colours would shift. So unlike the paper's, the generator is used with moving averages
and without dropout (`inference`).

Command: python -m tfgan_zoo.train --config=pix2pix_colorization --config.data.source=folder:PATH
         (any photographs; containing train and val, or set evaluate.split=none)
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import image_to_image_config


def get_config():
    config = image_to_image_config("pix2pix")
    config.model_args.image_shape = (256, 256, 1)
    config.model_args.channels_b = 3
    config.model_args.objective = "cross_entropy"
    config.model_args.l1_weight = 100.0
    config.model_args.gan_weight = 1.0
    config.model_args.feature_weight = 0.0
    config.model_args.features = None
    config.model_args.features_file = None
    config.model_args.tv_weight = 0.0
    config.model_args.num_scales = 1
    config.model_args.feature_matching = 0.0
    config.model_args.inference = "frozen"
    config.generator = {"name": "unet_generator", "filters": 64, "dropout": 0.5}
    config.discriminator = {
        "name": "patchgan_discriminator",
        "filters": 64,
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
    config.data.source = "folder:datasets/imagenet"
    config.data.layout = "grey"
    config.data.flip = True
    config.data.batch_size = 4
    config.evaluate.split = "val"
    config.evaluate.metrics = ("swd", "mae")
    config.evaluate.samples = 100
    config.train.steps = 1_921_750
    return config
