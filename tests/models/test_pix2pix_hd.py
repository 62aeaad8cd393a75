import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.marks import slow
from tests.models.pointwise import SHAPE as POINTWISE
from tests.models.pointwise import times
from tests.models.tiny import CLASSES, SHAPE, labelled, samples, step, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers import CentredAveragePooling2D
from tfgan_zoo.models import Pix2Pix, Pix2PixHD
from tfgan_zoo.models.mechanics import label_maps
from tfgan_zoo.models.mechanics.saving import Saving
from tfgan_zoo.models.pix2pix_hd import layer_weights
from tfgan_zoo.serving.convert import convert

A, B = tf.fill([2, *POINTWISE], 0.5), tf.fill([2, *POINTWISE], -1.0)


def scales(num):
    """D_1: features a + b, logits 2 (a + b). D_2: both 3 (a + b), of half the size."""
    x = keras.Input((None, None, 2))
    outputs = []
    for images, factor, logit in ((x, 1.0, 2.0), (CentredAveragePooling2D()(x), 3.0, 1.0))[:num]:
        features = times(factor, channels=2)(images)
        outputs.append([features, times(logit)(features)])
    return keras.Model(x, outputs)


def both_losses(model, a, b, fake, training=True):
    """Returns what D's and G's loss functions return."""
    scores = model.scores(a, b, fake, training)
    return model.discriminator_loss(scores), model.generator_loss(b, fake, scores)


def losses(cls=Pix2PixHD, num_scales=2, **kwargs):
    """G(a) = a / 2: features of the fake pair .75 and 2.25, of the real one -.5 and -1.5."""
    model = cls(POINTWISE, None, times(0.5), scales(num_scales), num_scales=num_scales, **kwargs)
    fake = model.generator(A)
    if cls is Pix2PixHD:
        (d_loss, d_logs), (g_loss, g_logs) = both_losses(model, A, B, fake)
    else:
        d_loss, d_logs = model.discriminator_loss(A, B, fake)
        g_loss, g_logs = model.generator_loss(A, B, fake)
    logs = {name: float(value) for name, value in (d_logs | g_logs).items()}
    assert set(logs) == set(model.log_names)
    assert (float(d_loss), float(g_loss)) == (logs["d_loss"], logs["g_loss"])
    return logs


HALVED = ((-1 - 1) ** 2 + 1.5**2) / 2 + ((-1.5 - 1) ** 2 + 2.25**2) / 2
MATCHING = (4 * 1.25 + 4 * 3.75) / 2


def test_losses_by_hand():
    assert losses(features=None) == pytest.approx(
        {
            "d_loss": HALVED,
            "d_real": (16 * -1.0 + 4 * -1.5) / 20,  # of all logits, 4x4 and 2x2
            "d_fake": (16 * 1.5 + 4 * 2.25) / 20,
            "g_gan": 0.5**2 + 1.25**2,
            "g_matching": MATCHING,
            "g_loss": 0.5**2 + 1.25**2 + 10 * MATCHING,
        }
    )


@pytest.mark.parametrize("cls", [Pix2PixHD, Pix2Pix])
def test_losses_of_one_scale_by_hand(cls):
    """Keras unpacks the list of a single scale."""
    options = {"features": None} if cls is Pix2PixHD else {"objective": "least_squares"}
    pixels = {} if cls is Pix2PixHD else {"l1_weight": 2.0}
    logs = losses(cls, 1, feature_matching=10.0, **options, **pixels)
    assert logs["d_loss"] == pytest.approx(((-1 - 1) ** 2 + 1.5**2) / 2)
    assert logs["g_matching"] == pytest.approx(4 * 1.25)
    expected = 0.5**2 + 10 * logs["g_matching"] + 2 * 1.25 * bool(pixels)
    assert logs["g_loss"] == pytest.approx(expected)


