"""What goes wrong, really made to go wrong; and what goes well, of which nothing is said."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow_except
from tests.models.tiny import GAMES, assert_same, compiled, dataset, samples, state
from tests.tasks.conditional import LabelledGAN
from tfgan_zoo import callbacks, networks
from tfgan_zoo.callbacks.class_diversity import class_diversity, class_samples
from tfgan_zoo.callbacks.health import Diagnosis, first_samples
from tfgan_zoo.models import GAN, LSGAN, WGAN, Pix2Pix


def ring(num, radius=0.8):
    """Points of eight small clouds on a ring."""
    random = np.random.default_rng(0)
    angle = 2 * np.pi * random.integers(0, 8, num) / 8
    points = radius * np.stack([np.cos(angle), np.sin(angle)], 1)
    return (points + 0.02 * random.normal(size=(num, 2))).astype("float32")


def adam(rate, beta_1=0.5):
    return keras.optimizers.Adam(rate, beta_1=beta_1)


def game(cls=GAN, generator=None, g=None, d=None, **kwargs):
    """Of small networks on points."""
    keras.utils.set_random_seed(0)
    made = networks.mlp_generator((2,), 4, units=(32, 32))
    dropout = {"input_dropout": 0.0, "dropout": 0.0}
    critic = networks.mlp_discriminator((2,), units=(32, 32), maxout_pieces=0, **dropout)
    model = cls((2,), generator=generator or made, discriminator=critic, **kwargs)
    model.compile(g or adam(1e-3), d or adam(1e-3))
    return model


def watched(model, data, epochs, batch_size=64, **kwargs):
    """Trains, and returns what was found: condition -> message."""
    health = callbacks.Health(say=lambda _: None, **kwargs)
    found = {}
    health._write = lambda line: found.setdefault(line["condition"], line["message"])
    model.fit(
        data, batch_size=batch_size, epochs=epochs, callbacks=[health], verbose=0, shuffle=False
    )
    found.pop("begun", None)
    return found


# ---------------------------------------------------------------------- healthy


@pytest.mark.slow
def test_of_a_healthy_run_it_says_nothing(capsys):
    model = game()
    model.fit(ring(512), batch_size=64, epochs=20, callbacks=[callbacks.Health()], verbose=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", slow_except(("dcgan",), GAMES))
def test_every_model_is_watched(name):
    model, said = compiled(name), []
    logs = model.fit(
        dataset(model, 2),
        epochs=2,
        callbacks=[callbacks.Health(say=said.append)],
        shuffle=False,
        verbose=0,
    ).history
    assert not said
    for measure in ("g_gradient", "diversity") if "generator" in model.roles() else ():
        assert len(logs[measure]) == 2
        assert np.all(np.array(logs[measure]) > 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pix2pix", "cyclegan"])  # dropout and batch norm; pools
def test_training_is_not_changed(name):
    states = []
    for used in ([], [callbacks.Health(say=lambda _: None)]):
        keras.utils.set_random_seed(0)
        model = compiled(name)
        model.fit(dataset(model, 2), epochs=2, callbacks=used, shuffle=False, verbose=0)
        states.append(state(model))
    assert_same(*states)


# ---------------------------------------------------------------------- ill


def test_a_discriminator_a_hundred_times_too_fast():
    found = watched(game(g=adam(1e-4), d=adam(1e-2)), ring(512), 18)
    assert "Since step " in found["saturation"]
    assert "1.4 if it cannot tell" in found["saturation"]
    assert "its norm is " in found["gradients"]


@pytest.mark.slow
def test_latents_that_are_ignored():
    generator = keras.Sequential(
        [keras.Input((4,)), keras.layers.Rescaling(0.0), keras.layers.Dense(2)]
    )
    found = watched(game(generator=generator), ring(64), 12)
    assert set(found) == {"diversity"}
    assert found["diversity"].startswith("Since step 1 the generator makes nearly the same")
    assert "differ by 0.0% of what real ones do" in found["diversity"]


def labelled(scales):
    """Points of three classes; a sample of a class moves with z by the scale of its class."""
    z, label = keras.Input((4,)), keras.Input((), dtype="int32")
    scale = keras.layers.Embedding(3, 1, trainable=False, name="scale")(label)
    moved = keras.layers.Dense(2, use_bias=False)(keras.layers.Multiply()([z, scale]))
    place = keras.layers.Embedding(3, 2)(label)
    generator = keras.Model([z, label], keras.layers.Add()([moved, place]))
    generator.get_layer("scale").set_weights([np.float32(scales)[:, None]])
    keras.utils.set_random_seed(0)
    model = LabelledGAN((2,), 4, generator=generator)
    model.compile(adam(1e-3), adam(1e-3), run_eagerly=True)
    return model


def test_noise_that_one_class_ignores():
    model, data = labelled([1, 0, 1]), (ring(96), np.arange(96) % 3)
    names = ("ant", "bee", "cat")
    found = watched(model, data, 11, 96, class_names=names, conditions=["diversity"])
    assert set(found) == {"diversity"}
    assert found["diversity"].startswith(
        "Since step 1 the generator makes nearly the same image whenever it is asked for bee: its "
        "images of bee differ by 0.0% of what real ones do"
    )
    # A control: all classes vary, the second one least.
    health = callbacks.Health(data, pytest.fail, conditions=["diversity"])
    health.set_model(labelled([1, 0.5, 1]))
    health.on_train_begin()
    measured = health.measure()
    assert 0.1 < measured["class_diversity"] < measured["diversity"]


def test_samples_of_a_class_are_compared_with_its_data():
    model, points = labelled([1, 0.5, 2]), ring(60)
    labels = np.repeat([0, 1, 2], [3, 25, 32])  # three of a class are too few
    batches = [(points[i : i + 7], labels[i : i + 7]) for i in range(0, 60, 7)]
    chosen = class_samples(batches, model)
    np.testing.assert_array_equal(chosen.labels, np.repeat([1, 2], 8))
    taken = np.r_[3:11, 28:36]
    np.testing.assert_array_equal(chosen.batch[0], points[taken])
    with model.random_phase_of("health", 0):
        found = class_diversity(model, chosen)
        made = model.fakes("latents", *model.real(chosen.batch, training=False), training=False)
    for label, rows in ((1, slice(0, 8)), (2, slice(8, 16))):
        made_spread, real_spread = (
            np.sqrt(x[rows].var(axis=0).mean()) for x in (np.asarray(made), points[taken])
        )
        assert found[label] == pytest.approx(made_spread / real_spread, rel=1e-4)
    assert class_samples([(points[:6], np.arange(6) % 3)], model) is None


def test_inputs_that_are_ignored():
    layers = keras.layers
    generator = keras.Sequential(
        [keras.Input((16, 16, 1)), layers.Rescaling(0.0), layers.Conv2D(3, 3, padding="same")]
    )
    critic = networks.patchgan_discriminator((16, 16, 4), receptive_field=16, filters=4)
    model = Pix2Pix((16, 16, 1), 3, generator, critic, inference="frozen")
    model.compile()
    found = watched(model, dataset(model, 1), 10, batch_size=None)
    assert set(found) == {"diversity"}


def test_an_absurd_learning_rate():
    sgd = [keras.optimizers.SGD(1e30) for _ in range(2)]
    found = watched(game(g=sgd[0], d=sgd[1]), ring(128), 3)
    assert set(found) == {"not_finite"}
    assert found["not_finite"].startswith("At step 2 ")
    assert "g_loss" in found["not_finite"]


@pytest.mark.slow
def test_too_high_learning_rates():
    model = game(g=adam(0.1, 0.9), d=adam(0.1, 0.9))
    found = watched(model, ring(512), 14, conditions=["oscillation"])
    assert set(found) == {"oscillation"}
    assert "_loss" in found["oscillation"]


# ---------------------------------------------------------------------- what follows from rows


def rows(**columns):
    values = zip(*columns.values(), strict=True)
    return [
        {"step": 10 * (i + 1), **dict(zip(columns, each, strict=True))}
        for i, each in enumerate(values)
    ]


def said(diagnosis, given):
    return [(f.step, f.condition) for row in given for f in diagnosis.see(row)]


def test_each_is_said_once_until_it_clears():
    won = [0.01, 0.01, 0.01]
    given = rows(d_loss=[1.0, *won, 0.5, *won, *[0.5] * 5, *won])
    expected = [(40, "saturation"), (160, "saturation")]
    assert said(Diagnosis((0.0, 1.386)), given) == expected
    # Of critics it means nothing.
    assert said(Diagnosis(None), given) == []
    again = Diagnosis((0.0, 1.386))
    said(again, given[:6])  # a run that was stopped in between
    assert said(again, given[6:]) == expected[1:]
    assert said(Diagnosis((0.0, 1.386), ["diversity"]), given) == []


def test_smoothed_labels_leave_a_loss_that_is_the_least():
    model = game(label_smoothing=0.1)
    least, undecided = model.d_loss_bounds()
    # -0.9 log 0.9 - 0.1 log 0.1
    assert least == pytest.approx(0.32508, abs=1e-5)
    assert undecided == pytest.approx(1.38629, abs=1e-5)
    given = rows(d_loss=[0.33] * 3)
    assert said(Diagnosis((least, undecided)), given) == [(30, "saturation")]
    assert game(LSGAN, a=-1.0, b=1.0, c=0.0).d_loss_bounds() == (0.0, 1.0)
    assert game(WGAN).d_loss_bounds() is None


def test_a_gradient_that_vanishes_after_a_while():
    given = rows(g_gradient=[1.0, 2.0, 3.0, 1e-3, 1e-3, 1e-3, 1e-3])
    assert said(Diagnosis(None), given) == [(50, "gradients")]
    # Of one that was never there, only the start knows.
    given = rows(g_gradient=[1e-5, 1e-5])
    assert said(Diagnosis(None), given) == []
    assert said(Diagnosis(None, start=1.0), given) == [(20, "gradients")]


def test_a_class_whose_samples_were_different_once():
    given = rows(diversity=[0.9] * 6, class_diversity=[0.02, 0.5, 0.08, 0.3, 0.05, 0.06])
    diagnosis = Diagnosis(None)
    diagnosis.alike = ["bee", "ant", "cat", "dog"]
    (finding,) = [f for row in given for f in diagnosis.see(row)]
    assert (finding.step, finding.condition) == (60, "diversity")
    assert "asked for bee, ant, cat and 1 more: its images of bee differ by 6.0%" in finding.message
    # Where all samples are alike, no class is named.
    alike = rows(diversity=[0.9, 0.01, 0.01, 0.01], class_diversity=[0.9, 0.01, 0.01, 0.01])
    diagnosis = Diagnosis(None)
    (finding,) = [f for row in alike for f in diagnosis.see(row)]
    assert "from any input: its images differ by 1.0%" in finding.message


def test_samples_that_were_different_once():
    shares = [0.01, 0.05, 0.5, 0.02, 0.01]
    assert said(Diagnosis(None), rows(diversity=shares)) == [(50, "diversity")]


def test_losses_that_swing():
    steady = [1.0 + 0.05 * (-1) ** i for i in range(20)]
    wild = [0.2 if i % 2 else 4.0 for i in range(12)]
    falling = [4.0 * 0.5**i for i in range(20)]
    game, critic = Diagnosis((0.0, 1.386)), Diagnosis(None)
    assert said(game, rows(g_loss=steady + wild)) == [(250, "oscillation")]
    assert said(Diagnosis((0.0, 1.386)), rows(g_loss=[*steady, 4.0, 0.5, *steady])) == []
    assert said(critic, rows(g_loss=steady)) == []
    assert said(critic, rows(g_loss=falling)) == []
    growing = [5.0 + 0.1 * 1.3**i * (-1) ** i for i in range(20)]
    assert said(critic, rows(d_loss=growing)) == [(180, "oscillation")]
    # LSGAN's generator with (-1, 1, 0) settles at 0, where all noise is as large as the loss.
    about_zero = [0.03 + 0.012 * (-1) ** i for i in range(40)]
    assert said(Diagnosis((0.0, 1.0)), rows(g_loss=about_zero)) == []
    assert said(Diagnosis((0.0, 0.1)), rows(g_loss=about_zero)) == [(100, "oscillation")]


def test_what_is_not_finite_says_nothing_else():
    given = rows(d_loss=[float("nan"), None, 1.0, float("inf")], g_loss=[1.0] * 4)
    assert said(Diagnosis((0.0, 1.386)), given) == [(10, "not_finite")]


# ---------------------------------------------------------------------- files and data


@pytest.mark.slow
def test_lines_of_the_file(tmp_path):
    generator = keras.Sequential(
        [keras.Input((4,)), keras.layers.Rescaling(0.0), keras.layers.Dense(2)]
    )
    model, said = game(generator=generator), []
    health = callbacks.Health(say=said.append, file=tmp_path / "health.jsonl")
    for _ in range(3):
        model.fit(ring(64), batch_size=64, epochs=4, callbacks=[health], verbose=0)
    lines = [json.loads(t) for t in (tmp_path / "health.jsonl").read_text().splitlines()]
    assert [(line["step"], line["condition"]) for line in lines] == [
        (0, "begun"),
        (10, "diversity"),
    ]
    assert [line["message"] for line in lines[1:]] == said


def test_data_to_look_at():
    arrays = np.arange(20.0).reshape(10, 2)
    np.testing.assert_array_equal(first_samples(arrays, 4), arrays[:4])
    np.testing.assert_array_equal(first_samples(arrays, 99, multiple=4), arrays[:8])
    batches = tf.data.Dataset.from_tensor_slices((arrays, -arrays)).batch(3)
    a, b = first_samples(batches, 8)
    np.testing.assert_array_equal(a, arrays[:8])
    np.testing.assert_array_equal(b, -arrays[:8])
    np.testing.assert_array_equal(first_samples({"image": arrays}, 2)["image"], arrays[:2])
    assert first_samples(iter(batches), 8) is None
    assert first_samples(arrays[:1], 8) is None
    assert first_samples(None, 8) is None


def test_of_an_iterator_only_losses_are_looked_at():
    model, found = compiled("dcgan"), []
    images = samples(model)

    def batches():
        while True:
            yield (images,)

    history = model.fit(
        batches(),
        steps_per_epoch=1,
        shuffle=False,
        callbacks=[callbacks.Health(say=found.append)],
        verbose=0,
    ).history
    assert "diversity" not in history
    assert "d_loss" in history
    assert model.training_data() is None


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_loss_of_what_trains_alone_that_is_not_finite(value):
    diagnosis = Diagnosis(None, finite=("loss", "accuracy"), r1=False)
    (finding,) = diagnosis.see({"step": 10, "loss": value, "accuracy": 0.5})
    assert finding.condition == "not_finite"
    assert "At step 10 loss is not finite. Lower learning rates, or float32" in finding.message
    # A score that could not be computed is no loss.
    assert Diagnosis(None).see({"step": 10, "loss": 1.0, "retrieval": None}) == []
