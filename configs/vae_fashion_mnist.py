"""VAE (Kingma and Welling 2013, https://arxiv.org/abs/1312.6114) on Fashion-MNIST.

The networks of Burda et al. 2015 (https://arxiv.org/abs/1509.00519): two layers of 200 tanh units
each way, and codes of 50. Grey values are the targets of the cross-entropy, so the loss is no
likelihood; clothes that are drawn black and white would lose their texture.

Command: python -m tfgan_zoo.train --config=vae_fashion_mnist
         (offline: --config.data.source=idx:FOLDER, containing the four .gz files)
Cost:    1.6 minutes on one CPU core beside other work, 18,616 images/s
Result:  ELBO -242.3, 8 of 50 units active, 66% of classes right by the probe (2026-11-29)
"""

from tfgan_zoo.config import autoencoder_config


def get_config():
    config = autoencoder_config("vae")
    config.model_args.image_shape = (28, 28, 1)
    config.model_args.latent_dim = 50
    config.model_args.likelihood = "bernoulli"
    config.model_args.sigma = 1.0
    config.model_args.beta = 1.0
    config.model_args.draws = 1
    config.model_args.binarize = False
    config.encoder = {"name": "mlp_encoder", "units": (200, 200)}
    config.decoder = {"name": "mlp_decoder", "units": (200, 200), "output_activation": "linear"}
    config.autoencoder_optimizer = {"name": "adam", "learning_rate": 1e-3, "decay": "linear"}
    config.data.source = "tfds:fashion_mnist"
    config.data.batch_size = 100
    config.train.steps = 12_000  # 20 epochs
    config.train.log_every = 200
    config.train.sample_every = 4000
    config.train.checkpoint_every = 4000
    config.evaluate.metrics = ("elbo", "iw_bound", "active_units", "probe")
    config.evaluate.split = "test"
    config.evaluate.samples = 1000
    return config
