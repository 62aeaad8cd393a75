"""A classifier of the figures, by colour and shape.

Its architecture is that of the small classifiers that come with the library. A `dtn` run can start
from such a classifier: see docs/feature_losses.md.

Command: python -m tfgan_zoo.train --model=classifier
Cost:    1 minute on a busy CPU core, 450 images/s
Result:  1,000 of 1,000 test images are classified right (2026-11-29)
"""

from tfgan_zoo.config import classifier_config


def get_config():
    config = classifier_config("classifier")
    config.model_args.image_shape = (32, 32, 3)
    config.model_args.num_classes = 48
    config.classifier = {"name": "image_classifier", "filters": 32}
    config.classifier_optimizer = {"name": "adam", "learning_rate": 1e-3, "decay": "linear"}
    config.data.source = "figures"
    config.data.batch_size = 64
    config.evaluate.split = "test"
    config.evaluate.samples = 1000
    config.train.steps = 200
    config.train.log_every = 100
    config.train.sample_every = 100
    config.train.checkpoint_every = 100
    return config
