"""CGAN (Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784) on the figures.

The paper's game on small convolutional networks, told the 48 classes of the figures, a colour and a
shape each, with R1 and R2 penalties, a decaying learning rate and an average of the generator's
weights for sampling.

Command: python -m tfgan_zoo.train --model=cgan
Cost:    not measured
Result:  not measured
"""

from configs.dcgan_conditional import get_config as dcgan


def get_config():
    config = dcgan()
    config.model = "cgan"
    config.model_args.discriminator_steps = 1
    config.model_args.objective = "non_saturating"
    return config
