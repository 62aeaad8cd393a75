"""SRResNet's training (Ledig et al. 2016, https://arxiv.org/abs/1609.04802) for enlarging by two.

That of `srresnet_x4`, on the same photographs: the generator alone, by the absolute difference of
pixels. The network is Real-ESRGAN's compact one (https://arxiv.org/abs/2107.10833) with 32 maps,
half as many numbers as there, for fewer steps, as enlarging by two is easier.

Command: mkdir photographs; cp T91/*.png BSDS500/train/*.jpg BSDS500/test/*.jpg photographs
         rm photographs/t20.png
         python -m tfgan_zoo.train --config=srresnet_x2 --config.data.source=folder:photographs
         --config.evaluate.source=folder:photographs
Cost:    30 minutes on one CPU core, beside other work, 86 images/s
Result:  PSNR 36.93 dB on Set5 and 32.64 on Set14, where bicubic interpolation has 33.67 and 30.23
         (2026-11-30)
"""

from tfgan_zoo.config import super_resolution_config


def get_config():
    config = super_resolution_config("srgan")
    config.model_args.image_shape = (48, 48, 3)
    config.model_args.scale = 2
    config.model_args.content = "pixel"
    config.model_args.content_layer = "5_4"
    config.model_args.content_weights = "imagenet"
    config.model_args.features = None
    config.model_args.content_loss = "l1"
    config.model_args.adversarial_weight = 0.0
    config.model_args.relativistic = False
    config.model_args.pixel_weight = 0.0
    config.model_args.ema_half_life = 16_000.0
    config.generator = {"name": "srvgg_generator", "filters": 32, "convs": 16}
    config.discriminator = {"name": "srgan_discriminator", "filters": 16, "dense_units": 128}
    config.generator_optimizer = {
        "name": "adam",
        "learning_rate": 5e-4,
        "decay": "linear",
        "decay_start": 0.3,
    }
    config.data.source = "folder:datasets/photographs"
    config.data.split = "train[:-30]"
    config.data.batch_size = 8
    config.data.flip = True
    config.evaluate.source = "folder:datasets/photographs"
    config.evaluate.split = "train[-30:]"
    config.evaluate.samples = 30
    config.evaluate.metrics = ("psnr", "ssim", "ssim_daala")
    config.train.steps = 15_000
    config.train.log_every = 250
    config.train.sample_every = 2500
    config.train.checkpoint_every = 2500
    return config
