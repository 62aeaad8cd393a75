import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow, slow_except
from tests.models.tiny import IMAGE_TO_IMAGE, SHAPE, WORDS, compiled, fit, samples, tiny
from tfgan_zoo.data.pipeline import mapped
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import MODELS, JointEmbedding
from tfgan_zoo.models.mechanics import batches, parts


def test_examples():
    result = doctest.testmod(parts)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", [slow("cyclegan"), "pix2pix", slow("srgan"), slow("gan_cls")])
def test_parts_of_a_batch_in_every_way_that_keras_takes_them(name):
    """A model of several parts gets them from `fit((a, b))` and `train_on_batch(a, b)` too."""
    model = tiny(name)
    named = samples(model)
    assert list(named) == list(model.batch_spec())
    parts = tuple(named.values())
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
    model = eager("dcgan", dense=True)
    images = samples(model)
    with pytest.raises(InputError, match=r"with the key image, got a dict with the keys images\.$"):
        model.fit({"images": images}, verbose=0)
    for arguments in ((images,), (images, np.arange(4)), ({"image": images},), ([images],)):
        assert np.isfinite(model.train_on_batch(*arguments)).all()


@pytest.mark.parametrize("name", [slow("gan"), slow("wgan"), "wgan_gp"])
def test_testing_asks_for_whole_packs_only(name):
    model = tiny(name, packing=2, discriminator_steps=3, dense=True)
    model.compile(run_eagerly=True)
    images = samples(model, batch=2)  # 12
    assert np.isfinite(model.evaluate(images[:8], batch_size=4, verbose=0)).all()
    model.fit(images, batch_size=6, validation_data=images[:10], verbose=0)
    with pytest.raises(InputError, match=r"^Test batches: .* of 2 samples \(packing 2\) .* got 3;"):
        model.test_on_batch(images[:3])
    assert np.isfinite(model.evaluate(images[:9], batch_size=4, steps=2, verbose=0)).all()
    computed = int(model.evaluated_batches.result())
    for size, said in (
        (4, "x: .* of 2, .* one here has 1, got 9; leave out 1, or"),
        (3, "batch_s"),
    ):
        with pytest.raises(InputError, match=f"^{said}"):
            model.evaluate(images[:9], batch_size=size, verbose=0)
    assert int(model.evaluated_batches.result()) == computed
    assert model.samples_and_targets(images[:4])["samples"][0].shape == (4, *SHAPE)


