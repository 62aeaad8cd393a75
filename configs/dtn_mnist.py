"""DTN (Taigman et al. 2016, https://arxiv.org/abs/1611.02200): coloured digits to MNIST.

As in the paper, f is first trained as a classifier on the labels of the source, here MNIST's digits
in colours of their own, and then frozen; the paper's source is SVHN. g learns without pairs and
without the target's labels. docs/feature_losses.md says how to make the coloured digits from
MNIST's files. Architectures and weights other than the paper's 15 and 15 are choices.

Command: python -m tfgan_zoo.train --config=dtn_mnist
         '--config.data.source=npz:coloured.npz|idx:mnist'
Cost:    9.4 minutes on one CPU core beside other work, 424 images/s, with the classifier's training
Result:  mnist_v1 reads 98.8% of 2,000 transferred digits right, of MNIST's own 99.6% (2026-11-29)
"""

from tfgan_zoo.config import image_to_image_config


def get_config():
    config = image_to_image_config("dtn")
    config.model_args.image_shape = (28, 28, 3)
    config.model_args.channels_b = 1
    config.model_args.features = "classifier:conv5"
    config.model_args.features_file = None
    config.model_args.num_classes = 10
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
    config.classifier_optimizer = {"name": "adam", "learning_rate": 1e-3, "decay": "linear"}
    config.pretraining = {"steps": 2000, "batch_size": 64}
    config.data.source = "npz:datasets/coloured.npz|idx:datasets/mnist"
    config.data.batch_size = 32
    config.distribution.threads_per_op = 1
    config.evaluate.split = "test"
    config.evaluate.metrics = ("swd",)
    config.evaluate.samples = 500
    config.train.steps = 5000
    config.train.log_every = 100
    config.train.sample_every = 500
    config.train.checkpoint_every = 500
    return config
