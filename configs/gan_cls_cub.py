"""GAN-CLS (Reed et al. 2016, https://arxiv.org/abs/1605.05396) on birds, CUB-200-2011.

Images of 64 pixels; captions are read by a character-level encoder that is trained first. The game
is GAN-INT-CLS. The folder must contain train/<class>/<image>.jpg and train/<class>/<image>.txt,
with ten captions, one per line; of the 200 classes, 150 belong in train/ and the 50 of the
zero-shot test in test/.

Settings follow the authors' code, for the encoder github.com/reedscot/cvpr2016 and for the game
github.com/reedscot/icml2016. Differences: the encoder is trained with a small convolutional network
instead of fixed features of a GoogLeNet, and the generator lacks their residual blocks. The
docstrings of GANCLS, JointEmbedding, char_cnn_rnn and the text_conditional networks list the
others.

Command: python -m tfgan_zoo.train --config=gan_cls_cub --config.data.source=folder:PATH
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import text_to_image_config


def get_config():
    config = text_to_image_config("gan_cls")
    config.model_args.interpolation = True
    config.model_args.interpolation_weights = (2 / 3, 1 / 3)
    config.model_args.fresh_latents = True
    config.text_encoder = {"name": "char_cnn_rnn", "recurrence": "authors", "initial_range": 0.08}
    config.image_encoder = {"name": "image_encoder", "filters": 64}
    config.encoder_optimizer = {
        "name": "rmsprop",
        "learning_rate": 7e-4,
        "rho": 0.99,
        "epsilon": 1e-16,  # inside the square root; Torch adds 1e-8 outside
        "decay": "staircase",
        "decay_factor": 0.98,
        "decay_every": 150,  # the authors' epoch: one batch per class
    }
    config.pretraining.steps = 30_000  # 200 of these epochs
    config.pretraining.batch_size = 40
    config.pretraining.distinct_classes = True
    config.generator = {
        "name": "text_conditional_generator",
        "filters": 128,
        "projection": "torch",
    }
    config.discriminator = {
        "name": "text_conditional_discriminator",
        "filters": 64,
        "projection": "torch",
        "normalize_text": True,
    }
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {
            "name": "adam",
            "learning_rate": 2e-4,
            "beta_1": 0.5,
            "epsilon": 1e-8,
            "decay": "halving",
            "halve_every": 13_800,  # 100 epochs
        }
    config.data.source = "folder:datasets/cub"
    config.data.batch_size = 64
    config.data.load_size = 76
    config.data.flip = True
    config.data.num_captions = 4  # averaged, as in the authors' code
    config.evaluate.split = "test"
    config.evaluate.samples = 1000
    config.train.steps = 82_800  # 600 epochs
    config.train.log_every = 100
    config.train.sample_every = 1000
    config.train.checkpoint_every = 1000
    return config