def test_testing_on_batches_of_unknown_size():
    model = compiled("wgan", packing=2)
    images = samples(model, batch=5)  # 20
    dataset = tf.data.Dataset.from_tensor_slices(images)
    model.evaluate(dataset.batch(6), verbose=0)  # the last has 2
    with pytest.raises(InputError, match=r"^Test batches: .* multiple of 2 .* got 3; batch a tf"):
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
        (
            20,
            {"batch_size": 10},
            r"batch_size: .* got 10; with 40 \(model\.samples_per_step\(10\)\) every share has 10",
        ),
        (3, {}, r"x: expected at least 4 samples to train on, .* got 3\.$"),
        (36, {"batch_size": 6, "y": np.zeros(36)}, "batch_size: .* got 6"),
        (32, {"validation_split": 0.2, "batch_size": 32}, "x: .* got 25"),
        (17, {"validation_split": 0.25, "batch_size": 32}, "validation_data: .* has 5, got 5"),
        (8, {"validation_data": 9}, "validation_data: .* multiple of 2, .* has 9, got 9"),
        (8, {"validation_data": 9, "validation_batch_size": 3}, "validation_batch_size: .* got 3"),
    ],
)
def test_arrays_that_cannot_be_shared_out(num, arguments, said):
    """Are refused in a sentence, before the first step."""
    model = eager("wgan", packing=2, dense=True)
    images = np.zeros((num, *SHAPE), "uint8")
    if "validation_data" in arguments:
        arguments = arguments | {"validation_data": images[:1].repeat(9, axis=0)}
    with pytest.raises(InputError, match=f"^{said}"):
        model.fit(images, verbose=0, **arguments)
    assert model.steps_done == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch_size": "a"}, "batch_size: expected a whole number from 1 up, got 'a'"),
        ({"batch_size": -4}, "batch_size: expected a whole number from 1 up, got -4"),
        ({"batch_size": 2.5}, r"batch_size: expected a whole number from 1 up, got 2\.5"),
        ({"batch_size": 0}, "batch_size: expected a whole number from 1 up, got 0"),
        ({"x": None}, "x: expected arrays or a .*, got None"),
        ({"x": np.zeros((0, *SHAPE), "uint8")}, "x: expected one sample or more, got an array"),
        ({"validation_batch_size": 0}, "validation_batch_size: expected a whole number from 1"),
        ({"validation_split": 2}, "validation_split: expected a number from 0 to below 1, got 2"),
        ({"validation_split": -0.5}, "validation_split: expected a number from 0 to below 1"),
        ({"validation_split": "a"}, "validation_split: expected a number from 0 to below 1"),
        ({"validation_data": np.zeros((0, *SHAPE))}, "validation_data: expected one sample"),
    ],
)
def test_sizes_and_data_that_fit_and_evaluate_cannot_use(given, said):
    model = eager("dcgan", dense=True)
    given = {"x": np.zeros((8, *SHAPE), "uint8")} | given
    methods = [model.fit] if any("valid" in name for name in given) else [model.fit, model.evaluate]
    for method in methods:
        with pytest.raises(InputError, match=f"^{said}"):
            method(**given, verbose=0)
    assert model.steps_done == 0


def test_samples_are_weighted_nowhere():
    model, images = eager("dcgan", dense=True), np.zeros((2, *SHAPE), "uint8")
    methods = (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch)
    for method in methods:
        with pytest.raises(
            InputError, match=r"^sample_weight: expected None, got ndarray; all samples"
        ):
            method(images, sample_weight=np.ones(2))


def test_validation_data_of_three_parts_are_no_weights():
    model = eager("gan_cls")
    parts = tuple(samples(model).values())
    assert "val_d_loss" in fit(model, parts, batch_size=4, validation_data=parts)


def test_arrays_that_can_be_shared_out():
    model = eager("wgan", packing=2, dense=True)
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
    """The same batches in every form that `fit` takes, and the arguments that it then needs."""
    batches = [rows[i : i + size] for i in range(0, len(rows), size)]
    dataset = tf.data.Dataset.from_tensor_slices(rows).batch(size)
    return {
        "array": (rows, {"batch_size": size}),
        "dataset": (dataset, {}),
        "labelled": (mapped(dataset, lambda x: (x, tf.zeros(tf.shape(x)[:1]))), {}),
        "named": (
            mapped(dataset, lambda x: {"mask": 255 * tf.ones_like(x), "image": x}),
            {},
        ),
        "PyDataset": (Batches(batches), {}),
        "generator": (((batch,) for batch in batches), {"steps_per_epoch": len(batches)}),
    }


@pytest.mark.parametrize("kind", sources(np.zeros((4, 1))))
def test_floats_from_0_to_255_are_refused(kind):
    model = eager("dcgan", dense=True)
    data, arguments = sources(samples(model, 3).astype("float32"))[kind]
    with pytest.raises(
        InputError, match=r"^Training batches: .* floats up to 255; give 0\.\.255 as uint8"
    ):
        fit(model, data, **arguments)
    assert model.steps_done == 0


@pytest.mark.parametrize("name", slow_except(("pix2pix",), [*IMAGE_TO_IMAGE, "gan_cls"]))
def test_of_any_part_that_is_images(name):
    model = tiny(name)
    model.compile(run_eagerly=True)
    data = samples(model)
    parts = list(data.values())
    for i, part in enumerate(list(data)[: 1 if name == "gan_cls" else 2]):
        wrong = tuple(p.astype("float32") if i == j else p for j, p in enumerate(parts))
        with pytest.raises(InputError, match=rf"^Training batches, {part}: .* got floats up to"):
            model.fit(wrong, verbose=0)
    right = [p / np.float32(127.5) - 1 if p.ndim == 4 else p for p in parts]
    model.fit(tuple(right), verbose=0)
    assert model.steps_done == 1


