"""AttributeToImage: its loss by hand, what T changes, and what is drawn."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.models.tiny import ATTRIBUTES, SHAPE, compiled, samples, step, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError, input_errors
from tfgan_zoo.layers.transformation import TRANSFORMATIONS, transform
from tfgan_zoo.models import AttributeToImage
from tfgan_zoo.schedules import Cosine
from tfgan_zoo.serving.card import model_card

GIVEN = {"shape": "star", "angle": 30.0, "size": 0.2}


def constant(values, width, shape=(2, 1, 3)):
    """Returns a generator that always makes these images and masks, its biases."""
    inputs = keras.Input((width,))
    x = keras.layers.Dense(len(values), kernel_initializer="zeros")(inputs)
    x = keras.layers.Reshape((*shape[:2], shape[2] + 1))(x)
    network = keras.Model(inputs, x)
    network.layers[1].bias.assign(values)
    return network


def test_the_loss_by_hand():
    """Two pixels in colour: one covered, one half, on the scale of [0, 1]."""
    made = np.array([[0.5, -1.0, 1.0, 0.7], [0.0, 0.0, 0.0, 0.1]], "float32")
    model = AttributeToImage(
        (2, 1, 3), ATTRIBUTES, constant(made.ravel(), 6), mask_weight=0.1, augmentation=None
    )
    model.compile(run_eagerly=True)
    image = np.array([[[[255, 0, 51]], [[102, 255, 0]]]] * 3, "uint8")
    mask = np.array([[[[255]], [[51]]]] * 3, "uint8")  # 1 and 0.2
    batch = {"attributes": np.zeros((3, 6), "float32"), "image": image, "mask": mask}
    # u = (0.75, 0, 1), (0.5, 0.5, 0.5); x s = (1, 0, 0.2), (0.08, 0.2, 0).
    image_loss = 0.25**2 + 0.8**2 + 0.42**2 + 0.3**2 + 0.5**2
    mask_loss = 0.3**2 + 0.1**2
    found = model.evaluate(batch, verbose=0, return_dict=True)
    assert found["image_loss"] == pytest.approx(image_loss, rel=1e-5)
    assert found["mask_loss"] == pytest.approx(mask_loss, rel=1e-5)
    assert found["loss"] == pytest.approx(image_loss + 0.1 * mask_loss, rel=1e-5)
    # Without masks, all of the image counts: x = (1, 0, 0.2), (0.4, 1, 0).
    alone = {name: batch[name] for name in ("attributes", "image")}
    unmasked = model.evaluate(alone, verbose=0, return_dict=True)
    image_loss = 0.25**2 + 0.8**2 + 0.1**2 + 0.5**2 + 0.5**2
    assert unmasked["image_loss"] == pytest.approx(image_loss, rel=1e-5)
    assert unmasked["mask_loss"] == pytest.approx(0.3**2 + 0.9**2, rel=1e-5)
    # Floats, booleans and tuples mean the same.
    floats = (batch["attributes"], image / 127.5 - 1, (mask / 255).astype("float32"))
    again = model.losses_of(floats)
    assert float(again["loss"]) == pytest.approx(found["loss"], rel=1e-5)
    covered = model.losses_of({**batch, "mask": np.ones_like(mask, bool)})
    assert float(covered["loss"]) == pytest.approx(unmasked["loss"], rel=1e-5)


def test_gradients_by_hand():
    """Checks the biases' gradients: means of u - x s for colours, of 2 lambda (u - s) for masks."""
    network = constant(np.zeros(4, "float32"), 6, (1, 1, 3))
    model = AttributeToImage((1, 1, 3), ATTRIBUTES, network, mask_weight=0.5, augmentation=None)
    model.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    image = np.array([[[[255, 0, 255]]], [[[255, 255, 0]]]], "uint8")
    mask = np.array([[[[255]]], [[[0]]]], "uint8")
    model.train_step((np.zeros((2, 6), "float32"), image, mask))
    # u = (0.5, 0.5, 0.5) and 0; x s = (1, 0, 1) and black.
    expected = [0.0, -0.5, 0.0, 0.5]
    np.testing.assert_allclose(network.layers[1].bias, expected, atol=1e-6)


def test_what_a_step_gives_the_generator():
    """Targets are transformed by the numbers that the generator is told; images and masks alike."""
    model = compiled("attribute_to_image", augmentation=0.8)
    batch = samples(model)
    seen = {}

    def watched(inputs, images, masks, training=True):
        seen.update(inputs=inputs.numpy(), images=images.numpy(), masks=masks.numpy())
        return loss(inputs, images, masks, training)

    loss, model.generator_loss = model.generator_loss, watched
    step(model, batch)
    theta = seen["inputs"][:, -len(TRANSFORMATIONS) :]
    np.testing.assert_array_equal(seen["inputs"][:, : model.coding.size], batch["attributes"])
    assert 0.5 < np.abs(theta).max() <= 0.8
    images, masks = batch["image"] / 255, (batch["mask"] / 255).astype("float32")
    wanted = transform((images * masks).astype("float32"), masks, theta)
    for name, expected in zip(("images", "masks"), wanted, strict=True):
        np.testing.assert_allclose(seen[name], expected, atol=1e-5)
    # The control: other numbers would not do.
    other, _ = transform((images * masks).astype("float32"), masks, -theta)
    assert np.abs(seen["images"] - other).max() > 0.1
    before = theta
    step(model, batch)  # The next step draws others.
    assert np.abs(seen["inputs"][:, -len(TRANSFORMATIONS) :] - before).max() > 0.1
    model.losses_of(batch)  # Test batches are as they are.
    assert not seen["inputs"][:, -len(TRANSFORMATIONS) :].any()
    np.testing.assert_allclose(seen["images"], images * masks, atol=1e-6)


