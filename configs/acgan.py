"""AC-GAN (Odena et al. 2016, https://arxiv.org/abs/1610.09585) on the figures.

The paper's game on small convolutional networks: the discriminator names the 48 classes of the
figures, a colour and a shape each. With R1 and R2 penalties, a decaying learning rate and an
average of the generator's weights for sampling.

Command: python -m tfgan_zoo.train --model=acgan
Cost:    not measured
Result:  not measured
"""

from configs.dcgan_conditional import get_config as dcgan


def get_config():
    config = dcgan()
    config.model = "acgan"
    config.model_args.class_weight = 1.0
    config.discriminator = {
        "name": "acgan_discriminator",
        "filters": 16,
        "normalization": "none",
        "dropout": 0.0,
    }
    return config
