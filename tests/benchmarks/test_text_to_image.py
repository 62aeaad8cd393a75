"""The scores of GAN-CLS on the figures."""

import numpy as np
import pytest

from benchmarks.text_to_image import caption_accuracy
from tfgan_zoo import GANCLS, networks
from tfgan_zoo.data import figures


def test_how_often_the_discriminator_prefers_an_images_own_caption(tmp_path):
    test = {name: values[:200] for name, values in figures.load("captions", "test").items()}
    words = sorted({word for caption in test["caption"] for word in caption.split()})
    encoder = networks.word_encoder(6, vocabulary=words, word_dim=4, units=4)
    shape = test["image"].shape[1:]
    players = (
        networks.text_conditional_generator(shape, 2, 6, filters=2),
        networks.text_conditional_discriminator(shape, 6, filters=2, normalization="none"),
    )
    model = GANCLS(shape, 2, 6, *players, text_encoder=encoder)
    model.save(tmp_path / "model.keras")
    images = test["image"] / np.float32(127.5) - 1
    captions = np.array(test["caption"])
    own, other = (
        np.array(model.discriminator([images, model.embed(list(each))]))[:, 0]
        for each in (captions, np.roll(captions, 1))
    )
    different = captions != np.roll(captions, 1)
    expected = np.mean(own[different] > other[different])
    assert 0 < expected < 1
    assert caption_accuracy(tmp_path / "model.keras", 200) == pytest.approx(expected)
