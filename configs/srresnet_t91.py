"""SRResNet (Ledig et al. 2016, https://arxiv.org/abs/1609.04802) on 91 images, for a CPU.

SRGAN's generator alone, on pixels, at a quarter of the paper's size and without batch
normalisation, on the 91 images on which super-resolution used to be trained. `srgan_t91`
continues from here.

Command: python -m tfgan_zoo.train --model=srgan --config=srresnet_t91
         --config.data.source=folder:T91 --config.evaluate.source=folder:Set5
Cost:    46.1 minutes for the first 8,000 steps on one CPU core, beside other work, 52 images/s
Result:  PSNR 30.20 on Set5 and 27.15 on Set14, SSIM 0.853 and 0.743, with
         --config.train.steps=8000 (2026-11-30); all steps, with the paper's sub-pixel convolutions
         instead of resizing: 30.90 and 27.61 in 25 minutes on 2 shared cores (2026-11-24)
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
    config.model_args.adversarial_weight = 0.0
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
    config.generator_optimizer = {
        "name": "adam",
        "learning_rate": 5e-4,
        "decay": "linear",
        "decay_start": 0.5,
    }
    config.data.source = "folder:datasets/T91"
    config.data.flip = True
    config.evaluate.samples = 5
    config.evaluate.metrics = ("psnr", "ssim", "ssim_daala")
    config.train.steps = 24_000
    config.train.log_every = 250
    config.train.sample_every = 2000
    config.train.checkpoint_every = 2000
    return config
