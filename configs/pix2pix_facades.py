"""pix2pix (Isola et al. 2016, https://arxiv.org/abs/1611.07004): facades from labels, 256x256.

The paper's values: U-Net and 70x70 PatchGAN, cross-entropy + 100 L1, load 286 and crop 256, batches
of 1, 200 epochs of 400. The files have the photograph on the left, so labels are domain b.

Command: python -m tfgan_zoo.train --config=pix2pix_facades --config.data.source=folder:PATH
         (containing train, val and test, from
         http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/facades.tar.gz)
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
    config.model_args.inference = "paper"
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
    config.data.source = "folder:datasets/facades"
    config.data.layout = "side_by_side"
    config.data.direction = "b_to_a"
    config.data.load_size = 286
    config.data.flip = True
    config.evaluate.split = "val"
    config.evaluate.metrics = ("swd", "mae")
    config.evaluate.samples = 100
    config.train.steps = 80_000
    return config
