"""SRResNet's training (Ledig et al. 2016, https://arxiv.org/abs/1609.04802) of a compact network.

The generator alone, by the absolute difference of pixels, on photographs of which the last 30 are
held out. The network is Real-ESRGAN's compact one (https://arxiv.org/abs/2107.10833), which keeps
16 convolutions at the small size and adds what they find to the nearest pixels; a step of it takes
less than half of the time of a small SRResNet's. `srresnet_x2` enlarges by two. Train on the 91
images and the photographs of BSDS500's train and test. Its val is BSD100, on which methods are
compared: leave it out. One of the 91 images is smaller than the crops.

Command: mkdir photographs; cp T91/*.png BSDS500/train/*.jpg BSDS500/test/*.jpg photographs
         rm photographs/t20.png
         python -m tfgan_zoo.train --config=srresnet_x4 --config.data.source=folder:photographs
         --config.evaluate.source=folder:photographs
Cost:    106 minutes on one CPU core, beside other work, 65 images/s
Result:  PSNR 31.17 dB on Set5 and 27.87 on Set14 after 40,000 steps, which are the best for the 30
         photographs (2026-11-30)
"""

from tfgan_zoo.config import super_resolution_config


def get_config():
    config = super_resolution_config("srgan")
    config.model_args.image_shape = (96, 96, 3)
    config.model_args.content = "pixel"
    config.model_args.content_layer = "5_4"
    config.model_args.content_weights = "imagenet"
    config.model_args.features = None
    config.model_args.content_loss = "l1"
    config.model_args.adversarial_weight = 0.0
    config.model_args.relativistic = False
    config.model_args.pixel_weight = 0.0
    config.model_args.ema_half_life = 16_000.0
    config.generator = {"name": "srvgg_generator", "filters": 43, "convs": 16}
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
    config.train.steps = 50_000
    config.train.log_every = 250
    config.train.sample_every = 2500
    config.train.checkpoint_every = 2500
    return config
