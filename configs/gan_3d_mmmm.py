"""3D-GAN (Wu et al. 2016, https://arxiv.org/abs/1610.07584) on small voxel models.

The 310 models of https://github.com/mikelovesrobots/mmmm (CC BY 4.0), in cubes of 32 voxels: cut
to the object and put into cubes of 16, into which 230 of them fit; the others are left out. Many
models are variants of one another, and some are repeated. The data are an .npz file with the array
`voxels`, [N, x, y, z] with z up, or its bits from `np.packbits(..., axis=1)` with their `shape`; or
a folder of MagicaVoxel's .vox files: --config.data.source=folder:PATH.

Command: python -m tfgan_zoo.train --config=gan_3d_mmmm --config.data.source=npz:mmmm_32.npz
Cost:    5.6 minutes on one CPU core, beside other work, 411 objects/s
Result:  trained on nine tenths, mean 1 - IoU 0.38 from samples to the nearest training models, 0.22
         from held-out models, which have variants among them (2026-11-30)
"""

from tfgan_zoo.config import voxels_config


def get_config():
    config = voxels_config("gan_3d")
    config.model_args.image_shape = (16, 16, 16, 1)
    config.model_args.latent_dim = 32
    config.model_args.latent_distribution = "normal"
    config.model_args.skip_discriminator_above = None
    config.model_args.r1_gamma = 1.0
    config.model_args.r2_gamma = 1.0
    config.model_args.r1_every = 4
    config.model_args.ema_half_life = 10_000.0
    config.generator = {"name": "gan_3d_generator", "filters": 24}
    config.discriminator = {
        "name": "gan_3d_discriminator",
        "filters": 16,
        "normalization": "none",
    }
    for role, rate in (("generator", 5e-4), ("discriminator", 2e-3)):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": rate,
            "beta_1": 0.0,
            "beta_2": 0.99,
            "decay": "linear",
        }
    config.data.source = "npz:mmmm_32.npz"
    config.data.axes = "z_up"
    config.data.crop_to_object = True
    config.data.fit = "pad"
    config.data.on_error = "skip"
    config.data.flip = True
    config.data.batch_size = 32
    config.train.steps = 4000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    config.evaluate.metrics = ("swd",)
    config.evaluate.samples = 200
    return config
