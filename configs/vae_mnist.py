"""VAE (Kingma and Welling 2013, https://arxiv.org/abs/1312.6114) on binarised MNIST.

The networks of Burda et al. 2015 (https://arxiv.org/abs/1509.00519): two layers of 200 tanh units
each way, and codes of 50. Each pixel is drawn as black or white again in each step, with its value
as the probability (dynamic binarisation). They report -86.76 nats for the bound of 5,000 draws
after 3,280 epochs in batches of 20; `tfgan_zoo.evaluate --metrics=iw_bound[5000] --split=test` has
that of a run. With --config.model_args.draws=50 the bound of 50 draws is trained, their IWAE.

Departures: 60 epochs in batches of 100, and a rate that falls linearly to zero.

Command: python -m tfgan_zoo.train --config=vae_mnist
         (offline: --config.data.source=idx:FOLDER, containing the four .gz files)
Cost:    5.6 minutes on one CPU core beside other work, 16,751 images/s
Result:  ELBO -96.5, bound of 50 draws -93.2 on 1,000 test digits, 16 of 50 units active
         (2026-11-29); after 450,000 steps -87.7 for 5,000 draws on all test digits, docs/results.md
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
    config.model_args.binarize = True
    config.encoder = {"name": "mlp_encoder", "units": (200, 200)}
    config.decoder = {"name": "mlp_decoder", "units": (200, 200), "output_activation": "linear"}
    config.autoencoder_optimizer = {"name": "adam", "learning_rate": 1e-3, "decay": "linear"}
    config.data.source = "tfds:mnist"
    config.data.batch_size = 100
    config.train.steps = 36_000  # 60 epochs
    config.train.log_every = 200
    config.train.sample_every = 6000
    config.train.checkpoint_every = 6000
    config.evaluate.metrics = ("elbo", "iw_bound", "active_units")
    config.evaluate.split = "test"
    config.evaluate.samples = 1000
    return config