@pytest.mark.slow
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
            yield np.full((4, *SHAPE), -i / 10 - 0.1, "float32")

    spec = tf.TensorSpec((None, *SHAPE), tf.float32)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=spec)
    fit(model, dataset, epochs=2)
    assert reads == [0, 1, 2, 0, 1, 2]
    assert model.steps_done == 6


def uniform(low, high, num=4):
    return np.random.default_rng(0).uniform(low, high, (num, *SHAPE)).astype("float32")


def eager(name, **kwargs):
    """A graph takes longer to make than to run once."""
    model = tiny(name, **kwargs)
    model.compile(run_eagerly=True)
    return model


def entrances(images, right):
    """Every way by which images get to a model, and what its messages call them."""
    held = Batches([images, images])
    dataset = tf.data.Dataset.from_tensors(images).repeat(2)
    fit = {
        kind: ("Training batches", lambda m, x=x, a=a: fit_once(m, x, **a))
        for kind, (x, a) in sources(images).items()
    }
    validation = {
        "arrays": (images, {}),
        "labelled": ((images, np.zeros(len(images))), {}),
        "dataset": (dataset, {}),
        "PyDataset": (held, {}),
        "generator": (((images,) for _ in range(2)), {"validation_steps": 2}),
    }
    return {
        **{f"fit {kind}": call for kind, call in fit.items()},
        "validation_split": (
            "Training batches",
            lambda m: m.fit(images, validation_split=0.5, verbose=0),
        ),
        **{
            f"validation_data {kind}": (
                "validation_data",
                lambda m, x=x, a=a: m.fit(right, validation_data=x, verbose=0, **a),
            )
            for kind, (x, a) in validation.items()
        },
        "evaluate": ("Test batches", lambda m: m.evaluate(images, verbose=0)),
        "evaluate dataset": ("Test batches", lambda m: m.evaluate(dataset, verbose=0)),
        "train_on_batch": ("Training batches", lambda m: m.train_on_batch(images)),
        "train_on_batch dict": ("Training batches", lambda m: m.train_on_batch({"image": images})),
        "train_on_batch list": ("Training batches", lambda m: m.train_on_batch([images])),
        "train_on_batch tensor": (
            "Training batches",
            lambda m: m.train_on_batch(tf.constant(images), np.zeros(len(images))),
        ),
        "test_on_batch": ("Test batches", lambda m: m.test_on_batch(images)),
    }


def fit_once(model, data, **kwargs):
    return model.fit(data, verbose=0, **kwargs)


#: One of each kind of method.
ENTRANCES = ("fit array", "validation_data labelled", "evaluate", "train_on_batch dict")


@pytest.mark.parametrize(
    "entrance", slow_except(ENTRANCES, entrances(uniform(-1, 1), uniform(-1, 1)))
)
def test_every_entrance_of_images_checks_their_range(entrance):
    """Bytes and what is clearly outside [-1, 1] are refused; [0, 1] is warned of once."""
    model = eager("dcgan", dense=True)

    def through(images):
        called, call = entrances(images, uniform(-1, 1))[entrance]
        call(model)
        return called

    called = entrances(uniform(0, 1), uniform(0, 1))[entrance][0]
    for images, said in ((uniform(0, 255), "floats up to 2"), (uniform(-2, 2), "floats from -1")):
        with pytest.raises(InputError, match=rf"^{called}: expected uint8, or .* got {said}"):
            through(images)
    sentence = rf"^{called}: expected floats in \[-1, 1\], got none below 0.* x / 127\.5 - 1"
    with pytest.warns(UserWarning, match=sentence) as warned:
        through(uniform(0, 1))
    assert len(warned) == 1
    assert warned[0].filename == __file__
    if not entrance.startswith("fit"):
        through(uniform(0, 1))  # which has been said


