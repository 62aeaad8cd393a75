"""pix2pix (Isola et al. 2016, https://arxiv.org/abs/1611.07004): shoes from their edges, 256x256.

The paper's values, as in `pix2pix_facades.py`, with batches of 4, 15 epochs of 49,825.

With batches of 4, batch normalisation learns with statistics of several images, and with those of a
single image colours would shift. So unlike the paper's, the generator is used with moving averages
and without dropout (`inference`).

Command: python -m tfgan_zoo.train --config=pix2pix_edges2shoes --config.data.source=folder:PATH
         (containing train and val, from
         http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/edges2shoes.tar.gz)
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import image_to_image_config


def get_config():
    config = image_to_image_config("pix2pix")
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
    config.data.source = "folder:datasets/edges2shoes"
    config.data.layout = "side_by_side"
    config.data.load_size = 286
    config.data.flip = True
    config.data.batch_size = 4
    config.evaluate.split = "val"
    config.evaluate.metrics = ("swd", "mae")
    config.evaluate.samples = 100
    config.train.steps = 186_844
    return config
