"""GAN-CLS (Reed et al. 2016, https://arxiv.org/abs/1605.05396) on birds, CUB-200-2011.

The paper's values: images of 64 pixels, captions read by a character-level encoder that is trained
first, GAN-INT-CLS. The folder is to hold train/<class>/<image>.jpg with train/<class>/<image>.txt,
ten captions, one a line; of the 200 classes 150 in train/ and the 50 of the zero-shot test in
test/. The paper's encoder was trained beside a GoogLeNet, here it is a small convolutional network.

Command: python -m tfgan_zoo.train --config=gan_cls_cub --config.data.source=folder:PATH
Cost:    not measured
Result:  not measured
"""

from tfgan_zoo.config import text_to_image_config


def get_config():
    config = text_to_image_config("gan_cls")
    config.model_args.interpolation = True
    config.text_encoder = {"name": "char_cnn_rnn"}
    config.image_encoder = {"name": "image_encoder", "filters": 64}
    config.encoder_optimizer = {"name": "rmsprop", "learning_rate": 7e-4, "rho": 0.95}
    config.pretraining.steps = 22_100  # 100 epochs
    config.pretraining.batch_size = 40
    config.generator = {"name": "text_conditional_generator", "filters": 64}
    config.discriminator = {"name": "text_conditional_discriminator", "filters": 64}
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