def test_images_of_0_only_are_warned_of_but_not_refused():
    model = eager("dcgan", dense=True)
    with pytest.warns(UserWarning, match="got none below 0"):
        model.fit(np.zeros((4, *SHAPE), "float32"), epochs=2, verbose=0)
    assert model.steps_done == 2


def test_what_resampling_overshoots_to_is_let_pass():
    model = eager("dcgan", dense=True)
    model.fit(uniform(-1.4, 1.4), verbose=0)
    model.train_on_batch(uniform(-1.4, 1.4).astype("float64"))
    for dtype in ("float16", "float64", tf.bfloat16.as_numpy_dtype):
        with pytest.raises(InputError, match="got floats from -2 to"):
            model.train_on_batch(uniform(-1.99, 1.99).round().astype(dtype))


def test_points_are_of_any_range():
    points = MODELS["gan"]((2,), 3)
    points.compile(run_eagerly=True)
    points.fit(np.full((4, 2), 255.0, "float32"), verbose=0)
    points.train_on_batch(np.full((4, 2), -300.0, "float32"))
    points.evaluate(np.ones((4, 2), "float32"), verbose=0)


@pytest.mark.parametrize("name", [slow("cyclegan"), slow("pix2pix"), "srgan", "joint_embedding"])
def test_every_method_that_takes_images_checks_their_range(name):
    model = tiny(name) if name in IMAGE_TO_IMAGE else joint_embedding()
    if name == "joint_embedding":
        shape, methods = model.image_shape, [model.embed_images]
    else:
        shape = model.shape_a
        methods = [model.translate, model, lambda x: model.predict(x, verbose=0)]
        methods += [model.predict_on_batch]
        methods += [model.upscale] if name == "srgan" else []
    pixels = np.random.default_rng(0).integers(0, 256, (2, *shape), "uint8")
    floats = pixels / np.float32(127.5) - 1
    for method in methods:
        for wrong in (pixels.astype("float32"), 3 * floats):
            with pytest.raises(
                InputError, match=r"^images: expected uint8, or floats in \[-1, 1\]"
            ):
                method(wrong)
        np.testing.assert_allclose(method(pixels), method(floats), atol=1e-4)
        model._reported.clear()
        with pytest.warns(UserWarning, match="^images: .* got none below 0"):
            method(np.abs(floats))
    with pytest.raises(InputError, match=r"^images: expected shape"):
        methods[0](pixels[..., [0, 0]])
    if name in IMAGE_TO_IMAGE:
        with pytest.raises(InputError, match=r"^images: expected shape"):
            model(pixels[0])


def joint_embedding():
    encoder = tiny("gan_cls").text_encoder
    encoder.trainable = True
    return JointEmbedding(SHAPE, encoder.output_shape[-1], encoder)


# ---------------------------------------------------------------------- shapes that are not known


def forgotten(rows, size):
    """Batches of which TensorFlow knows no shape."""

    def forget(part):
        return tf.numpy_function(lambda x: x, [part], part.dtype)

    slices = tf.data.Dataset.from_tensor_slices(rows)
    return mapped(slices, lambda *parts: tf.nest.map_structure(forget, parts)).batch(size)


@pytest.mark.parametrize(
    "name", ["dcgan", slow("cyclegan"), slow("gan_cls"), slow("joint_embedding")]
)
def test_data_of_unknown_rank(name):
    """The model knows its shapes."""
    if name == "joint_embedding":
        model, data = joint_embedding(), (np.zeros((4, *SHAPE), "uint8"), list(WORDS[:4]))
    else:
        model = tiny(name, dense=True)
        data = samples(model)
        data = tuple(data.values()) if isinstance(data, dict) else data
    model.compile()
    dataset = forgotten(data, 4)
    leaves = tf.nest.flatten(dataset.element_spec)
    assert all(leaf.shape.rank is None for leaf in leaves)
    logs = model.evaluate(dataset, verbose=0)
    if name in ("dcgan", "joint_embedding"):  # The graphs of the others take long to make.
        logs += [value for values in fit(model, dataset).values() for value in values]
    assert np.isfinite(logs).all()


