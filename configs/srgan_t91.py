"""SRGAN (Ledig et al. 2016, https://arxiv.org/abs/1609.04802) on 91 images, for a CPU.

The game from the weights of the recipe `srresnet_t91`, with the content loss on pixels (SRGAN-MSE),
which needs no download.

Command: python -m tfgan_zoo.train --config=srresnet_t91 --config.data.source=folder:T91
         --config.evaluate.source=folder:Set5
         python -m tfgan_zoo.train --config=srgan_t91 --config.data.source=folder:T91
         --config.evaluate.source=folder:Set5
Cost:    26.5 minutes on one CPU core, beside other work, 30 images/s
Result:  PSNR 28.98 on Set5 and 26.37 on Set14, after 8,000 steps of `srresnet_t91` (2026-11-30);
         see docs/results.md for samples
"""

from tfgan_zoo.config import super_resolution_config


def get_config():
    config = super_resolution_config("srgan")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.content = "pixel"
    config.model_args.content_layer = "5_4"
    config.model_args.content_weights = "imagenet"
    config.model_args.features = None
    config.model_args.content_loss = "mse"
    config.model_args.adversarial_weight = 1e-3
    config.model_args.relativistic = False
    config.model_args.pixel_weight = 0.0
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
    config.data.source = "folder:datasets/T91"
    config.data.flip = True
    config.evaluate.samples = 5
    config.evaluate.best = False  # the game trades PSNR for appearance
    config.evaluate.metrics = ("psnr", "ssim", "ssim_daala")
    config.train.generator_from = "runs/srresnet_t91"
    config.train.steps = 3000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
