"""Embedding autoencoder (Yu et al. 2013, ECML PKDD) on Fashion-MNIST: a map of it in the plane.

Codes of two numbers that are as far apart as the images, from fully connected networks.

Command: python -m tfgan_zoo.train --config=embedding_autoencoder_fashion_mnist
         (offline: --config.data.source=idx:FOLDER, containing Fashion-MNIST's four .gz files)
Cost:    1.6 minutes on one CPU core beside other work, 8,385 images/s
Result:  stress 0.067 in training, PSNR 16.7 dB (2026-11-29)
"""

from tfgan_zoo.config import autoencoder_config


def get_config():
    config = autoencoder_config("embedding_autoencoder")
    config.model_args.image_shape = (28, 28, 1)
    config.model_args.latent_dim = 2
    config.model_args.embedding_weight = 1.0
    config.encoder = {
        "name": "mlp_encoder",
        "units": (512, 256, 64),
        "activation": "relu",
    }
    config.decoder = {
        "name": "mlp_decoder",
        "units": (64, 256, 512),
        "activation": "relu",
        "output_activation": "tanh",
    }
    config.autoencoder_optimizer = {"name": "adam", "learning_rate": 1e-3, "decay": "linear"}
    config.data.source = "tfds:fashion_mnist"
    config.data.batch_size = 100
    config.train.steps = 6000  # 10 epochs
    config.train.log_every = 200
    config.train.sample_every = 2000
    config.train.checkpoint_every = 2000
    config.evaluate.metrics = ("psnr",)
    config.evaluate.split = "test"
    config.evaluate.samples = 1000
    return config
