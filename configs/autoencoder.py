"""Autoencoder (Hinton and Salakhutdinov 2006) on the figures, with codes of 16 numbers.

Convolutions of stride 2 down to maps of 4x4, and back up; the code between them is linear.
https://doi.org/10.1126/science.1127647

Command: python -m tfgan_zoo.train --model=autoencoder
Cost:    3.5 minutes on one CPU core, 1,726 images/s
Result:  PSNR 33.2 dB, all reconstructions clean figures (2026-11-29)
"""

from tfgan_zoo.config import autoencoder_config


def get_config():
    config = autoencoder_config("autoencoder")
    config.model_args.latent_dim = 16
    config.encoder = {"name": "conv_encoder", "filters": 16}
    config.decoder = {"name": "conv_decoder", "filters": 32, "output_activation": "linear"}
    config.autoencoder_optimizer = {"name": "adam", "learning_rate": 2e-3, "decay": "linear"}
    config.data.batch_size = 32
    config.train.steps = 8000
    config.train.log_every = 100
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.metrics = ("psnr", "figures")
    config.evaluate.split = "test"
    config.evaluate.samples = 1000
    return config
