"""pix2pixHD (Wang et al. 2018, https://arxiv.org/abs/1711.11585): street scenes from label maps.

The paper's values at 512x1024, half of its largest size: the local enhancer around a global
generator that sees 256x512, 35 classes and boundaries, three numbers for each instance, two scales,
batches of 1, Adam 2e-4, and 2,975 images. Stages as in the paper: 200 epochs of the global
generator, 10 of the enhancer while the global generator is frozen, and 90 of both. The perceptual
term needs VGG19, which is downloaded.

Command: python -m tfgan_zoo.train --config=pix2pix_hd_cityscapes --config.data.source=folder:PATH
         (containing gtFine and leftImg8bit, from https://www.cityscapes-dataset.com)
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import label_to_image_config

IMAGES = 2_975


def get_config():
    config = label_to_image_config("pix2pix_hd")
    config.model_args.image_shape = (512, 1024, 3)
    config.model_args.num_classes = 35
    config.model_args.boundaries = True
    config.model_args.style_size = 3
    config.model_args.num_scales = 2
    config.model_args.objective = "least_squares"
    config.model_args.feature_matching = 10.0
    config.model_args.perceptual_weight = 10.0
    config.model_args.features = "vgg19:1_1,2_1,3_1,4_1,5_1"
    config.model_args.features_file = None
    config.model_args.freeze_global = False
    config.generator = {
        "name": "local_enhancer",
        "filters": 32,
        "blocks": 3,
        "global_downsamplings": 4,
        "global_blocks": 9,
    }
    config.discriminator = {
        "name": "multiscale_discriminator",
        "filters": 64,
        "receptive_field": 70,
    }
    config.encoder = {"name": "feature_encoder", "filters": 16, "downsamplings": 4}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 2e-4,
            "beta_1": 0.5,
            "epsilon": 1e-8,
            "decay": "linear",
            "decay_start": 0.5,
        }
    config.pretraining = {"steps": 200 * IMAGES, "frozen_steps": 10 * IMAGES}
    config.data.source = "folder:datasets/cityscapes"
    config.data.flip = True
    config.evaluate.split = "val"
    config.evaluate.metrics = ("swd",)
    config.evaluate.samples = 100
    config.train.steps = 90 * IMAGES
    config.train.rematerialize = True
    return config
