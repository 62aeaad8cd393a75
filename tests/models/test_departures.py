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
    "Pix2PixHD": "unnormalised",
    "CycleGAN": 'padding="symmetric"',
    "DTN": "as one batch",
    "SRGAN": "initial weights",
    "GANCLS": "fresh_latents=True",
    "JointEmbedding": "one of ten views",
}
#: How the list of departures begins; the last two of models that were compared with their paper
#: alone.
HEADINGS = (
    "Departures from the authors' code",
    "The authors published no code",
    "Departures from the paper",
    "Departures from the notes",
)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_docstring_lists_departures_from_the_authors_code(name):
    before_arguments, _, _ = MODELS[name].__doc__.partition("Args:")
    allowed = HEADINGS[:2] if MODELS[name].__name__ in STATED else HEADINGS
    parts = (before_arguments.partition(heading) for heading in allowed)
    departures = next((text for _, heading, text in parts if heading), "")
    assert departures
    assert STATED.get(MODELS[name].__name__, "") in " ".join(departures.split())
