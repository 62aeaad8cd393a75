"""Stacked denoising autoencoder (Vincent et al. 2010, JMLR 11, 3371-3408) on MNIST.

Three layers of 1,000 sigmoid units, trained one after the other with a quarter of their inputs
masked, and then together on images: the runs in the folders `pretraining` and this one. The paper
chose widths of 1,000 to 3,000 and shares of 0 to 0.4 for each task. Its last step, a classifier on
top, is left to the scores: `probe` is a linear one on the codes.

Departures: untied weights, Adam, and the numbers of steps.

Command: python -m tfgan_zoo.train --config=denoising_autoencoder_mnist
         (offline: --config.data.source=idx:FOLDER, containing the four .gz files)
Cost:    25 minutes on one CPU core beside other work, 1,426 images/s
Result:  PSNR 23.2 dB, 93.5% of digits right by the linear probe (2026-11-29)
"""

from tfgan_zoo.config import autoencoder_config


def get_config():
    config = autoencoder_config("denoising_autoencoder")
    config.model_args.image_shape = (28, 28, 1)
    config.model_args.latent_dim = 1000
    config.model_args.corruption = "masking"
    config.model_args.corruption_level = 0.25
    config.model_args.per_pixel = False
    config.model_args.emphasis = (1.0, 1.0)
    config.model_args.reconstruction = "cross_entropy"
    config.model_args.stage = 0
    config.pretraining = {"steps": 6000}  # of each layer
    config.encoder = {
        "name": "mlp_encoder",
        "units": (1000, 1000),
        "activation": "sigmoid",
        "output_activation": "sigmoid",
    }
    config.decoder = {
        "name": "mlp_decoder",
        "units": (1000, 1000),
        "activation": "sigmoid",
        "output_activation": "linear",
    }
    config.autoencoder_optimizer = {"name": "adam", "learning_rate": 1e-3, "decay": "linear"}
    config.data.source = "tfds:mnist"
    config.data.batch_size = 100
    config.train.steps = 12_000  # 20 epochs
    config.train.log_every = 200
    config.train.sample_every = 2000
    config.train.checkpoint_every = 2000
    config.evaluate.metrics = ("psnr", "probe")
    config.evaluate.split = "test"
    config.evaluate.samples = 2000
    return config