def test_a_schedule_of_augmentation():
    model = compiled("attribute_to_image", augmentation={"start": 0.1, "end": 1.0, "steps": 100})
    assert model.augmentation.get_config() == Cosine(0.1, 1.0, 100).get_config()
    assert float(tf.reduce_max(tf.abs(model.random_transformations(64)))) <= 0.1
    model.step.assign(100)
    assert float(tf.reduce_max(tf.abs(model.random_transformations(64)))) > 0.9
    copy = AttributeToImage.from_config(model.get_config())
    assert copy.augmentation.get_config() == model.augmentation.get_config()


def test_it_learns_and_a_mask_of_a_black_figure_too():
    """Black figures on white: their masks cannot be read off the colours that are learned."""
    keras.utils.set_random_seed(0)
    small = {"group_units": 16, "units": 32, "maps": 8, "filters": ()}
    network = networks.attribute_to_image_generator((8, 8, 3), (2,), **small)
    model = AttributeToImage((8, 8, 3), {"side": ("left", "right")}, network, augmentation=None)
    model.compile(keras.optimizers.Adam(0.01))
    masks = np.zeros((2, 8, 8, 1), "uint8")
    masks[0, :, :4], masks[1, :, 4:] = 255, 255
    codes = model.encode({"side": ["left", "right"]})
    batch = {"attributes": codes, "image": np.repeat(255 - masks, 3, -1), "mask": masks}
    model.fit(tf.data.Dataset.from_tensors(batch).repeat(120), verbose=0, validation_data=batch)
    images, made = model.generate_with_masks({"side": ["right", "left"]})
    assert np.abs(images + 1).max() < 0.2  # black
    np.testing.assert_allclose(made, masks[::-1] / 255, atol=0.2)


def test_generate():
    keras.utils.set_random_seed(0)  # Some seeds leave a small network without a unit that is on.
    model = tiny("attribute_to_image")
    angles = np.arange(0, 360, 30)
    images, masks = model.generate_with_masks(GIVEN | {"angle": angles}, batch_size=5)
    assert images.shape == (12, *SHAPE)
    assert masks.shape == (12, *SHAPE[:2], 1)
    assert images.dtype == masks.dtype == np.float32
    assert -1 <= images.min() < images.max() <= 1
    assert 0 <= masks.min() <= masks.max() <= 1
    codes = model.encode(GIVEN | {"angle": angles})
    np.testing.assert_array_equal(model.generate(codes, batch_size=5), images)
    np.testing.assert_allclose(model.predict(codes, verbose=0), images, atol=1e-6)
    turned = model.generate(GIVEN, {"rotation": 1.0, "zoom": [0.5]})
    assert np.abs(turned - model.generate(GIVEN)).max() > 1e-5
    np.testing.assert_array_equal(model.generate(GIVEN, {"hue": 0}), model.generate(GIVEN))


def test_interpolate():
    model = tiny("attribute_to_image")
    walk = model.interpolate(GIVEN, GIVEN | {"shape": "circle", "size": 0.4}, 3)
    assert walk.shape == (1, 3, *SHAPE)
    middle = GIVEN | {"shape": [[0.5, 0.0, 0.5]], "size": 0.3}
    np.testing.assert_allclose(walk[0, 1], model.generate(middle)[0], atol=1e-5)
    with pytest.raises(InputError, match="b: expected 1 rows of values, as in a, got 2"):
        model.interpolate(GIVEN, GIVEN | {"size": [0.2, 0.3]})
    with pytest.raises(InputError, match=r"b\.size: expected numbers from 0\.1 to 0\.4, got 1"):
        model.interpolate(GIVEN, GIVEN | {"size": 1})


