"""VAE/GAN (Larsen et al. 2015, https://arxiv.org/abs/1512.09300) on CelebA faces, 64x64.

The networks and settings of the authors' recipe for CelebA: the discriminator judges samples of the
prior alone, and gamma is 1e-6. `VAEGAN` lists the differences from that code.

Command: python -m tfgan_zoo.train --config=vae_gan_celeba
         (or --config.data.source=folder:PATH, containing the aligned JPEG files)
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import autoencoder_config


def get_config():
    config = autoencoder_config("vae_gan", ("encoder", "decoder", "discriminator"))
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.latent_dim = 128
    config.model_args.feature_layer = "features"
    config.model_args.gamma = 1e-6
    config.model_args.beta = 1.0
    config.model_args.objective = "minimax"
    config.model_args.judge_reconstructions = False
    config.model_args.margin = 0.35
    config.model_args.equilibrium = 0.68
    config.model_args.r1_gamma = 0.0
    config.model_args.r1_every = 1
    config.encoder = {"name": "vae_gan_encoder", "filters": (64, 128, 256), "dense_units": 1024}
    config.decoder = {"name": "vae_gan_decoder", "project": 256, "filters": (256, 128, 32)}
    config.discriminator = {
        "name": "vae_gan_discriminator",
        "first_filters": 32,
        "filters": (128, 256, 256),
        "dense_units": 512,
    }
    for role in ("encoder", "decoder", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "rmsprop",
            "learning_rate": 3.9e-4,  # 0.025 / 64, as gradients are sums over the batch there
            "rho": 0.9,
            "decay": "linear",
        }
    config.data.source = "tfds:celeb_a"
    config.data.crop = 108
    config.data.flip = True
    config.data.batch_size = 64
    config.train.steps = 62_500  # 250 epochs of 250 batches
    return config
