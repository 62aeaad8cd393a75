"""VAE/GAN (Larsen et al. 2015, https://arxiv.org/abs/1512.09300) on the figures.

The authors' networks for 32x32 images, with a quarter of the encoder's feature maps, and an eighth
of the decoder's and of the discriminator's.

Command: python -m tfgan_zoo.train --model=vae_gan
Cost:    25 minutes on one CPU core, 237 images/s
Result:  PSNR 18.7 dB; samples are noise, and no figures (2026-11-29)
"""

from tfgan_zoo.config import autoencoder_config


def get_config():
    config = autoencoder_config("vae_gan", ("encoder", "decoder", "discriminator"))
    config.model_args.latent_dim = 16
    config.model_args.ema_half_life = 10_000.0
    config.model_args.feature_layer = "features"
    config.model_args.gamma = 1e-3
    config.model_args.judge_reconstructions = True
    config.model_args.margin = 0.35
    config.model_args.equilibrium = 0.68
    config.encoder = {"name": "vae_gan_encoder", "filters": (16, 32, 64), "dense_units": 256}
    config.decoder = {"name": "vae_gan_decoder", "project": 32, "filters": (24, 16, 8)}
    config.discriminator = {
        "name": "vae_gan_discriminator",
        "first_filters": 8,
        "filters": (16, 24, 32),
        "dense_units": 128,
    }
    for role in ("encoder", "decoder", "discriminator"):
        config[f"{role}_optimizer"] = {"name": "rmsprop", "learning_rate": 3e-4, "rho": 0.9}
    config.data.batch_size = 64
    config.train.steps = 5000
    config.train.log_every = 100
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.metrics = ("figures", "psnr")
    config.evaluate.split = "test"
    config.evaluate.samples = 1000
    return config
