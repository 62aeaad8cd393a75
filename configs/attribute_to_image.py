"""Images and masks from attributes (Dosovitskiy et al. 2014, https://arxiv.org/abs/1411.5928).

One solid figure of the view `attributes`, from its shape, angle, place, size and colour. Eight
pairs of shape and colour, and the angles from 90 to 120 degrees, occur in the test split only. The
networks are small. The data vary in everything that a transformation changes, so there is none.

Command: python -m tfgan_zoo.train --model=attribute_to_image
Cost:    12.0 minutes on one CPU core, beside other work, 715 images/s
Result:  PSNR 29.9, mask IoU 0.951, all attributes read back right for 0.981 of images; of held-out
         pairs 29.4, 0.941 and 0.959; of held-out angles 28.3, 0.916 and 0.831 (2026-11-30)
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
    config.data.source = "figures/attributes"
    config.data.batch_size = 32
    config.train.steps = 15_000
    config.train.log_every = 100
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    config.evaluate.metrics = ("psnr", "mask_iou", "figures")
    config.evaluate.split = "test"
    config.evaluate.samples = 500
    return config