def test_weights_and_terms_that_are_left_out():
    logs = losses(features=None, feature_matching=0.5)
    assert logs["g_loss"] == pytest.approx(0.5**2 + 1.25**2 + 0.5 * MATCHING)
    assert "g_matching" not in losses(features=None, feature_matching=0.0)
    logs = losses(features=None, objective="cross_entropy", feature_matching=0.0)
    assert logs["g_loss"] == pytest.approx(np.log1p(np.exp(-1.5)) + np.log1p(np.exp(-2.25)))


def test_pix2pix_judges_at_several_scales_too():
    logs = losses(Pix2Pix, objective="least_squares", l1_weight=2.0, feature_matching=3.0)
    assert logs["d_loss"] == pytest.approx(HALVED)
    expected = 0.5**2 + 1.25**2 + 2 * 1.25 + 3 * MATCHING
    assert logs["g_loss"] == pytest.approx(expected)
    assert Pix2Pix.d_loss_bounds(
        Pix2Pix(POINTWISE, None, times(0.5), scales(2), num_scales=2)
    ) == pytest.approx((0, 2 * np.log(2)))


def test_pix2pix_with_one_scale_matches_features():
    arguments = {"image_shape": (16, 16, 3), "num_scales": 1, "feature_matching": 1.0}
    built = Pix2Pix.network_arguments(**arguments, channels_b=None)["discriminator"][1]
    discriminator = networks.multiscale_discriminator(*built, filters=2, receptive_field=16)
    generator = networks.unet_generator((16, 16, 3), filters=2, depth=2)
    model = Pix2Pix(**arguments, generator=generator, discriminator=discriminator)
    model.compile(run_eagerly=False)
    assert "g_matching" in step(model, samples(model))
    plain = networks.patchgan_discriminator((16, 16, 6), filters=2, receptive_field=16)
    with pytest.raises(
        InputError, match=r"discriminator: .*list for each scale.*feature_matching=1"
    ):
        Pix2Pix(**arguments, generator=generator, discriminator=plain)


def test_the_perceptual_term():
    name = "figures_v1:conv1,conv2"
    model = tiny("pix2pix_hd", features=name, perceptual_weight=3.0)
    a, b = model.pair(samples(model))
    fake = model.run(model.generator, a, training=False)
    _, (loss, logs) = both_losses(model, a, b, fake, training=False)
    network = networks.feature_network(name)
    first, second = (
        float(np.mean(np.abs(x - y))) for x, y in zip(network(fake), network(b), strict=True)
    )
    apart = first / 4 + second
    assert float(logs["g_perceptual"]) == pytest.approx(apart, rel=1e-4)
    others = float(logs["g_gan"] + 10 * logs["g_matching"])
    assert float(loss) == pytest.approx(others + 3 * apart, rel=1e-4)
    # Without a network there is no such term.
    assert "g_perceptual" not in tiny("pix2pix_hd").log_names
    assert layer_weights(5) == [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1]
    assert layer_weights(7)[:3] == [1 / 32] * 3


