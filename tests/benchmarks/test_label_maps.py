import numpy as np
import pytest

from benchmarks.label_maps import VARIANTS, cells
from tfgan_zoo.config import load_config
from tfgan_zoo.models import Pix2PixHD
from tfgan_zoo.models.mechanics.arguments import constructor_arguments


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_differ_from_the_recipe_in_what_they_say(name):
    entries = dict(entry.split("=") for entry in VARIANTS[name][0])
    config = load_config("pix2pix_hd", entries)
    recipe = load_config("pix2pix_hd")
    for entry in entries:
        group, _, key = entry.partition(".")
        assert config[group][key] != recipe[group][key]
    # Networks of other shapes follow from the arguments.
    arguments = constructor_arguments(Pix2PixHD) | config.model_args.to_dict()
    networks = Pix2PixHD.network_arguments(**arguments)
    channels = 7 + config.model_args.boundaries + config.model_args.style_size
    assert networks["generator"][1] == ((64, 64, channels), 3)
    assert ("encoder" in networks) == (config.model_args.style_size > 0)


def test_cells():
    assert cells({"clean": 0.5, "edge": np.nan}) == "0.500 | — | —"
