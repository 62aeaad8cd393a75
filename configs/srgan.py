"""SRGAN (Ledig et al. 2016, https://arxiv.org/abs/1609.04802) on the figures, four times larger.

The paper's game with the content loss on pixels (SRGAN-MSE), which needs no download, on small
networks: first SRResNet alone, on pixels, then the game from its weights. There is no batch
normalisation, whose moving statistics fit no single figure. Batches are small, because the number
of updates is what sharpens most here.

Command: python -m tfgan_zoo.train --model=srgan
Cost:    4.1 minutes on 2 CPU cores, both stages
Result:  PSNR 32.02 and SSIM 0.905 after SRResNet, 31.65 and 0.895 after the game (2026-11-27)
"""

from tfgan_zoo.config import super_resolution_config


def get_config():
    config = super_resolution_config("srgan")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.scale = 4
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
    config.evaluate.best = False  # the game trades PSNR for appearance
    config.train.steps = 3000
    config.train.log_every = 100
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    return config
