"""pix2pixHD (Wang et al. 2018, https://arxiv.org/abs/1711.11585) on the figures: labels to images.

Maps of shapes and instances become images of several figures that touch, at 64x64. The label map
does not say which colours figures have: an encoder gives three numbers for each. This is the
paper's game with narrower networks, in its three stages: the global generator alone at 32x32, the
enhancer around it while it is frozen, and both. Generators enlarge by resizing, which leaves no
checkerboard pattern. There is no perceptual term.

Command: python -m tfgan_zoo.train --model=pix2pix_hd
Cost:    12.2 minutes on one CPU core, beside other work, 21 images/s
Result:  0.959 of the instances are one clean figure of their class at their place, all of them in
         the colour that they are told; 0.996 of the edges between equal neighbours (2026-11-30)
"""

from tfgan_zoo.config import label_to_image_config


def get_config():
    config = label_to_image_config("pix2pix_hd")
    config.model_args.image_shape = (64, 64, 3)
    config.model_args.num_classes = 7
    config.model_args.boundaries = True
    config.model_args.style_size = 3
    config.model_args.num_scales = 2
    config.model_args.objective = "least_squares"
    config.model_args.feature_matching = 10.0
    config.model_args.perceptual_weight = 10.0
    config.model_args.features = None
    config.model_args.features_file = None
    config.model_args.freeze_global = False
    config.generator = {
        "name": "local_enhancer",
        "filters": 16,
        "blocks": 2,
        "global_downsamplings": 2,
        "global_blocks": 3,
        "upsampling": "resize",
    }
    config.discriminator = {
        "name": "multiscale_discriminator",
        "filters": 32,
        "receptive_field": 34,
    }
    config.encoder = {"name": "feature_encoder", "filters": 8, "downsamplings": 3}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 5e-4,
            "beta_1": 0.5,
            "epsilon": 1e-8,
            "decay": "linear",
            "decay_start": 0.5,
        }
    config.pretraining = {"steps": 1000, "frozen_steps": 500}
    config.data.source = "figures/labels"
    config.data.batch_size = 4
    config.distribution.threads_per_op = 1
    config.evaluate.split = "test"
    config.evaluate.metrics = ("figures", "mae", "swd")
    config.evaluate.samples = 100
    config.train.steps = 2000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
