import doctest

import numpy as np
import pytest

from tests.models.tiny import IMAGE_TO_IMAGE, compiled, samples, tiny
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import MODELS, batches


def test_examples():
    result = doctest.testmod(batches)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", [*IMAGE_TO_IMAGE, "gan_cls"])
def test_parts_of_a_batch_in_every_way_that_keras_takes_them(name):
    """A model of several parts gets them from `fit((a, b))` and `train_on_batch(a, b)` too."""
    data = samples(tiny(name))
    parts = tuple(data.values()) if isinstance(data, dict) else data
    named = dict(zip(MODELS[name].batch_parts, parts, strict=True))
    model = tiny(name)
    model.compile(run_eagerly=True)  # A graph takes longer to make than to run once.
    whole = [(parts,), (list(parts),), (named,)]
    losses = [
        *(model.evaluate(*given, batch_size=4, verbose=0, return_dict=True) for given in whole),
        *(model.test_on_batch(*given, return_dict=True) for given in whole),
    ]
    if len(parts) == 2:
        losses += [model.test_on_batch(*parts, return_dict=True)]
        model.train_on_batch(*parts)
    for logs in losses:
        assert logs == pytest.approx(losses[0], rel=1e-4)
    model.train_on_batch(parts)
    model.fit(parts, batch_size=4, verbose=0)
    model.fit(list(parts), batch_size=4, verbose=0)
    assert model.steps_done == (4 if len(parts) == 2 else 3)
    too_many = (*parts, np.ones(4, "float32"))
    with pytest.raises(InputError, match=rf"got {len(too_many)} parts\.$"):
        model.train_step(too_many)
    with pytest.raises(InputError, match=r"got 1 part\.$"):
        model.test_on_batch(parts[0])
    with pytest.raises(InputError, match=r"got a dict with the keys x, y\.$"):
        model.test_on_batch({"x": parts[0], "y": parts[1]})


def test_keys_of_a_batch():
    model = compiled("dcgan")
    images = samples(model)
    with pytest.raises(InputError, match=r"with the key image, got a dict with the keys images\.$"):
        model.fit({"images": images}, verbose=0)
    for arguments in ((images,), (images, np.arange(4)), ({"image": images},), ([images],)):
        assert np.isfinite(model.train_on_batch(*arguments)).all()
