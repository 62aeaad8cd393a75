"""VAE/GAN (Larsen et al. 2015, https://arxiv.org/abs/1512.09300) on the figures.

Departures from the paper, so that it takes minutes on a CPU: the networks of DCGAN, an R1 penalty
instead of the discriminator's batch normalisation and of a balance between the players, fakes
that maximise log D(x) instead of minimising log(1 - D(x)), Adam at a decaying rate, which is half
as high for the discriminator, and a weight of 4 for the KL. The decoder mostly reconstructs: left
to the game, samples lose colours.

Command: python -m tfgan_zoo.train --model=vae_gan
Cost:    22.5 minutes on one CPU core beside other work, 214 images/s
Result:  57% of samples clean figures, 47 of 48 combinations, PSNR 25.2 dB (2026-11-29)
"""

from tfgan_zoo.config import autoencoder_config


def get_config():
    config = autoencoder_config("vae_gan", ("encoder", "decoder", "discriminator"))
    config.model_args.latent_dim = 16
    config.model_args.ema_half_life = 10_000.0
    config.model_args.feature_layer = "conv_3"
    config.model_args.gamma = 0.9
    config.model_args.beta = 4.0
    config.model_args.objective = "non_saturating"
    config.model_args.judge_reconstructions = True
    config.model_args.margin = None
    config.model_args.equilibrium = 0.68
    config.model_args.r1_gamma = 1.0
    config.model_args.r1_every = 4
    config.encoder = {"name": "conv_encoder", "filters": 16}
    config.decoder = {
        "name": "dcgan_generator",
        "filters": 32,
        "kernel_size": 4,
        "upsampling": "transposed",
        "normalization": "batch",
    }
    config.discriminator = {
        "name": "dcgan_discriminator",
        "filters": 32,
        "kernel_size": 4,
        "normalization": "none",
    }
    for role, rate in (("encoder", 1e-3), ("decoder", 1e-3), ("discriminator", 5e-4)):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": rate,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.batch_size = 32
    config.train.steps = 8000
    config.train.log_every = 100
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.metrics = ("figures", "psnr", "swd")
    config.evaluate.split = "test"
    config.evaluate.samples = 1000
    return config
