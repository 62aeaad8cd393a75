import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.tiny import IMAGE_TO_IMAGE, SHAPE, compiled, fit, samples, tiny
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


class Batches(keras.utils.PyDataset):
    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index], np.zeros(len(self.batches[index]))


def sources(rows, size=4):
    """The same batches in every form that `fit` takes, and what else it is to be told."""
    batches = [rows[i : i + size] for i in range(0, len(rows), size)]
    dataset = tf.data.Dataset.from_tensor_slices(rows).batch(size)
    return {
        "array": (rows, {"batch_size": size}),
        "dataset": (dataset, {}),
        "labelled": (dataset.map(lambda x: (x, tf.zeros(len(x)))), {}),
        "named": (
            dataset.map(lambda x: {"mask": 255 * tf.ones_like(x), "image": x}),
            {},
        ),
        "PyDataset": (Batches(batches), {}),
        "generator": (((batch,) for batch in batches), {"steps_per_epoch": len(batches)}),
    }


@pytest.mark.parametrize("kind", sources(np.zeros((4, 1))))
def test_floats_from_0_to_255_are_refused(kind):
    model = compiled("dcgan")
    data, arguments = sources(samples(model, 3).astype("float32"))[kind]
    with pytest.raises(
        InputError, match=r"^Training batches: .* floats up to 255; give 0\.\.255 as uint8"
    ):
        fit(model, data, **arguments)
    assert model.steps_done == 0


@pytest.mark.parametrize("name", [*IMAGE_TO_IMAGE, "gan_cls"])
def test_of_any_part_that_is_images(name):
    model = tiny(name)
    model.compile(run_eagerly=True)
    data = samples(model)
    parts = list(data.values()) if isinstance(data, dict) else list(data)
    for i, part in enumerate(model.batch_parts[: 1 if name == "gan_cls" else 2]):
        wrong = tuple(p.astype("float32") if i == j else p for j, p in enumerate(parts))
        with pytest.raises(InputError, match=rf"^Training batches, {part}: .* got floats up to"):
            model.fit(wrong, verbose=0)
    right = [p / np.float32(127.5) - 1 if p.ndim == 4 else p for p in parts]
    model.fit(tuple(right), verbose=0)
    assert model.steps_done == 1


@pytest.mark.parametrize("steps_per_execution", [1, 2, 5])
def test_a_look_at_the_first_batch_changes_nothing(steps_per_execution):
    """Nothing is read twice or left out, nothing is traced again, and the result is the same."""
    seen, weights, graphs = {}, {}, {}
    for dtype in ("uint8", "float32"):
        keras.utils.set_random_seed(0)
        model = tiny("dcgan", dense=True)
        model.compile(steps_per_execution=steps_per_execution)
        images = samples(model, 3)[:10]
        traced, train_step = [], model.train_step
        model.train_step = lambda data, t=traced, f=train_step: t.append(1) or f(data)
        floats = images / np.float32(127.5) - 1
        for kind, (data, arguments) in sources(images if dtype == "uint8" else floats).items():
            fit(model, data, **arguments)
            seen[kind, dtype] = int(model.images_seen)
        weights[dtype] = model.get_weights()
        graphs[dtype] = len(traced)
    assert graphs["float32"] == graphs["uint8"]
    assert seen["generator", "float32"] == 60
    for kind in sources(images):
        assert seen[kind, "float32"] == seen[kind, "uint8"]
    for ours, theirs in zip(weights["float32"], weights["uint8"], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # of which fit cannot know
def test_a_look_reads_nothing_twice():
    model = compiled("dcgan")
    reads = []

    def batches():
        for i in range(3):
            reads.append(i)
            yield np.full((4, *SHAPE), i / 10, "float32")

    spec = tf.TensorSpec((None, *SHAPE), tf.float32)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=spec)
    fit(model, dataset, epochs=2)
    assert reads == [0, 1, 2, 0, 1, 2]
    assert model.steps_done == 6


def test_what_may_be_meant_is_left_alone():
    model = tiny("dcgan")
    model.compile(run_eagerly=True)
    for low, high in ((0.0, 1.0), (-1.0, 1.0), (-3.0, 3.0), (0.0, 2.0)):
        images = np.random.default_rng(0).uniform(low, high, (4, *SHAPE)).astype("float32")
        model.fit(images, verbose=0)
    points = MODELS["gan"]((2,), 3)
    points.compile()
    points.fit(np.full((4, 2), 255.0, "float32"), verbose=0)