def weights_after(model, a, b, instances):
    """Returns each role's weights after a step of SGD, of gradients by losses on their own."""
    expected = {}
    for role in ("generator", "discriminator"):
        variables = [v.value for v in model.role_variables(role)]
        with tf.GradientTape() as tape:
            fake = model.fakes(a, b, instances)
            if role == "discriminator":
                fake = tf.stop_gradient(fake)
            d_loss, g_loss = (loss for loss, _ in both_losses(model, a, b, fake))
            loss = g_loss if role == "generator" else d_loss
        gradients = tape.gradient(loss, variables)
        expected[role] = [v - 0.01 * g for v, g in zip(variables, gradients, strict=True)]
    return expected


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ({}, {}),
        ({"normalization": "batch"}, {}),
        ({"feature_matching": 0.0}, {"rematerialize": True}),
        ({"features": "figures_v1:conv1"}, {"run_eagerly": False}),
        ({"style_size": 2, "features": "figures_v1:conv1"}, {}),
        slow({}, {"run_eagerly": False, "jit_compile": True}),
    ],
)
def test_both_players_learn_from_the_same_scores(arguments, settings):
    """Each as its own gradient at the weights before the step says; Pix2Pix' D moves first."""
    if "style_size" in arguments:
        model = labelled(**arguments)
    else:
        model = tiny("pix2pix_hd", **{"normalization": "none", **arguments})
    model.compile("sgd", "sgd", **{"run_eagerly": True, **settings})
    data = samples(model)
    a, b, instances = model.label_parts(data)
    expected = weights_after(model, a, b, instances)
    before = [v.numpy() for v in model.role_variables("discriminator")]
    fake = model.fakes(a, b, instances, training=False)
    g_loss = both_losses(model, a, b, fake, training=False)[1][0]
    step(model, data)
    for role, values in expected.items():
        for variable, value in zip(model.role_variables(role), values, strict=True):
            np.testing.assert_allclose(variable, value, rtol=1e-4, atol=1e-6, err_msg=role)
    after = model.role_variables("discriminator")
    assert any(np.any(w != v.numpy()) for w, v in zip(before, after, strict=True))
    # The control: after D's update, the generator's loss of these fakes is another one.
    moved = both_losses(model, a, b, fake, training=False)[1][0]
    assert abs(float(moved - g_loss)) > 1e-3


def test_a_step_judges_each_pair_once():
    """By what the statistics of D's batch normalisation remember: both pairs, in this order."""
    model = tiny("pix2pix_hd", normalization="batch")
    model.compile("sgd", "sgd", run_eagerly=True)
    data = samples(model)
    a, b = model.pair(data)
    statistics = model.discriminator.non_trainable_variables
    first = [v.numpy() for v in statistics]
    fake = model.generator(a, training=True)
    for images in (b, fake):
        model.judge(a, images, training=True)
    expected = [v.numpy() for v in statistics]
    assert any(np.any(v != w) for v, w in zip(expected, first, strict=True))
    for variable, value in zip(statistics, first, strict=True):
        variable.assign(value)
    step(model, data)
    for variable, value in zip(statistics, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-5, atol=1e-7)


# ---------------------------------------------------------------------- label maps


LABELS = np.array([[[0, 0, 1], [2, -1, 1]]], np.int32)
INSTANCES = np.array([[[7, 7, 9], [3, 7, 8]]], np.int32)


def test_what_networks_see_of_label_maps():
    model = labelled()
    seen = model.seen(tf.constant(LABELS), tf.constant(INSTANCES)).numpy()[0]
    classes = [[[1, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 0], [0, 1, 0]]]
    np.testing.assert_array_equal(seen[..., :3], classes)
    # Every pixel touches another instance, but only because those of 7 meet others.
    np.testing.assert_array_equal(seen[..., 3], [[1, 1, 1], [1, 1, 1]])
    alike = np.zeros((1, 3, 4), np.int32)
    alike[0, :, 2:] = 40_000
    edge = label_maps.boundaries(tf.constant(alike)).numpy()[0, ..., 0]
    np.testing.assert_array_equal(edge, [[0, 1, 1, 0]] * 3)


def test_boundaries_by_loops():
    instances = np.random.default_rng(0).integers(0, 2, (2, 7, 9)) * 100
    found = label_maps.boundaries(tf.constant(instances)).numpy()[..., 0]
    expected = np.zeros_like(instances)
    for n, i, j in np.ndindex(instances.shape):
        for y, x in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
            inside = 0 <= y < 7 and 0 <= x < 9
            expected[n, i, j] |= inside and instances[n, y, x] != instances[n, i, j]
    np.testing.assert_array_equal(found, expected)
    assert 0 < found.mean() < 1