def test_endpoints_answer_as_the_model():
    model = tiny("attribute_to_image")
    signatures = model.signatures()
    forms = [f"{name}{form}" for name in ("generate", "generate_from_codes")
             for form in ("", "_uint8", "_png")]  # fmt: skip
    assert sorted(signatures) == sorted([*forms, "attributes"])
    values = {"shape": np.array([2, 0], "int32"), "angle": np.array([400.0, -10.0], "float32"),
              "size": np.array([0.1, 0.4], "float32")}  # fmt: skip
    images, masks = model.generate_with_masks(values)
    given = [tf.constant(values[name]) for name in ("shape", "angle", "size")]
    found = signatures["generate"].function(*given)
    np.testing.assert_allclose(found["images"], images, atol=1e-5)
    np.testing.assert_allclose(found["masks"], masks, atol=1e-5)
    levels = signatures["generate_uint8"].function(*given)
    assert np.abs(levels["masks_uint8"].numpy() - 255 * masks).max() <= 1
    files = signatures["generate_png"].function(*given)
    mask = tf.io.decode_png(files["masks_bytes"][0]).numpy()
    np.testing.assert_array_equal(mask, levels["masks_uint8"][0])
    assert mask.shape == (*SHAPE[:2], 1)
    for number in (3, -1):  # no class has it
        message = f"^shape: expected numbers from 0 to 2, got {number}"
        with pytest.raises(InputError, match=message), input_errors():
            signatures["generate"].function(tf.constant([number, 0]), *given[1:])
    card = model_card(model.name, "", signatures, 1, **model.inputs_explained())
    assert "| `shape` | 0: circle, 1: square, 2: star |" in card
    assert "| `angle` | degrees |" in card
    assert "| `size` | 0.1 to 0.4 |" in card
    assert "`masks_uint8`: uint8 (batch, 16, 16, 1), 0 to 255" in card


def test_save_and_load(tmp_path):
    model = compiled("attribute_to_image", ema_half_life=50.0)
    step(model, samples(model))
    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    assert loaded.coding.declared == model.coding.declared
    np.testing.assert_array_equal(loaded.generate(GIVEN), model.generate(GIVEN))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mask": np.zeros((4, 8, 8, 1), "uint8")}, r"mask: expected shape \(batch, 16, 16, 1\)"),
        ({"mask": np.zeros((4, 16, 16), "uint8")}, r"give images a channel axis"),
        ({"mask": np.full((4, 16, 16, 1), 255.0)}, r"mask: expected uint8 of 0 and 255, boolean"),
        ({"mask": np.ones((4, 16, 16, 1), "uint8")}, r"got uint8 from 1 to 1; give mask > 0\."),
        ({"mask": np.zeros((4, 16, 16, 1), "int64")}, "mask: expected uint8 .* got type int64"),
        ({"attributes": np.zeros((4, 5), "float32")}, r"attributes: expected shape \(batch, 6\)"),
        ({"attributes": np.full((4, 6), 30.0)}, "attributes: expected codes from -1 to 1"),
    ],
)
def test_batches_that_cannot_be_used(change, message):
    model = tiny("attribute_to_image")
    model.compile(run_eagerly=True)
    with pytest.raises(InputError, match=message):
        model.fit({**samples(model), **change}, batch_size=4, verbose=0)


def test_batches_without_a_part():
    model = tiny("attribute_to_image")
    batch = samples(model)
    with pytest.raises(InputError, match="keys attributes, image and, if known, mask, got"):
        model.batch({"image": batch["image"]})
    assert set(model.batch((batch["attributes"], batch["image"]))) == {"attributes", "image"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"attributes": None}, "attributes: expected a dict of attributes by name, such as"),
        ({"attributes": {"size": 3}}, "attributes.size: expected two or more different names"),
        ({"attributes": {"images": (0, 1)}}, "attributes: expected names of the letters a to z"),
        ({"attributes": {"größe": (0, 1)}}, "attributes: expected names of the letters a to z"),
        ({"attributes": {"_size": (0, 1)}}, "attributes: expected names of the letters a to z"),
        ({"mask_weight": -1}, "mask_weight: expected a number from 0 up"),
        ({"augmentation": -0.5}, "augmentation: expected a number from 0 up"),
    ],
)
def test_arguments_that_cannot_be_used(arguments, message):
    with pytest.raises(InputError, match=message):
        AttributeToImage(SHAPE, **{"attributes": ATTRIBUTES, **arguments})


def test_networks_that_do_not_fit():
    small = {"group_units": 4, "units": 8, "maps": 4, "filters": (4,)}
    without = networks.attribute_to_image_generator(SHAPE, (3, 2, 1), **small)
    with pytest.raises(InputError, match=r"input has shape \(batch, 14\), got \(batch, 6\)"):
        AttributeToImage(SHAPE, ATTRIBUTES, without)
    AttributeToImage(SHAPE, ATTRIBUTES, without, augmentation=None)
    images = keras.Sequential([keras.Input((6,)), keras.layers.Dense(768),
                               keras.layers.Reshape(SHAPE)])  # fmt: skip
    with pytest.raises(InputError, match=r"output has shape \(batch, 16, 16, 4\)"):
        AttributeToImage(SHAPE, ATTRIBUTES, images, augmentation=None)


@pytest.mark.parametrize(
    ("transformation", "message"),
    [
        ({"zom": 1}, "transformation: there is no 'zom'; did you mean zoom?"),
        ({"zoom": [1, 2]}, "transformation.zoom: expected a finite number, or one for each of 1"),
    ],
)
def test_transformations_that_cannot_be_used(transformation, message):
    model = tiny("attribute_to_image")
    with pytest.raises(InputError) as caught:
        model.generate(GIVEN, transformation)
    assert message in str(caught.value)
    with pytest.raises(InputError, match="expected none for a model without augmentation"):
        tiny("attribute_to_image", augmentation=None).generate(GIVEN, {"zoom": 1})
