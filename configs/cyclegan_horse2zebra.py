"""CycleGAN (Zhu et al. 2017, https://arxiv.org/abs/1703.10593): horses and zebras, 256x256.

The paper's values: ResNet-9 and 70x70 PatchGAN, load 286 and crop 256, batches of 1, 200 epochs of
1,334 (the larger domain), with a learning rate that falls to 0 over the second half.

The generators pad like the authors' code. Before 2026-11-28 they padded "same"; runs started before
then keep that padding, and the same command resumes them. `CycleGAN` lists the other differences
from that code.

Command: python -m tfgan_zoo.train --config=cyclegan_horse2zebra
         (or --config.data.source=folder:PATH, containing trainA, trainB, testA and testB, from
         http://efrosgans.eecs.berkeley.edu/cyclegan/datasets/horse2zebra.zip)
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import image_to_image_config


def get_config():
    config = image_to_image_config("cyclegan")
    config.model_args.objective = "least_squares"
    config.model_args.cycle_weight = 10.0
    config.model_args.identity_weight = 0.5
    config.model_args.pool_size = 50
    config.generator = {
        "name": "translation_resnet",
        "filters": 64,
        "blocks": 9,
        "padding": "symmetric",  # as in the authors' code
    }
    config.discriminator = {
        "name": "patchgan_discriminator",
        "filters": 64,
        "receptive_field": 70,
        "normalization": "instance",
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 2e-4,
            "beta_1": 0.5,
            "epsilon": 1e-8,
            "decay": "linear",
            "decay_start": 0.5,
        }
    config.data.source = "tfds:cycle_gan/horse2zebra"
    config.data.load_size = 286
    config.data.flip = True
    config.evaluate.split = "test"
    config.evaluate.samples = 120
    config.train.steps = 266_800
    return config
