"""New runs from the weights of other models, by the names and shapes of layers."""

import keras
import numpy as np
import pytest

import tfgan_zoo
from tests.tiny_runs import tiny_config
from tfgan_zoo.config import check
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.transfer import take_over
from tfgan_zoo.networks import word_encoder
from tfgan_zoo.run import building
from tfgan_zoo.run.starting import start_from


def model(folder, name="dcgan", **overrides):
    return building.build_model(tiny_config(folder, name, **overrides))


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
    with pytest.raises(InputError, match=r"a DCGAN of which nothing fits; take the networks"):
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
