"""GAN-CLS (Reed et al. 2016, https://arxiv.org/abs/1605.05396) on 1,035 emoji and their names.

Mozilla's FxEmojis, which tfgan_zoo.prepare turns into a folder of images with captions. Words are
read by a small encoder that is trained first. Most names have only one image, so the
discriminator's inputs are augmented (DiffAugment).

Command: python -m tfgan_zoo.prepare --dataset=fxemoji --input=FXEMOJI --output=datasets/fxemoji
         python -m tfgan_zoo.train --config=gan_cls_fxemoji
Cost:    10 minutes on 2 busy CPU cores, 550 images/s
Result:  SWD 0.060; see docs/results.md for samples (2026-11-24)
"""

from tfgan_zoo.config import text_to_image_config


def get_config():
    config = text_to_image_config("gan_cls")
    config.model_args.image_shape = (32, 32, 3)
    config.model_args.latent_dim = 16
    config.model_args.embedding_dim = 128
    config.model_args.r1_gamma = 0.3
    config.model_args.r1_every = 8
    config.model_args.diff_augment = ("color", "translation")
    config.model_args.ema_half_life = 10_000.0
    config.text_encoder = {"name": "word_encoder", "vocabulary": (), "word_dim": 64, "units": 128}
    config.image_encoder = {"name": "image_encoder", "filters": 16}
    config.encoder_optimizer = {"name": "adam", "learning_rate": 1e-3, "decay": "linear"}
    config.pretraining.steps = 2000
    config.pretraining.batch_size = 64
    config.generator = {"name": "text_conditional_generator", "filters": 40}
    config.discriminator = {
        "name": "text_conditional_discriminator",
        "filters": 32,
        "normalization": "none",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 1e-3,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.source = "folder:datasets/fxemoji"
    config.data.batch_size = 32
    config.evaluate.samples = 512
    config.train.samples = 12
    config.train.steps = 10_000
    config.train.log_every = 200
    config.train.sample_every = 2000
    config.train.checkpoint_every = 2000
    return config
