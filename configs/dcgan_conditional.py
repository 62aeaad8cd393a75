"""DCGAN (Radford et al. 2015, https://arxiv.org/abs/1511.06434) on the figures, told their class.

The quick recipe `dcgan` with the 48 classes of the figures, a colour and a shape each: the
discriminator judges by projection (Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637) and
sees single samples, as labels keep the game from forgetting figures; R2 beside R1; and a z of 4
numbers for what the class leaves open, fill, place, size and background.

Command: python -m tfgan_zoo.train --config=dcgan_conditional
Cost:    not measured
Result:  not measured
"""

from configs.dcgan import get_config as unconditional


def get_config():
    config = unconditional()
    config.model_args.num_classes = 48
    config.model_args.latent_dim = 4
    config.model_args.packing = 1
    config.model_args.r2_gamma = 0.3
    return config