def test_means_over_instances_by_loops():
    random = np.random.default_rng(0)
    features = random.normal(size=(2, 5, 6, 3)).astype("float32")
    instances = random.integers(-2, 2, (2, 5, 6)).astype("int32")
    expected = features.copy()
    for n in range(2):
        for number in np.unique(instances[n]):
            mine = instances[n] == number
            expected[n][mine] = features[n][mine].mean(0)
    found = label_maps.instance_means(tf.constant(features), tf.constant(instances))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_label_maps_are_seen_as_images_of_their_channels_are():
    """The same losses as of a model without classes that is given the channels."""
    model = labelled()
    data = model.example_batch(4)
    assert set(data) == {"label", "instance", "image"}
    data["label"][0, :3] = -1
    plain = Pix2PixHD(
        (*SHAPE[:-1], CLASSES + 1), 3, model.generator, model.discriminator, features=None
    )
    seen, _ = model.pair(data)
    given = {"a": seen, "b": data["image"]}
    expected = plain.losses_of(given)
    for name, value in model.losses_of(data).items():
        assert float(value) == pytest.approx(float(expected[name]), rel=1e-5), name
    # Boundaries matter.
    other = data | {"instance": np.zeros_like(data["instance"])}
    assert float(model.losses_of(other)["g_loss"]) != pytest.approx(float(expected["g_loss"]))
    maps = np.stack([data["label"], data["instance"]], axis=-1)
    np.testing.assert_allclose(model.translate(maps), plain.generator(seen), atol=1e-5)


def test_learns_from_label_maps_and_translates_them(tmp_path):
    model = labelled()
    model.compile(run_eagerly=True)
    data = model.example_batch(4)
    before = model.generator.get_weights()[0]
    model.fit(data, batch_size=2, verbose=0)
    assert np.any(model.generator.get_weights()[0] != before)
    labels, instances = (np.random.default_rng(0).integers(0, 3, (2, 19, 22)) for _ in range(2))
    made = model.translate(labels, instances=instances, batch_size=2)
    assert made.shape == (2, 19, 22, 3)
    small = model.translate(labels[:, :1, :1], instances=instances[:, :1, :1])
    assert small.shape == (2, 1, 1, 3)
    # Instances may have any numbers, and stand in the same array.
    renamed = np.stack([labels, instances * 1000 + 5], axis=-1)
    np.testing.assert_allclose(model.translate(renamed), made, atol=1e-5)
    np.testing.assert_allclose(model.predict(renamed, verbose=0), made, atol=1e-5)
    model.export(tmp_path / "1")
    served = tf.saved_model.load(tmp_path / "1").signatures["a_to_b"]
    given = {
        "labels": tf.constant(labels, tf.int32),
        "instances": tf.constant(instances, tf.int32),
    }
    np.testing.assert_allclose(served(**given)["images"], made, atol=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="class numbers from 0 to 2, or -1"):
        served(**given | {"labels": tf.constant(labels + 1, tf.int32)})


def test_label_maps_without_boundaries():
    model = labelled(boundaries=False)
    model.compile(run_eagerly=True)
    data = model.example_batch(2)
    assert set(data) == {"label", "image"}
    step(model, data)
    assert list(model.endpoints()["a_to_b"].example(1)) == ["labels"]
    made = model.translate(data["label"])
    np.testing.assert_array_equal(made, model.translate(data["label"][..., np.newaxis]))


