"""A classifier of the figures, by colour and shape.

It has the architecture of the networks that come with the library, and names no colour or shape by
itself: any layer of its `model.keras` can be the features of a `dtn` run.

Command: python -m tfgan_zoo.train --model=classifier
Cost:    not measured
Result:  not measured
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
    config.train.steps = 2000
    config.train.log_every = 100
    config.train.sample_every = 1000
    config.train.checkpoint_every = 500
    return config
