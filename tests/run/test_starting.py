"""New runs from the weights of other models, by the names and shapes of layers."""

import keras
import numpy as np
import pytest

import tfgan_zoo
from tests.models.tiny import tiny
from tests.tiny_runs import tiny_config
from tfgan_zoo import networks
from tfgan_zoo.config import check
from tfgan_zoo.errors import InputError
from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.layers import SpectralNormalization
from tfgan_zoo.models import DTN, Classifier
from tfgan_zoo.models.mechanics.transfer import other_classes, other_settings, take_over
from tfgan_zoo.networks import (
    acgan_discriminator,
    dcgan_generator,
    sngan_discriminator,
    word_encoder,
)
from tfgan_zoo.run import building
from tfgan_zoo.run.starting import start_from, start_from_generator


def model(folder, name="dcgan", **overrides):
    return building.build_model(tiny_config(folder, name, convolutional=True, **overrides))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model whose average differs from its weights, and its file."""
    folder = tmp_path_factory.mktemp("starting")
    source = model(folder, seed="7")
    random = np.random.default_rng(0)
    source.averages[0].set_weights(
        [random.random(w.shape).astype("float32") for w in source.generator.get_weights()]
    )
    source.save(folder / "model.keras")
    return source, folder / "model.keras"


def same(mine, theirs):
    return [np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True)]


def test_settings_that_no_array_shows():
    """Arrays of all of these have the same names and shapes."""
    resnet = {"image_shape": (16, 16, 3), "filters": 2, "blocks": 1}
    mine, theirs = (
        networks.translation_resnet(**resnet, padding=padding) for padding in ("same", "symmetric")
    )
    assert {name.shape for name in mine.weights} == {name.shape for name in theirs.weights}
    assert "down_1: padding='same', there 'valid'" in other_settings(mine, theirs)
    assert not other_settings(mine, mine)
    rrdb = {"lr_shape": (4, 4, 3), "scale": 4, "filters": 2, "growth": 2, "blocks": 1}
    mine = networks.rrdb_generator(**rrdb)
    theirs = networks.rrdb_generator(**rrdb, output_activation="tanh", residual_scale=0.1)
    notes = other_settings(mine, theirs)
    assert "conv_last: activation='linear', there 'tanh'" in notes
    assert "body.0.scale: scale=0.2, there 0.1" in notes


def test_all_that_fits_is_taken_over(saved, tmp_path):
    source, file = saved
    started = model(tmp_path, seed="1")
    assert not any(same(started.generator.get_weights()[:1], source.generator.get_weights()[:1]))
    lines = start_from(file, started).splitlines()
    assert lines == [
        f"Started from {file} (DCGAN, step 0, moving average):",
        "  generator: all 12 arrays",
        "  discriminator: all 9 arrays",
    ]
    # Samples of the new model are those of the other one.
    np.testing.assert_array_equal(started.generate(2, seed=3), source.generate(2, seed=3))
    assert all(same(started.generator.get_weights(), source.averages[0].get_weights()))
    assert all(same(started.averages[0].get_weights(), source.averages[0].get_weights()))
    assert not all(same(started.generator.get_weights(), source.generator.get_weights()))
    assert all(same(started.discriminator.get_weights(), source.discriminator.get_weights()))
    assert int(started.generator_optimizer.iterations) == started.steps_done == 0


def test_other_shapes_and_layers_are_listed_and_keep_their_values(saved, tmp_path):
    source, file = saved
    overrides = {"model_args__latent_dim": "6", "model_args__image_shape": "(32, 32, 3)"}
    started = model(tmp_path, "lsgan", **overrides)
    before = {w.path: np.array(w) for w in started.discriminator.weights}
    text = start_from(file, started)
    assert "    project/kernel (6, 256): (8, 128) there" in text.splitlines()
    theirs = {w.path: np.array(w) for w in source.discriminator.weights}
    taken = {
        w.path: np.array_equal(w, theirs.get(w.path, ())) for w in started.discriminator.weights
    }
    fits = {
        path: value.shape == theirs.get(path, np.zeros(0)).shape for path, value in before.items()
    }
    assert taken == fits
    assert set(fits.values()) == {True, False}
    for weight in started.discriminator.weights:
        if not fits[weight.path]:
            np.testing.assert_array_equal(weight, before[weight.path])
            assert f"    {weight.path} {tuple(weight.shape)}: " in text


def test_where_nothing_fits_it_is_refused(saved, tmp_path):
    with pytest.raises(InputError, match=r"\(DCGAN\), of which nothing fits; take the networks"):
        start_from(saved[1], model(tmp_path, "gan"))
    with pytest.raises(InputError, match=r"^train\.start_from: '.*no\.keras' does not exist"):
        start_from(tmp_path / "no.keras", model(tmp_path, "gan"))
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    with pytest.raises(InputError, match="expected a model of tfgan_zoo, got a Sequential"):
        start_from(tmp_path / "other.keras", model(tmp_path, "gan"))


def test_entries_that_exclude_one_another(tmp_path):
    config = tiny_config(tmp_path)
    config.train.start_from = config.train.generator_from = "runs/a"
    with pytest.raises(InputError, match=r"expected none beside train\.generator_from"):
        check(config)
    config = tfgan_zoo.config.super_resolution_config("srgan")
    config.train.start_from, config.pretraining.steps = "runs/a", 5
    with pytest.raises(InputError, match=r"add --config\.pretraining\.steps=0"):
        check(config)


def test_layers_that_keras_has_numbered_match_by_their_order():
    def network(units):
        x = inputs = keras.Input((3,))
        for each in units:
            x = keras.layers.Dense(each)(x)
        return keras.Model(inputs, x)

    source = network([4, 5])
    for units, taken in (([4, 5], 4), ([4, 6], 2), ([4, 5, 2], 4)):
        other = network(units)
        assert other.weights[0].path != source.weights[0].path
        found = take_over(other, source, source)
        assert len(found.taken) == taken
        assert all(same(other.get_weights()[:taken], source.get_weights()[:taken]))
        assert len(found.differ) == len(other.weights) - taken


def test_words_keep_their_vectors_in_another_vocabulary():
    source = word_encoder(4, vocabulary=("blue", "red", "star"), word_dim=3, units=2)
    other = word_encoder(4, vocabulary=("a", "star", "blue"), word_dim=3, units=2)
    before = np.array(other.get_layer("vectors").embeddings)
    found = take_over(other, source, source)
    vectors, theirs = (np.array(m.get_layer("vectors").embeddings) for m in (other, source))
    np.testing.assert_array_equal(vectors[[2, 3]], theirs[[3, 1]])
    np.testing.assert_array_equal(vectors[1], before[1])
    assert found.words == ["vectors/embeddings: 2 of 3 words"]
    assert not found.differ


CATS, BEES = ("cat", "dog", "owl"), ("bee", "cat", "owl")


@pytest.mark.parametrize(
    ("make", "classes"),
    [
        (lambda k: dcgan_generator((16, 16, 3), 4, k, filters=2), BEES),
        (lambda k: sngan_discriminator((16, 16, 6), k, 2, filters=2), (*BEES, "yak")),
    ],
)
def test_classes_are_known_by_their_names(make, classes):
    """Also among more classes, and in packs."""
    source, other = make(len(CATS)), make(len(classes))
    random = np.random.default_rng(0)
    for network in (source, other):
        for weight in network.trainable_weights:
            weight.assign(random.normal(size=weight.shape))
    found = take_over(other, source, source, (classes, CATS))
    assert found.fits
    assert found.words[0].endswith(f"2 of {len(classes)} classes, by name")
    for layer in layers_of(other):
        if isinstance(layer, SpectralNormalization) and "embedding" in layer.name:
            sigma = np.linalg.svd(layer.kernel.numpy(), compute_uv=False)[0]
            assert float(layer.spectral_norm()) == pytest.approx(sigma, rel=0.1)
    tables = [[np.array(w) for w in n.weights if "embeddings" in w.path] for n in (other, source)]
    assert len(tables[0]) == len(found.words) >= 1
    for mine, theirs in zip(*tables, strict=True):
        np.testing.assert_array_equal(mine[[1, 2]], theirs[[0, 2]])
        assert np.abs(mine[0] - theirs).min() > 1e-6
    if classes == BEES:
        x = random.normal(size=(2, *source.inputs[0].shape[1:])).astype("float32")
        cats, owls, bees = (
            [np.array(other([x, np.full(2, here)])), np.array(source([x, np.full(2, there)]))]
            for here, there in ((1, 0), (2, 2), (0, 0))
        )
        np.testing.assert_array_equal(*cats)
        np.testing.assert_array_equal(*owls)
        assert np.abs(bees[0] - bees[1]).max() > 1e-3


def test_a_discriminator_that_names_classes_goes_on_naming_them():
    source, other = (
        acgan_discriminator((16, 16, 6), 3, 2, filters=2, dropout=0.0) for _ in range(2)
    )
    for network in (source, other):
        kernel = network.layers[-1].kernel
        kernel.assign(1000 * kernel)
    found = take_over(other, source, source, (BEES, CATS))
    assert len(found.words) == 2  # a kernel and a bias
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 6)).astype("float32")
    mine, theirs = (np.array(network(x)) for network in (other, source))
    # "Real", then bee, cat and owl of each place in the pack; there cat, dog and owl.
    np.testing.assert_allclose(mine[:, [0, 2, 3, 5, 6]], theirs[:, [0, 1, 3, 4, 6]], rtol=1e-5)
    assert not np.isclose(mine[:, [1, 4]], theirs[:, [1, 4]], rtol=0.01).any()


def test_classes_of_a_stage_are_those_of_the_stage_before(tmp_path):
    def told(names):
        return tiny("conditional_dcgan", class_names=names)

    told(CATS).save(tmp_path / "cats.keras")
    with pytest.raises(InputError, match=r"^train\.generator_from: .* cat, owl, in this"):
        start_from_generator(tmp_path / "cats.keras", told(BEES))
    start_from_generator(tmp_path / "cats.keras", told(CATS))
    assert "class_embedding" in (said := start_from(tmp_path / "cats.keras", told(BEES)))
    assert ": 2 of 3 classes, by name" in said
    # Names that are only numbers tell nothing.
    assert not other_classes(("0", "1", "2"), CATS)
    assert not other_classes((), CATS)
    assert other_classes(("0", "1", "10", "2"), ("0", "1", "2", "3"))


def test_a_classifier_goes_on_naming_the_same_classes():
    source, other = (networks.image_classifier((8, 8, 3), 3, filters=2) for _ in range(2))
    source.layers[-1].bias.assign([1.0, 2.0, 3.0])
    found = take_over(other, source, source, (BEES, CATS))
    assert [each.rpartition(": ")[2] for each in found.words] == ["2 of 3 classes, by name"] * 2
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    mine, theirs = (np.array(network(x)) for network in (other, source))
    # Bee, cat and owl; there cat, dog and owl.
    np.testing.assert_allclose(mine[:, [1, 2]], theirs[:, [0, 2]], rtol=1e-5)
    assert not np.isclose(mine[:, 0], theirs[:, 0], rtol=0.01).any()
    # The control: classes of the same names are taken over as they are.
    take_over(other, source, source)
    np.testing.assert_allclose(np.array(other(x)), theirs, rtol=1e-5)


def test_a_frozen_classifier_has_to_come_with_the_weights(tmp_path):
    def transfer(features, num_classes=None):
        return DTN((16, 16, 3), features=features, num_classes=num_classes)

    narrow = networks.image_classifier((16, 16, 3), 3, filters=4)
    Classifier((16, 16, 3), 3, narrow).save(tmp_path / "narrow.keras")
    transfer("figures_v1:conv4").save(tmp_path / "other.keras")
    Classifier((16, 16, 3), 4).save(tmp_path / "wide.keras")
    model = transfer("classifier:conv4", 3)
    for name in ("narrow", "other"):
        with pytest.raises(InputError, match=r"^train\.start_from: .* 'classifier' of this one"):
            start_from(tmp_path / f"{name}.keras", model)
    with pytest.raises(InputError, match=r"classifier: .* got one where it has \(3, 3, 3, 4\)"):
        start_from_generator(tmp_path / "narrow.keras", model)
    with pytest.raises(InputError, match=r"features: expected a model with a classifier to start"):
        start_from_generator(tmp_path / "other.keras", model)
    # Its logits may be others: no transfer looks at them.
    assert "logits/kernel (64, 3): (64, 4) there" in start_from(tmp_path / "wide.keras", model)
