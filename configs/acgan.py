"""AC-GAN (Odena et al. 2016, https://arxiv.org/abs/1610.09585) on the figures.

The paper's game on small convolutional networks: the discriminator names the 48 classes of the
figures, a colour and a shape each. It learns them from the figures alone: taught to name fakes by
what they were asked for, too, as in the paper, it let two samples of three show another class.
With R1 and R2 penalties, a discriminator that learns four times as fast as the generator, decaying
learning rates and an average of the generator's weights for sampling.

Command: python -m tfgan_zoo.train --model=acgan
Cost:    10.6 minutes on one CPU core, 230 images/s
Result:  validity 0.965, obedience 1.000, 48 of 48 combinations (2026-11-29)
"""

from tfgan_zoo.config import noise_to_image_config


def get_config():
    config = noise_to_image_config("acgan")
    config.model_args.num_classes = 48
    config.model_args.latent_dim = 4
    config.model_args.class_weight = 1.0
    config.model_args.fake_class_weight = 0.0
    config.model_args.label_smoothing = 0.0
    config.model_args.r1_gamma = 0.3
    config.model_args.r2_gamma = 0.3
    config.model_args.r1_every = 4
    config.model_args.ema_half_life = 10_000.0
    config.generator = {
        "name": "dcgan_generator",
        "filters": 48,
        "kernel_size": 4,
        "upsampling": "transposed",
        "normalization": "batch",
        "embedding_dim": 4,
        "conditional_normalization": False,
    }
    config.discriminator = {
        "name": "acgan_discriminator",
        "filters": 12,
        "normalization": "none",
        "dropout": 0.0,
    }
    for role, rate in (("generator", 5e-4), ("discriminator", 2e-3)):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": rate,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.flip = True  # the figures are symmetrical
    config.data.batch_size = 32
    config.train.steps = 4000
    config.train.log_every = 200
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 1000
    return config
