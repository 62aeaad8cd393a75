"""3D-GAN (Wu et al. 2016, https://arxiv.org/abs/1610.07584), 64x64x64, with the paper's settings.

ModelNet10 (https://modelnet.cs.princeton.edu) has 3,991 training and 908 test objects of ten kinds
as meshes, in folders KIND/train and KIND/test. The paper trains a generator for each kind, on
ShapeNet: --config.data.source=folder:PATH of one kind. For all kinds, make that train/KIND and
test/KIND. trimesh makes voxels of a mesh in about a second, at the start of every run (pip install
'tfgan_zoo[meshes]'); binvox (https://www.patrickmin.com/binvox) makes files of them once.

Command: python -m tfgan_zoo.train --config=gan_3d_modelnet10 --config.data.source=folder:PATH
Cost:    not measured; it takes a GPU
Result:  not measured
"""

from tfgan_zoo.config import voxels_config


def get_config():
    config = voxels_config("gan_3d")
    config.model_args.image_shape = (64, 64, 64, 1)
    config.model_args.latent_dim = 200
    config.generator = {"name": "gan_3d_generator"}
    config.discriminator = {"name": "gan_3d_discriminator"}
    config.generator_optimizer = {"name": "adam", "learning_rate": 2.5e-3, "beta_1": 0.5}
    config.discriminator_optimizer = {"name": "adam", "learning_rate": 1e-5, "beta_1": 0.5}
    config.data.source = "folder:modelnet10"
    config.data.axes = "z_up"
    config.data.batch_size = 100
    config.train.steps = 20_000
    config.train.sample_every = 500
    config.train.checkpoint_every = 1000
    config.evaluate.samples = 200
    return config