def test_label_maps_that_cannot_be_used():
    model = labelled()
    model.compile(run_eagerly=True)
    data = model.example_batch(2)
    wrong = data["label"].copy()
    wrong[1, 2, 3] = CLASSES
    expected = "expected class numbers from 0 to 2, or -1 for no class, got"
    for given in (data | {"label": wrong}, tf.data.Dataset.from_tensors(data | {"label": wrong})):
        with pytest.raises(InputError, match=f"label: {expected} 3; num_classes=3"):
            model.fit(given, verbose=0)
    with pytest.raises(InputError, match=f"labels: {expected} -2"):
        model.translate(data["label"] * 0 - 2, instances=data["instance"])
    with pytest.raises(InputError, match="instance"):
        model.fit({name: data[name] for name in ("label", "image")}, verbose=0)
    with pytest.raises(InputError, match=r"without instances, .*; give instances"):
        model.translate(data["label"])
    with pytest.raises(InputError, match=r"instances: expected shape \(2, 16, 16\)"):
        model.translate(data["label"], instances=data["instance"][:, 1:])
    coloured = np.repeat(data["label"][..., np.newaxis], 3, axis=-1)
    with pytest.raises(InputError, match=r"labels: .* one class number .*got \(2, 16, 16, 3\)"):
        model.translate(coloured, instances=data["instance"])
    with pytest.raises(InputError, match=r"instances: .* that of the labels, got \(2, 16, 16, 3\)"):
        model.translate(data["label"], instances=coloured)
    labels, instances = (data[name][..., np.newaxis] for name in ("label", "instance"))
    made = model.translate(data["label"], instances=data["instance"])
    np.testing.assert_array_equal(model.translate(labels, instances=instances), made)
    with pytest.raises(InputError, match=r"label: expected shape \(batch, 16, 16\)"):
        model.fit(data | {"label": data["label"][:, 1:]}, verbose=0)
    with pytest.raises(InputError, match="labels: expected whole numbers"):
        model.translate(data["label"] / 2.0, instances=data["instance"])
    # int32 would give them other numbers: the same one for both instances.
    large = data["instance"].astype(np.int64) << 32
    expected = r"instances?: expected numbers that fit in int32, got \d{10}; count instances from 0"
    with pytest.raises(InputError, match=expected):
        model.translate(data["label"], instances=large)
    with pytest.raises(InputError, match=expected):
        model.fit(data | {"instance": large}, verbose=0)
    np.testing.assert_array_equal(
        model.pair(data | {"instance": data["instance"].astype(np.uint64)})[0], model.pair(data)[0]
    )
    with pytest.raises(InputError, match="styles: expected a model with styles"):
        model.translate(data["label"], instances=data["instance"], styles=1)
    with pytest.raises(InputError, match="instances: expected None for a model without num_cl"):
        tiny("pix2pix_hd").translate(np.zeros((1, 16, 16, 1)), instances=data["instance"])
    assert model.steps_done == 0


@pytest.mark.slow
def test_classes_within_a_graph_are_checked():
    model = labelled()
    model.compile()
    data = model.example_batch(2)
    data["label"][0, 0, 0] = 77
    with pytest.raises(InputError, match=r"from 0 to 2, .* got 77; num_classes=3"):
        model.fit(tf.data.Dataset.from_tensors(data), verbose=0)


# ---------------------------------------------------------------------- styles


