"""Views of solids from attributes (Dosovitskiy et al. 2014, https://arxiv.org/abs/1411.5928).

Renderings of drawn solids in place of the paper's chairs: kind, view, elevation, size and colour.
Eight pairs of kind and colour, and the views from 90 to 120 degrees, occur in the test split only.
The networks are those of the recipe `attribute_to_image`. The paper's transformations are left out.

Command: python -m tfgan_zoo.train --config=attribute_to_image_solids
Cost:    18.9 minutes on one CPU core, beside other work, 747 images/s
Result:  PSNR 35.0 and mask IoU 0.988; of held-out pairs 33.9 and 0.985, of held-out views 33.3 and
         0.968 (2026-11-30)
"""

from tfgan_zoo.config import attribute_to_image_config


def get_config():
    config = attribute_to_image_config("attribute_to_image")
    config.model_args.image_shape = (32, 32, 3)
    config.model_args.mask_weight = 0.1
    config.model_args.augmentation = None
    config.model_args.ema_half_life = 5000.0
    config.generator = {
        "name": "attribute_to_image_generator",
        "group_units": 256,
        "units": 512,
        "maps": 32,
        "filters": (32,),
    }
    config.generator_optimizer = {"name": "adam", "learning_rate": 1e-3, "decay": "linear"}
    config.data.source = "solids/views"
    config.data.batch_size = 32
    config.train.steps = 18_000
    config.train.log_every = 100
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.metrics = ("psnr", "mask_iou")
    config.evaluate.split = "test"
    config.evaluate.samples = 500
    return config
