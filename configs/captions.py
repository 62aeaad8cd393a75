"""Images from texts, for your own images with captions.

GAN-CLS (Reed et al. 2016, https://arxiv.org/abs/1605.05396) with the settings that worked for a
thousand emoji (`gan_cls_fxemoji.py`): a small encoder of words that is trained first, an R1
penalty, DiffAugment and an average of the generator's weights.

The values below are for 64x64 images. `tfgan_zoo.train` adapts size, channels, filters, batch size,
augmentation, steps, sample sheets and the images to evaluate on, says how, and stores the result in
the run.

Command: python -m tfgan_zoo.train --config=captions --config.data.source=folder:PATH
         [--image_size=N]
Cost:    depends on the images; see docs/own_images.md
Result:  see docs/own_images.md
"""

from tfgan_zoo.config import text_to_image_config


def get_config():
    config = text_to_image_config("gan_cls")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.latent_dim = 16
    config.model_args.embedding_dim = 128
    config.model_args.r1_gamma = 0.3
    config.model_args.r1_every = 8
    config.model_args.diff_augment = ("color", "translation", "cutout")
    config.model_args.ema_half_life = 10_000.0
    config.text_encoder = {"name": "word_encoder", "vocabulary": (), "word_dim": 64, "units": 128}
    config.image_encoder = {"name": "image_encoder", "filters": 16}
    config.encoder_optimizer = {"name": "adam", "learning_rate": 1e-3, "decay": "linear"}
    config.pretraining.steps = 2000
    config.pretraining.batch_size = 64
    config.generator = {"name": "text_conditional_generator", "filters": 24}
    config.discriminator = {
        "name": "text_conditional_discriminator",
        "filters": 24,
        "normalization": "none",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 5e-4,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.source = "folder:captioned"
    config.data.batch_size = 32
    config.evaluate.samples = 512
    config.train.samples = 12
    config.train.steps = 10_000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