@pytest.mark.parametrize("wrong", [(16, 15, 3), slow((16, 16))])
def test_data_of_unknown_rank_whose_values_do_not_fit(wrong):
    model = compiled("dcgan", dense=True)
    images = samples(model)
    bad = np.zeros((4, *wrong), "uint8")
    at_once, later = forgotten(bad, 4), forgotten(images, 4).concatenate(forgotten(bad, 4))
    came = ", ".join(map(str, wrong))
    expected = rf"expected shape \(batch, 16, 16, 3\), got \(4, {came}\)\.$"
    for called, call in (
        ("Training batches", lambda: fit(model, at_once)),
        ("Training batches", lambda: fit(model, later)),
        ("Test batches", lambda: model.evaluate(at_once, verbose=0)),
        ("validation_data", lambda: fit(model, images, validation_data=at_once)),
    ):
        with pytest.raises(InputError, match=f"^{called}: {expected}"):
            call()


# ---------------------------------------------------------------------- arrays without a batch size


def test_arrays_without_a_batch_size_make_batches_that_a_step_can_share_out(capsys):
    """Updates on Keras' 32 samples, what is left over left out; both is said, once."""
    model = eager("wgan", packing=2, dense=True)  # 2 steps x 2 samples
    images = np.zeros((263, *SHAPE), "uint8")
    logs = model.fit(images, np.zeros(263), verbose=2)
    model.fit(images, verbose=2)
    out = capsys.readouterr().out
    assert out.count("each train step takes 128 samples, model.samples_per_step(32).") == 1
    assert out.count("The last 3 of 263 samples are left out") == 1
    assert logs.params["steps"] == 3  # 128 + 128 + 4
    assert (model.steps_done, int(model.images_seen)) == (6, 2 * 260)


def test_validation_without_a_batch_size(capsys):
    model = eager("wgan", packing=3, dense=True)
    tested, losses_of = [], model.losses_of
    model.losses_of = lambda data: tested.append(len(model.images(data, False))) or losses_of(data)
    model.fit(np.zeros((200, *SHAPE), "uint8"), validation_split=0.5)  # 100 and 100
    assert int(model.images_seen) == 96
    assert tested == [96, 3]  # and not as in training, 192
    assert "The last 1 of 100 samples are left out" in capsys.readouterr().out
    tested.clear()
    model.evaluate(np.zeros((99, *SHAPE), "uint8"), verbose=0)
    assert tested == [96, 3]


def test_nothing_is_said_where_keras_default_will_do(capsys):
    model = eager("dcgan")
    history = model.fit(np.zeros((65, *SHAPE), "uint8"), verbose=0)
    assert history.params["steps"] == 3
    assert int(model.images_seen) == 65
    assert capsys.readouterr().out == ""


def test_default_batch_sizes_on_several_replicas():
    """Are multiples of what the replicas share out, be they two, or three and five steps."""
    x = np.zeros((1000, 2))
    chosen, said = batches.with_batch_size({"x": x}, 2, 2, lambda n: n)
    assert (len(chosen["x"]), chosen.get("batch_size"), said) == (1000, None, [])
    chosen, said = batches.with_batch_size({"x": x}, 15, 3, lambda n: 5 * n)
    assert (len(chosen["x"]), chosen["batch_size"]) == (990, 480)
    assert "takes 480 samples, 3 * model.samples_per_step(32)." in said[0]
    chosen, _ = batches.with_batch_size({"x": x, "validation_split": 0.25}, 15, 3, lambda n: 5 * n)
    assert len(chosen["x"]) == 750
    assert len(chosen["validation_data"][0]) == 249
    assert chosen["validation_batch_size"] == 96
    batches.check_batch_sizes(chosen, 15, 3)
