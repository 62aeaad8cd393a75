"""Callbacks that sample a model by themselves, with models that need a condition or have none."""

import numpy as np
import pytest

from tests.models.tiny import fit, tiny
from tests.tasks.conditional import LabelledGAN
from tfgan_zoo import pictures
from tfgan_zoo.callbacks import EvaluateImages, SampleSheet
from tfgan_zoo.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (16, 16, 16, 3), "uint8")


def labelled(cls=LabelledGAN):
    model = cls((16, 16, 3), 4, packing=1)
    model.compile(run_eagerly=True)
    return model


class ChoosesItself(LabelledGAN):
    def generate(self, num, seed=0, label=0, **kwargs):
        return super().generate(num, seed, label=label, **kwargs)


def sheet(folder, **kwargs):
    return SampleSheet(folder, **kwargs)


def scores(folder, **kwargs):
    return EvaluateImages(["swd"], IMAGES, num=8, **kwargs)


@pytest.mark.parametrize(
    ("callback", "said"),
    [
        (sheet, r"^SampleSheet: expected draw=, as {}, got none; .*model\.generate\({}\)\)\.$"),
        (scores, r"^EvaluateImages: expected make=, as {}, got none; .*generate\(.*{}.*\)\.$"),
    ],
)  # fmt: skip
def test_the_argument_that_a_model_needs_is_named_before_a_step(callback, said, tmp_path):
    for model, why, given in (
        (labelled(), "LabelledGAN makes images only with a label", "label=..."),
        (tiny("gan_cls"), "GANCLS makes images only with a text", "texts"),
        (tiny("cyclegan"), "CycleGAN has no method generate", "..."),
    ):
        each = callback(tmp_path)
        each.set_model(model)
        with pytest.raises(InputError, match=said.format(why, given)):
            each.on_train_begin()
    model = labelled()
    data = {"image": IMAGES, "label": np.arange(16) % 3}
    with pytest.raises(InputError, match=said.format(".*", "label=...")):
        model.fit(data, callbacks=[callback(tmp_path)], verbose=0)
    assert model.steps_done == 0


def test_with_it_or_with_a_generate_that_needs_none_they_sample(tmp_path):
    data = {"image": IMAGES, "label": np.arange(16) % 3}
    for each in (
        SampleSheet(tmp_path, draw=lambda model: pictures.sheet(model.generate(label=range(3)))),
        scores(tmp_path, make=lambda model, num, seed: model.generate(num, seed, label=1)),
    ):
        each.set_model(labelled())
        each.on_train_begin()
        each.on_epoch_end(0, {})
    assert len(list(tmp_path.iterdir())) == 1
    history = fit(labelled(ChoosesItself), data, callbacks=[sheet(tmp_path), scores(tmp_path)])
    assert np.isfinite(history["swd"]).all()
