"""SRGAN (Ledig et al. 2016, https://arxiv.org/abs/1609.04802) on the figures, four times larger.

The paper's game with its content in pixels (SRGAN-MSE), which needs no download, on small networks:
first SRResNet on pixels alone, then the game from its weights.

Command: python -m tfgan_zoo.train --model=srgan
Cost:    about 4 minutes on 2 CPU cores, 166 images/s
Result:  PSNR 29.00 and SSIM 0.793 after SRResNet, 28.47 and 0.770 after the game (2026-11-24);
         to the eye still noisier than bicubic enlargement
"""

from tfgan_zoo.config import super_resolution_config


def get_config():
    config = super_resolution_config("srgan")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.scale = 4
    config.model_args.content = "pixel"
    config.model_args.content_layer = "5_4"
    config.model_args.content_weights = "imagenet"
    config.model_args.content_loss = "mse"
    config.model_args.adversarial_weight = 1e-3
    config.model_args.relativistic = False
    config.generator = {
        "name": "srresnet_generator",
        "filters": 32,
        "blocks": 4,
        "normalization": "none",
        "icnr": True,
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
    config.pretraining.learning_rate = 1e-3
    config.data.source = "figures/full"
    config.data.batch_size = 4
    config.evaluate.split = "test"
    config.evaluate.samples = 50
    config.evaluate.best = False  # the game trades PSNR for looks
    config.train.steps = 3000
    config.train.log_every = 100
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    return config