def test_the_encoder_learns_with_the_generator_and_its_styles_are_kept(tmp_path, monkeypatch):
    model = labelled(style_size=2)
    model.compile(run_eagerly=True)
    data = model.example_batch(4)
    data["instance"] += 10 * data["label"]  # each of one class
    before = [w.numpy() for w in model.encoder.trainable_variables]
    step(model, data)
    moved = [np.any(w != v) for w, v in zip(before, model.encoder.trainable_variables, strict=True)]
    assert all(moved)
    maps = np.stack([data["label"], data["instance"]], axis=-1)
    styles = model.encode_styles(data["image"], data["instance"])
    expected = label_maps.instance_means(
        model.encoder(data["image"] / np.float32(127.5) - 1), tf.constant(data["instance"])
    )
    np.testing.assert_allclose(styles, expected, atol=1e-5)
    np.testing.assert_allclose(
        model.translate(maps, styles=styles),
        model.fakes(*model.label_parts(data), training=False),
        atol=1e-5,
    )

    with pytest.raises(
        InputError, match=r"styles: expected a model with known styles, .*; call le"
    ):
        model.translate(maps, styles=3)
    monkeypatch.setattr(Saving, "export", lambda *args: None)
    with pytest.warns(UserWarning, match=r"export: .*styles are all zeros, .* learn_styles first"):
        model.export(tmp_path / "1")
    with pytest.raises(InputError, match="encode_styles: expected an image or more"):
        model.encode_styles(data["image"][:0], data["instance"][:0])

    for instances in (data["instance"] / 2, data["instance"] > 0):
        with pytest.raises(InputError, match="instances: expected whole numbers, got type"):
            model.encode_styles(data["image"], instances)
    for value, got in ((CLASSES, 3), (-2, -2)):
        wrong = np.stack([np.full_like(data["label"], value), data["instance"]], axis=-1)
        for call in (
            lambda wrong=wrong: model.styles_by_class(data["image"][0], wrong[0]),
            lambda wrong=wrong: model.learn_styles(wrong, data["image"]),
        ):
            with pytest.raises(InputError, match=f"maps: expected class numbers .* got {got}"):
                call()
    with pytest.raises(InputError, match=r"learn_styles: .* a map for each, got 4 images and 3 m"):
        model.learn_styles(maps[:3], data["image"])
    with pytest.raises(InputError, match="learn_styles: expected an image or more"):
        model.learn_styles(maps[:0], data["image"][:0])

    model.learn_styles(maps, data["image"])
    model.export(tmp_path / "1")
    found = model.styles.numpy()
    first = model.translate(maps, styles=0)
    assert np.max(np.abs(model.translate(maps, styles=1) - first)) > 1e-5
    # The style of each pixel is that of its class.
    by_hand = found[maps[..., 0], 4]
    expected = model.translate(maps, styles=by_hand)
    np.testing.assert_allclose(model.translate(maps, styles=4), expected, atol=1e-6)
    np.testing.assert_allclose(model.translate(maps, styles=[0, 4, 4, 4])[0], first[0], atol=1e-6)
    np.testing.assert_allclose(model.translate(maps, styles=[4] * 4)[1], expected[1], atol=1e-6)
    for label in range(2):  # Every centre is within the styles that were encoded of the class.
        own = styles[maps[..., 0] == label]
        assert np.all(found[label].min(0) >= own.min(0) - 1e-6)
        assert np.all(found[label].max(0) <= own.max(0) + 1e-6)

    # One instance of all classes counts for each of them, with its mean.
    whole = np.stack([data["label"], np.zeros_like(data["label"])], axis=-1)
    other = labelled(style_size=2)
    other.encoder.set_weights(model.encoder.get_weights())
    other.learn_styles(whole[:1], data["image"][:1])
    mean = other.encode_styles(data["image"][:1], whole[:1, ..., 1])[0, 0, 0]
    for label in np.unique(data["label"][:1]):
        np.testing.assert_allclose(other.styles.numpy()[label], [mean] * 10, atol=1e-6)

    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.styles.numpy(), found)
    endpoint = loaded.endpoints()["a_to_b"]
    given = [tf.constant(maps[..., i]) for i in range(2)]
    made = endpoint.function(*given, tf.constant([4] * 4))["images"]
    np.testing.assert_allclose(made, expected, atol=1e-5)
    graph = tf.function(endpoint.function, input_signature=endpoint.inputs)
    for wrong in (10, -1):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"from 0 to 9, got.*{wrong}"):
            graph(*given, tf.constant([0, 0, wrong, 0]))
    # Nothing but variables from outside, as ONNX makes inputs of tensors.
    captured = graph.get_concrete_function().captured_inputs
    assert {tensor.dtype for tensor in captured} == {tf.resource}
    for wrong in (10, -1, [0, 1], 0.5):
        with pytest.raises(InputError, match="styles: expected "):
            model.translate(maps, styles=wrong)


