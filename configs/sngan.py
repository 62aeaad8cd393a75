"""SNGAN (Miyato et al. 2018, https://arxiv.org/abs/1802.05957) on the figures.

The hinge game with spectral normalisation and the projection discriminator (Miyato and Koyama 2018,
https://arxiv.org/abs/1802.05637), told the 48 classes of the figures, a colour and a shape each.
The paper's discriminator with 32 maps, DCGAN's small generator, two steps of the discriminator
instead of five, a decaying learning rate and an average of the generator's weights for sampling.

Command: python -m tfgan_zoo.train --model=sngan
Cost:    not measured
Result:  not measured
"""

from configs.dcgan_conditional import get_config as dcgan


def get_config():
    config = dcgan()
    config.model = "sngan"
    del config.model_args.label_smoothing  # of games with cross entropies
    config.model_args.discriminator_steps = 2
    config.model_args.r1_gamma = 0.0
    config.model_args.r2_gamma = 0.0
    config.discriminator = {"name": "sngan_discriminator", "filters": 32}
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"].beta_2 = 0.9
    config.train.steps = 6000
    return config
