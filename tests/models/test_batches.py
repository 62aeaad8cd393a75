import doctest

import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny import IMAGE_TO_IMAGE, SHAPE, compiled, samples, tiny
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


@pytest.mark.parametrize("name", ["gan", "wgan", "wgan_gp"])
def test_testing_asks_for_whole_packs_only(name):
    model = tiny(name, packing=2, discriminator_steps=3)
    model.compile(run_eagerly=True)
    images = samples(model, batch=2)  # 12
    assert np.isfinite(model.evaluate(images[:8], batch_size=4, verbose=0)).all()
    model.fit(images, batch_size=6, validation_data=images[:10], verbose=0)
    with pytest.raises(InputError, match=r"^Test batches: .* of 2 samples \(packing 2\) .* got 3;"):
        model.evaluate(images[:3], verbose=0)
    assert model.made_and_real(images[:4])["samples"][0].shape == (4, *SHAPE)


def test_testing_on_batches_of_unknown_size():
    model = compiled("wgan", packing=2)
    images = samples(model, batch=5)  # 20
    dataset = tf.data.Dataset.from_tensor_slices(images)
    model.evaluate(dataset.batch(6), verbose=0)  # the last has 2
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Test batches: .* multiple of 2"):
        model.evaluate(dataset.batch(3), verbose=0)


@pytest.mark.parametrize(
    ("num", "arguments", "said"),
    [
        (22, {"batch_size": 10}, r"batch_size: .* multiple of 4, .* got 10; with 40 .* has 10\.$"),
        (
            22,
            {"batch_size": 8},
            r"x: .* multiple of 4, .* last one here has 6, got 22; .* out 2, or",
        ),
        (22, {}, r"x: expected a number .* multiple of 4, .* got 22"),
        (36, {"batch_size": 6, "y": np.zeros(36)}, "batch_size: .* got 6"),
        (32, {"validation_split": 0.2}, "x: .* got 25"),
        (17, {"validation_split": 0.25}, "validation_data: .* has 5, got 5"),
        (8, {"validation_data": 9}, "validation_data: .* multiple of 2, .* has 9, got 9"),
        (8, {"validation_data": 9, "validation_batch_size": 3}, "validation_batch_size: .* got 3"),
    ],
)
def test_arrays_that_cannot_be_shared_out(num, arguments, said):
    """Are refused in a sentence, before the first step."""
    model = compiled("wgan", packing=2)
    images = np.zeros((num, *SHAPE), "uint8")
    if "validation_data" in arguments:
        arguments = arguments | {"validation_data": images[:1].repeat(9, axis=0)}
    with pytest.raises(InputError, match=f"^{said}"):
        model.fit(images, verbose=0, **arguments)
    assert model.steps_done == 0


def test_arrays_that_can_be_shared_out():
    model = tiny("wgan", packing=2)
    model.compile(run_eagerly=True)
    images = samples(model, steps=3, batch=2)  # 24
    model.fit(images[:20], verbose=0)  # one batch, of less than Keras' 32
    model.fit(images, None, 8, verbose=0, validation_split=0.3333)
    model.fit(images[:22], batch_size=8, steps_per_epoch=2, verbose=0)  # never sees the last
    assert model.steps_done == 1 + 2 + 2