def test_pixels_of_no_class_have_no_style():
    """Whoever gives styles: the encoder, in training as in use, the caller, or `learn_styles`."""
    model = labelled(style_size=2)
    data = model.example_batch(1)
    data["label"][:, :4] = label_maps.NO_CLASS
    data["instance"][:, :4] = 9
    maps = np.stack([data["label"], data["instance"]], axis=-1)
    seen = []

    def run(network, inputs, training):
        if network is model.generator:
            seen.append(inputs.numpy()[0, ..., -2:])
        return type(model).run(model, network, inputs, training)

    model.run = run
    model.fakes(*model.label_parts(data))
    del model.run
    styles = model.encode_styles(data["image"], data["instance"])
    assert np.all(styles != 0)
    for given in (styles, np.zeros(1, np.int32)):
        if given.ndim == 1:
            model.learn_styles(maps, data["image"])
        seen.append(model._given(tf.constant(maps), tf.constant(given)).numpy()[0, ..., -2:])
    for each in seen:
        np.testing.assert_array_equal(each[:4], 0)
        assert np.all(each[4:] != 0)
    changed = np.where(maps[..., :1] == label_maps.NO_CLASS, styles + 1, styles)
    np.testing.assert_array_equal(
        model.translate(maps, styles=changed), model.translate(maps, styles=styles)
    )


def test_styles_have_float32_whatever_the_model_has():
    """What networks are given is in float32, and styles are part of it."""
    model = labelled(style_size=2, dtype="bfloat16")
    data = model.example_batch(1)
    maps = np.stack([data["label"], data["instance"]], axis=-1)
    model.learn_styles(maps, data["image"])
    first = model.styles.numpy()
    assert model.translate(maps, styles=1).dtype == first.dtype == np.float32
    # The same seed finds the same ones.
    model.learn_styles(maps, data["image"])
    np.testing.assert_array_equal(model.styles.numpy(), first)


def test_styles_at_other_sizes_are_means_over_the_pixels_of_the_image():
    """Sides of which the encoder's are no multiples are continued, but that is of no instance."""
    model = labelled(style_size=2)
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (1, 7, 9, 3), np.uint8)
    instances = random.integers(0, 3, (1, 7, 9))
    mirrored = np.pad(image, [(0, 0), (0, 1), (0, 1), (0, 0)], "symmetric")
    expected = model.encoder(mirrored / np.float32(127.5) - 1).numpy()[:, :7, :9]
    for number in range(3):
        mine = instances == number
        expected[mine] = expected[mine].mean(0)
    found = model.encode_styles(image, instances)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_tests_run_the_weights_of_the_encoder_and_not_their_average():
    """As they do those of the generator; users see the average of both."""
    generator, encoder = (
        keras.Sequential([keras.Input((None, None, channels)), keras.layers.Conv2D(1, 1)])
        for channels in (3, 1)
    )
    discriminator = networks.multiscale_discriminator((8, 8, 3), 1, receptive_field=16, filters=1)
    arguments = {"num_classes": 2, "boundaries": False, "style_size": 1, "num_scales": 1}
    model = Pix2PixHD(
        (8, 8, 1),
        None,
        generator,
        discriminator,
        encoder,
        features=None,
        **arguments,
        ema_half_life=1000.0,
    )
    for variable in encoder.trainable_variables:
        variable.assign(variable.value + 1.0)
    a, b, instances = model.label_parts(model.example_batch(2), training=False)
    made, shown = (
        generator(tf.concat([a, label_maps.instance_means(each(b), instances)], axis=-1))
        for each in (encoder, model.sampling_network(encoder))
    )
    np.testing.assert_allclose(model.fakes(a, b, instances, training=False), made, atol=1e-5)
    assert np.max(np.abs(made - shown)) > 1e-3


def test_styles_need_label_maps():
    with pytest.raises(InputError, match="style_size: expected 0 without num_classes, got 3"):
        Pix2PixHD((32, 32, 3), style_size=3)
    config = labelled().get_config()
    with pytest.raises(InputError, match="encoder: expected None with style_size=0"):
        Pix2PixHD.from_config(config | {"encoder": labelled(style_size=2).encoder})


# ---------------------------------------------------------------------- stages


