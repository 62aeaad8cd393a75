"""SRGAN (Ledig et al. 2016, https://arxiv.org/abs/1609.04802) on DIV2K, four times larger.

The paper's values: SRResNet for 1,000,000 steps at 1e-4, then the game with the content loss on
VGG19's phi_5,4 for 100,000 steps at 1e-4 (and 100,000 more at 1e-5: see below), crops of 96 in
batches of 16. DIV2K replaces the paper's 350,000 images of ImageNet.

Command: python -m tfgan_zoo.train --config=srgan_div2k
         (or --config.data.source=folder:PATH, containing DIV2K_train_HR; then for the last steps
         --workdir=runs/last --config.train.generator_from=runs/srgan_div2k
         --config.pretraining.steps=0 --config.generator_optimizer.learning_rate=1e-5
         --config.discriminator_optimizer.learning_rate=1e-5)
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import super_resolution_config


def get_config():
    config = super_resolution_config("srgan")
    config.model_args.content = "vgg"
    config.model_args.content_layer = "5_4"
    config.model_args.content_weights = "imagenet"
    config.model_args.features = None
    config.model_args.content_loss = "mse"
    config.model_args.adversarial_weight = 1e-3
    config.model_args.relativistic = False
    config.model_args.pixel_weight = 0.0
    config.generator = {"name": "srresnet_generator", "filters": 64, "blocks": 16}
    config.discriminator = {"name": "srgan_discriminator", "filters": 64, "dense_units": 1024}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {"name": "adam", "learning_rate": 1e-4, "epsilon": 1e-8}
    config.pretraining.steps = 1_000_000
    config.pretraining.learning_rate = 1e-4
    config.data.source = "tfds:div2k/bicubic_x4"
    config.data.flip = True
    config.data.cache = "yes"  # decoding takes longer than a step
    config.evaluate.split = "validation"
    config.evaluate.samples = 20
    config.evaluate.best = False  # the game trades PSNR for appearance
    config.train.steps = 100_000
    config.train.log_every = 500
    config.train.sample_every = 5000
    config.train.checkpoint_every = 5000
    return config
