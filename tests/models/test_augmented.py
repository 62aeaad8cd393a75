"""The probability of augmentation: fixed, scheduled, or adapted to the discriminator."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.marks import slow_except
from tests.models import linear
from tests.models.tiny import (
    CONDITIONAL,
    GAMES,
    LATENT,
    MODELS,
    SHAPE,
    assert_same,
    compiled,
    dataset,
    fit,
    samples,
    state,
    step,
    tiny,
)
from tfgan_zoo.callbacks.diagnosis import Diagnosis
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.noise_to_image import NoiseToImage
from tfgan_zoo.schedules import LinearDecay

#: Voxels are not augmented.
NAMES = [
    name
    for name in (*GAMES, CONDITIONAL)
    if issubclass(MODELS[name], NoiseToImage) and name != "gan_3d"
]
WITHOUT_ZERO = {"wgan", "wgan_gp", "relativistic_gan"}


def game(name="dcgan", **kwargs):
    model = tiny(name, dense=True, ada_speed=64, ada_target=0.6, **kwargs)
    model.compile("sgd", "sgd", run_eagerly=True)
    return model


def after_each_step(model, steps, batch=4):
    """Returns the probability after steps with the given signs, one for each update."""
    still = [tf.zeros_like(v) for v in model.role_variables("discriminator")]
    logs = {n: tf.zeros([]) for n in model.log_names if n != "d_augment"}
    found = []
    for signs in steps:
        for sign in signs:
            model.apply("discriminator", still, {"d_sign": tf.constant(sign)})
        model.end_step(logs, tf.zeros([batch * len(signs), *SHAPE]))
        found.append(float(model.probability.numpy()))
    return found


def test_direction_speed_and_ends_by_hand():
    model = game()
    # Four updates of 4 images each, of 64 images.
    assert after_each_step(model, [[1.0]] * 8) == [0, 0, 0, 0.25, 0.25, 0.25, 0.25, 0.5]
    assert after_each_step(model, [[1.0]] * 12)[-1] == 1.0  # not 1.25
    assert after_each_step(model, [[-1.0]] * 4) == [1.0, 1.0, 1.0, 0.75]
    assert after_each_step(model, [[0.5]] * 16)[-1] == 0.0
    # The mean of four counts: 0.625 and 0.5, with a target of 0.6.
    assert after_each_step(model, [[1.0], [1.0], [1.0], [-0.5]])[-2:] == [0.0, 0.25]
    assert after_each_step(model, [[-1.0], [1.0], [1.0], [1.0]])[-2:] == [0.25, 0.0]
    # What is not finite does not count.
    assert after_each_step(model, [[float("nan")], *[[1.0]] * 4])[-2:] == [0.0, 0.3125]


def test_updates_are_counted_and_not_steps():
    model = game("sngan")
    # Two updates in each step, which takes 8 images.
    assert after_each_step(model, [[1.0, 1.0]] * 5) == [0, 0.25, 0.25, 0.5, 0.5]


def test_images_of_the_generators_updates_do_not_count():
    class Fresh(MODELS["dcgan"]):
        def samples_per_step(self, batch_size):
            return 2 * batch_size

    like = tiny("dcgan", dense=True)
    model = Fresh(SHAPE, LATENT, like.generator, like.discriminator, ada_target=0.6, ada_speed=64)
    model.compile("sgd", "sgd", run_eagerly=True)
    assert after_each_step(model, [[1.0]] * 4, batch=8)[-1] == 0.25


def test_a_step_counts_its_verdicts():
    model = game()
    model.discriminator.layers[-1].bias.assign([100.0])
    step(model, samples(model))
    assert (float(model._signs), float(model._sign_updates), float(model._sign_images)) == (1, 1, 4)


def test_games_whose_scores_have_a_zero():
    without = {name for name in NAMES if not MODELS[name].scores_have_zero}
    assert without >= WITHOUT_ZERO
    assert without.isdisjoint({"gan", "dcgan", "lsgan", "sngan", "biggan", "acgan", "gan_cls"})


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    # Real samples score 0 and 2, fakes 1 and -3, with a mean of -1.
    [
        ("gan", {}, 0.5),
        ("dcgan", {}, 0.5),
        ("sngan", {}, 0.5),
        ("lsgan", {"a": 0.0, "b": 5.0}, -1.0),  # both below 2.5
        ("lsgan", {"a": 1.0, "b": -1.0}, -0.5),  # the lower, the more real
        ("wgan", {}, 1.0),
        ("wgan_gp", {}, 1.0),
        ("relativistic_gan", {}, 1.0),
        ("relativistic_gan", {"average": True}, 1.0),
    ],
)
def test_signs_by_hand(name, arguments, expected):
    model = linear.linear(name, ada_target=0.6, **arguments)
    _, logs = model.discriminator_loss(linear.images(linear.REAL), linear.images(linear.FAKE))
    assert float(logs["d_sign"]) == expected


@pytest.mark.parametrize("name", slow_except(("dcgan", "wgan_gp"), NAMES))
def test_every_game_adapts(name):
    model = tiny(name, ada_target=0.6, ada_speed=1000, r1_gamma=1.0, r1_every=2, packing=2)
    model.compile(run_eagerly=True)
    model.probability.assign(0.7)
    for _ in range(2):
        logs = step(model, samples(model))
    assert float(logs["d_augment"]) == pytest.approx(0.7)
    assert -1 <= float(logs["d_sign"]) <= 1
    assert all(np.isfinite(list(logs.values())))
    tests = model.evaluate(dataset(model), return_dict=True, verbose=0)
    assert set(tests) == set(model.log_names)


def test_a_penalty_is_taken_through_the_augmentation():
    """Of C(x) = mean(x), |dC/dx|^2 is what flips and turns leave, and cutout takes a part of."""
    real = linear.images([0.1] * 64)

    def penalty(**kwargs):
        return float(linear.linear("dcgan", r1_gamma=2.0, **kwargs).r1(real))

    plain = penalty()
    assert plain == pytest.approx(1 / np.prod(SHAPE))
    kept = penalty(augment_probability=0.8, ada_kinds="flip,quarter_turns")
    assert kept == pytest.approx(plain)
    assert 0.5 * plain < penalty(augment_probability=0.8, ada_kinds="cutout") < 0.95 * plain


def test_resumed_training_is_the_uninterrupted_one(tmp_path):
    def begun():
        keras.utils.set_random_seed(0)
        model = tiny("dcgan", dense=True, ada_target=0.0, ada_speed=20, ada_kinds=("flip", "hue"))
        model.compile(run_eagerly=True)
        model.discriminator.layers[-1].bias.assign([1.0])
        return model

    def train(model, first, last):
        for number in range(first, last):
            step(model, model.example_batch(4, seed=number))
        return [(n, v) for n, v in state(model) if not n.endswith(("/total", "/count"))]

    whole = begun()
    expected = train(whole, 0, 6)
    assert float(whole.probability) == pytest.approx(0.8)  # after four steps
    half = begun()
    train(half, 0, 3)
    half.save(tmp_path / "half.keras")
    resumed = tfgan_zoo.load_model(tmp_path / "half.keras")
    assert resumed.ada_kinds == ("flip", "hue")
    assert float(resumed._sign_updates) == 3
    assert_same(train(resumed, 3, 6), expected)
    assert len(half.weights) == len(tiny("dcgan", dense=True).weights) + 4


def test_a_schedule_is_followed_and_saved(tmp_path):
    model = tiny("dcgan", dense=True, augment_probability=LinearDecay(1.0, steps=4))
    model.compile(run_eagerly=True)
    followed = []
    for _ in range(3):
        followed.append(float(model.current_probability()))
        logs = step(model, samples(model))
    assert followed == [1.0, 0.75, 0.5]
    assert float(logs["d_augment"]) == 0.75  # the mean
    model.save(tmp_path / "model.keras")
    again = tfgan_zoo.load_model(tmp_path / "model.keras")
    assert float(again.current_probability()) == 0.25
    assert "d_sign" not in again.log_names


def test_at_zero_training_is_that_without():
    states = []
    for arguments in ({}, {"augment_probability": 0.0}):
        keras.utils.set_random_seed(0)
        model = tiny("dcgan", dense=True, **arguments)
        model.compile(run_eagerly=True)
        for _ in range(2):
            step(model, samples(model))
        states.append([(n, v) for n, v in state(model) if not n.endswith(("/total", "/count"))])
    assert_same(*states)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision(policy):
    keras.config.set_dtype_policy(policy)
    model = compiled("dcgan", ada_target=0.0, ada_speed=32, ada_kinds="rotation,hue,cutout")
    assert np.isfinite(list(fit(model, dataset(model, 9)).values())).all()
    assert model.probability.dtype == "float32"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dcgan", "wgan_gp"])
def test_xla(name):
    model = tiny(name, ada_target=0.0, ada_speed=32, r1_gamma=1.0, r1_every=2)
    model.compile(jit_compile=True)
    assert np.isfinite(list(fit(model, dataset(model, 5)).values())).all()


# ---------------------------------------------------------------------- refused


def test_arguments_that_exclude_each_other():
    for arguments, sentence in (
        (
            {"ada_target": 0.6, "augment_probability": 0.5},
            r"augment_probability: expected None beside ada_target, which adapts it, got 0\.5\.",
        ),
        (
            {"ada_target": 0.6, "diff_augment": ("color",)},
            "diff_augment: expected none beside ada_target, got color; give these names in "
            "ada_kinds, or leave them out.",
        ),
        (
            {"augment_probability": 0.6, "diff_augment": ("color",)},
            "diff_augment: expected none beside augment_probability, got color; .*",
        ),
    ):
        with pytest.raises(InputError, match=f"^{sentence}$"):
            MODELS["dcgan"](**arguments)
    for name, value in (("ada_target", 0.6), ("augment_probability", 0.5)):
        with pytest.raises(InputError, match=f"^{name}: expected image data, got points; leave"):
            MODELS["gan"]((2,), 2, **{name: value})


def test_a_loss_that_does_not_log_verdicts():
    like = tiny("dcgan", dense=True)

    class OwnLoss(MODELS["dcgan"]):
        def discriminator_loss(self, *args, **kwargs):
            loss, logs = super().discriminator_loss(*args, **kwargs)
            return loss, {n: v for n, v in logs.items() if n != "d_sign"}

    model = OwnLoss(SHAPE, LATENT, like.generator, like.discriminator, ada_target=0.6)
    model.compile(run_eagerly=True)
    with pytest.raises(InputError, match=r"^ada_target: expected None, as OwnLoss\.discr.*"):
        step(model, samples(model))


def test_health_says_that_it_stays_at_one():
    def messages(rows):
        diagnosis = Diagnosis(None)
        return [f.message for i, row in enumerate(rows) for f in diagnosis.see({"step": i, **row})]

    full = {"d_augment": 1.0, "d_sign": 0.8}
    (message,) = messages([{"d_augment": 0.4, "d_sign": 0.8}, *[full] * 8])
    assert message.startswith("Since step 1 the probability of augmentation (d_augment) is 1")
    assert "d_sign is 0.80" in message
    assert not messages([full] * 4)
    assert not messages([{"d_augment": 1.0}] * 8)  # as asked for
