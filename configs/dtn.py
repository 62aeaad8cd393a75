"""DTN (Taigman et al. 2016, https://arxiv.org/abs/1611.02200) on the figures: solids to outlines.

Coloured solid figures become grey outlines of the same shape in the same place, without pairs. f is
a classifier of figures, at its fourth convolution: its maps keep places, and the true outline is
nearer to a solid figure in it than an empty image is, which is not so in `conv5`.

Command: python -m tfgan_zoo.train --model=dtn
Cost:    11.6 minutes on one CPU core, 253 images/s
Result:  shape, place and style right in all of 500 transferred figures (2026-11-29)
"""

from tfgan_zoo.config import image_to_image_config


def get_config():
    config = image_to_image_config("dtn")
    config.model_args.image_shape = (32, 32, 3)
    config.model_args.features = "figures_v1:conv4"
    config.model_args.features_file = None
    config.model_args.num_classes = None
    config.model_args.const_weight = 15.0
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
    config.data.source = "figures/transfer"
    config.data.batch_size = 32
    config.distribution.threads_per_op = 1
    config.evaluate.split = "test"
    config.evaluate.metrics = ("figures", "swd")
    config.evaluate.samples = 500
    config.train.steps = 5000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
