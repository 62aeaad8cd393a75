import doctest

import numpy as np

from tfgan_zoo.pictures import label_maps
from tfgan_zoo.pictures.label_maps import draw_label_maps


def test_each_class_has_a_colour_of_its_own_and_instances_have_edges():
    labels = np.arange(20).reshape(1, 4, 5, 1)
    colours = draw_label_maps(labels, 20).reshape(-1, 3).astype(int)
    apart = np.abs(colours[:, None] - colours).max(-1)[~np.eye(20, dtype=bool)]
    assert apart.min() > 10
    maps = np.zeros((1, 4, 6, 2), int)
    maps[0, :, 3:, 1] = 7
    drawn = draw_label_maps(maps, 2)[0, 0].sum(-1)
    assert drawn.argmin() == 3
    assert len(set(drawn[[0, 1, 2, 4, 5]])) == 1


def test_examples():
    result = doctest.testmod(label_maps, extraglobs={"np": np})
    assert result.attempted
    assert not result.failed