def test_stages():
    """The enhancer starts from the global generator, which stays as it is while it is frozen."""
    alone = labelled()
    enhancer = labelled(enhancer=True, freeze_global=True)
    enhancer.start_from(alone)
    coarse = enhancer.generator.get_layer("global")
    taken = [w.numpy() for w in coarse.weights]
    for mine, theirs in zip(taken, alone.generator.get_weights(), strict=False):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(
        enhancer.discriminator.get_weights(), alone.discriminator.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)

    enhancer.compile(run_eagerly=True)
    data = enhancer.example_batch(2)
    first = enhancer.generator.get_layer("input").kernel.numpy()
    step(enhancer, data)
    assert np.any(enhancer.generator.get_layer("input").kernel.numpy() != first)
    for mine, before in zip(coarse.weights, taken, strict=True):
        np.testing.assert_array_equal(mine, before)

    both = labelled(enhancer=True)
    both.start_from(enhancer)
    for mine, theirs in zip(
        both.generator.get_weights(), enhancer.generator.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    both.compile(run_eagerly=True)
    step(both, data)
    coarse_of_both = both.generator.get_layer("global").weights
    moved = [np.any(w != v) for w, v in zip(coarse_of_both, taken, strict=True)]
    assert all(moved)


@pytest.mark.slow
def test_tensorflow_lite_answers_like_the_model(tmp_path):
    """`convert` compares both, also at another size than that of training."""
    model = labelled(style_size=2)
    model.compile(run_eagerly=True)
    data = model.example_batch(2)
    model.learn_styles(np.stack([data["label"], data["instance"]], axis=-1), data["image"])
    for size in (None, (12, 20)):
        (path,) = convert(model.endpoints(), tmp_path, "tflite", overwrite=True, size=size)
        assert path.name == "a_to_b.tflite"


@pytest.mark.slow
def test_rematerialization_gives_the_same_step():
    """Also of a generator with another one within, and of an encoder."""
    first, second = (labelled(enhancer=True, style_size=2) for _ in range(2))
    second.set_weights(first.get_weights())
    first.compile("sgd", "sgd", run_eagerly=True)
    second.compile("sgd", "sgd", run_eagerly=True, rematerialize=True)
    data = first.example_batch(2)
    for model in (first, second):
        step(model, data)
    for mine, theirs in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-6)


def test_stages_that_do_not_fit():
    with pytest.raises(InputError, match="freeze_global: expected False for a generator without"):
        labelled(freeze_global=True)
    generator = networks.global_generator((16, 16, 4), 3, filters=3, downsamplings=2, blocks=1)
    other = Pix2PixHD(
        SHAPE, None, generator, labelled().discriminator, num_classes=CLASSES, features=None
    )
    with pytest.raises(InputError, match="generator: expected a local_enhancer around the global"):
        labelled(enhancer=True).start_from(other)
    enhancer, alone = labelled(enhancer=True, style_size=2), labelled(style_size=2)
    deeper = networks.feature_encoder(SHAPE, 2, filters=2, downsamplings=2)
    other = Pix2PixHD.from_config(alone.get_config() | {"encoder": deeper})
    with pytest.raises(InputError, match="encoder: expected one of the same filters and downsampl"):
        enhancer.start_from(other)


def test_networks_must_fit():
    model = labelled()
    arguments = {"num_classes": CLASSES, "features": None}
    with pytest.raises(InputError, match=r"generator: .*input .*\(batch, 16, 16, 6\)"):
        Pix2PixHD(
            SHAPE, None, model.generator, model.discriminator, **arguments | {"num_classes": 5}
        )
    with pytest.raises(InputError, match="discriminator: expected a network of 3 scales"):
        Pix2PixHD(SHAPE, None, model.generator, model.discriminator, num_scales=3, **arguments)
    *scales, last = model.discriminator.output
    last = [*last[:-1], keras.layers.Activation("sigmoid")(last[-1])]
    likely = keras.Model(model.discriminator.input, [*scales, last])
    with pytest.raises(InputError, match=r"discriminator: .* returns logits, .* got probabilities"):
        Pix2PixHD(SHAPE, None, model.generator, likely, **arguments)
    with pytest.raises(InputError, match=r"features: vgg19:1_1,.* sides of at least 16"):
        Pix2PixHD((8, 8, 1), num_classes=3)
