"""Docstrings say where a model is not what its authors' code is."""

import pytest

from tfgan_zoo.models import MODELS

#: Words of one departure, of models that were compared with their authors' code.
STATED = {
    "GAN": "sigmoid",
    "CGAN": 'objective="minimax"',
    "ACGAN": "110 numbers",
    "SNGAN": "drawn uniformly there",
    "BigGAN": "after 20,000 updates",
    "DCGAN": "pads its 5x5 convolutions by two pixels",
    "LSGAN": "1024 uniform numbers",
    "WGAN": "100 steps",
    "WGANGP": "128 samples",
    "RelativisticGAN": "fresh batch of real samples",
    "Pix2Pix": "biases of convolutions to 0",
    "CycleGAN": 'padding="symmetric"',
    "DTN": "as one batch",
    "SRGAN": "initial weights",
    "GANCLS": "fresh_latents=True",
    "JointEmbedding": "one of ten views",
}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_docstring_lists_departures_from_the_authors_code(name):
    before_arguments, _, _ = MODELS[name].__doc__.partition("Args:")
    _, heading, departures = before_arguments.partition("Departures from the authors' code")
    if not heading:
        _, heading, departures = before_arguments.partition("The authors published no code")
    assert heading
    assert STATED.get(MODELS[name].__name__, "") in " ".join(departures.split())
