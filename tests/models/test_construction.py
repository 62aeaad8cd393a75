"""Subclasses: what their constructors need not do, and hooks by their earlier names."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tests.models.tiny import GREY, SHAPE, compiled, samples, shared, step, tiny
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import DCGAN, MODELS, Game, GANModel, ZooModel


def networks():
    model = tiny("dcgan", dense=True)
    return {"generator": model.generator, "discriminator": model.discriminator}


class Earlier(DCGAN):
    """All hooks by the names that they had in version 0.1."""

    def __init__(self, *args, extra=1.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.extra = extra
        self.finish_init()

    def finish_init(self):
        self.finished = getattr(self, "finished", 0) + 1
        super().finish_init()

    def players(self):
        return {**super().players()}

    @classmethod
    def network_slots(cls, **arguments):
        return {**super().network_slots(**arguments), "more": ("generator", ())}

    def default_optimizers(self):
        return {role: keras.optimizers.SGD(0.5) for role in self.players()}

    def judged(self, real, fake, *args):
        return {name: value + 0.0 for name, value in super().judged(real, fake, *args).items()}

    def made_and_real(self, data):
        return {"twice": next(iter(super().made_and_real(data).values()))}

    def d_loss_range(self):
        low, high = super().d_loss_range()
        return low, high + self.extra

    def get_config(self):
        return {**super().get_config(), "extra": self.extra}


def test_hooks_by_their_earlier_names():
    model = Earlier(SHAPE, 8, **networks(), skip_discriminator_above=0.9, ema_half_life=9.0)
    assert model.roles().keys() == model.players().keys() == {"generator", "discriminator"}
    assert "more" in Earlier.network_arguments(image_shape=SHAPE, latent_dim=8, packing=1)
    model.compile()
    assert float(model.discriminator_optimizer.learning_rate) == 0.5
    batch = tf.constant(model.example_batch(4))
    assert {"d_accuracy", "d_idle"} < model.train_step(batch).keys()
    assert model.samples_and_targets(batch).keys() == {"twice"}
    assert model.d_loss_bounds()[1] == DCGAN.d_loss_bounds(model)[1] + 1.0
    with model.moment("test", 1):
        assert model.random_phase == model.now == ("test", 1)
    model.attempt = 2
    assert model.rollbacks == 2
    again = Earlier.from_config(model.get_config())
    assert again.extra == 1.0
    assert len(again.averages) == 1


class BesideTheZoo:
    """A mixin that knows nothing of the zoo."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.after = True

    def players(self):
        return {**super().players()}


class Mixed(BesideTheZoo, DCGAN):
    pass


def test_a_mixin_may_bring_the_constructor_and_a_hook():
    model = Mixed(SHAPE, 8, **networks())
    assert model.after
    assert model.built
    assert Mixed.roles is BesideTheZoo.players


def test_a_decorator_may_wrap_the_constructor():
    class Decorated(DCGAN):
        pass

    constructor = Decorated.__init__
    Decorated.__init__ = lambda self, *args, **kwargs: constructor(self, *args, **kwargs)
    assert Decorated(SHAPE, 8, **networks()).built


@pytest.mark.parametrize("hook", ["batch_parts", "image_parts"])
def test_a_replaced_hook_is_refused_where_it_is_defined(hook):
    with pytest.raises(InputError, match=rf"^Old\.{hook}: expected batch_spec, .*TensorSpec"):
        type("Old", (DCGAN,), {hook: ("image", "label")})
    mixin = type("Mixin", (), {hook: ("image", "label")})
    with pytest.raises(InputError, match=rf"^Old\.{hook}: expected batch_spec"):
        type("Old", (mixin, DCGAN), {})
    type("New", (DCGAN,), {hook: ("image",), "batch_spec": DCGAN.batch_spec})


class Compiled(DCGAN):
    """A `compile` as `JointEmbedding` had one."""

    def compile(self, optimizer=None, **settings):
        self.compile_roles({"generator": optimizer, "discriminator": "sgd"}, **settings)


def test_compile_roles():
    model = Compiled(SHAPE, 8, **networks())
    model.compile(run_eagerly=True)
    assert isinstance(model.discriminator_optimizer, keras.optimizers.SGD)
    assert isinstance(model.generator_optimizer, keras.optimizers.Adam)
    assert model.run_eagerly


class OneRole(Game):
    """A game in name only, as models without players were in version 0.1."""

    log_names = ("loss",)

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        self.finish_init()

    def players(self):
        return {"network": [self.network]}

    def default_optimizers(self):
        return {"network": keras.optimizers.SGD(0.1)}

    def compile(self, network_optimizer=None, **settings):
        self.compile_roles({"network": network_optimizer}, **settings)


def test_a_game_of_other_roles():
    model = OneRole()
    model.compile(rematerialize=True)
    assert float(model.network_optimizer.learning_rate) == pytest.approx(0.1)
    assert model.updates_per_step == {"network": 1}
    assert model.logs_of("network") == ("loss",)
    assert model.shown_networks() == []
    with pytest.raises(InputError, match=r"^ema_half_life: expected None for OneRole"):
        OneRole(ema_half_life=5.0)


class GoesOn(DCGAN):
    """Changes after `super().__init__` what the state follows from; stores what it takes."""

    def __init__(self, *args, margin=0.25, **kwargs):
        super().__init__(*args, **kwargs)
        self.margin = margin
        self.log_names = (*self.log_names, "g_margin")


class Forgets(DCGAN):
    def __init__(self, *args, margin=0.25, **kwargs):
        super().__init__(*args, **kwargs)


def test_the_state_is_built_after_the_whole_constructor():
    model = GoesOn(SHAPE, 8, **networks(), margin=0.5)
    assert "g_margin" in model.trackers
    assert GoesOn.from_config(model.get_config()).margin == 0.5


def test_an_argument_that_is_not_stored_is_not_saved_silently():
    with pytest.warns(UserWarning, match=r"^get_config: expected Forgets to store .*'margin'"):
        config = Forgets(SHAPE, 8, **networks()).get_config()
    assert "margin" not in config


# ---------------------------------------------------------------------- roles are data


@keras.saving.register_keras_serializable("tests")
class Autoencoder(ZooModel):
    """A model of one role, which is no game."""

    shown = "autoencoder"
    paper_optimizer = {"name": "adam", "learning_rate": 0.01}

    def __init__(self, image_shape=(2,), code=1, **kwargs):
        super().__init__(**kwargs)
        self.image_shape, self.code = tuple(image_shape), code
        x, z = keras.Input(self.image_shape), keras.Input((code,))
        self.encoder = keras.Model(x, keras.layers.Dense(code)(x))
        self.decoder = keras.Model(z, keras.layers.Dense(*self.image_shape)(z))

    def roles(self):
        return {"autoencoder": [self.encoder, self.decoder]}

    def loss_of(self, points, training=True):
        made = self.run(self.decoder, self.run(self.encoder, points, training), training)
        loss = tf.reduce_mean((made - points) ** 2)
        return loss, {"loss": loss}

    def train_step(self, data):
        points = self.batch(data)["image"]
        return self.end_step(self.update("autoencoder", self.loss_of, points), points)

    def losses_of(self, data):
        return self.loss_of(self.batch(data)["image"], training=False)[1]


def test_a_model_of_one_role_trains_and_saves(tmp_path):
    model = Autoencoder(ema_half_life=10.0)
    model.compile(rematerialize=True)
    assert float(model.autoencoder_optimizer.learning_rate) == pytest.approx(0.01)
    points = tf.random.stateless_normal((64, 2), (1, 2))
    losses = model.fit(points, batch_size=8, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert len(model.averages) == 2
    assert model.updates_per_step == {"autoencoder": 1}
    assert model.logs_of("autoencoder") == model.main_logs == ("loss",)
    assert model.samples_and_targets(points) == {}
    assert model.d_loss_bounds() is None
    model.save(tmp_path / "model.keras")
    loaded = tfgan_zoo.load_model(tmp_path / "model.keras")
    assert int(loaded.autoencoder_optimizer.iterations) == 24
    with pytest.raises(InputError, match="autoencoder_optimizer, as each role"):
        model.compile(optimizer="adam")
    with pytest.raises(InputError, match="did you mean autoencoder_optimizer"):
        model.compile(auto_opt="adam")
    with pytest.raises(InputError, match="expected at most 1 positional arguments"):
        model.compile("adam", "adam")
    with pytest.raises(InputError, match="expected one autoencoder_optimizer, got two"):
        model.compile("adam", autoencoder_optimizer="adam")
    with pytest.raises(InputError, match="no argument 'skip_discriminator_above'"):
        Autoencoder(skip_discriminator_above=0.9)


def test_a_recorded_pass_that_a_loss_leaves_out_sends_no_gradient():
    model = Autoencoder(code=2)
    model.compile("sgd", run_eagerly=True)
    points = tf.random.stateless_normal((8, 2), (1, 2))

    def moved(record, loss):
        kept = [v.numpy() for v in model.trainable_variables]
        model.update("autoencoder", lambda passed: (loss(passed), {}), record)
        now = [v.numpy() for v in model.trainable_variables]
        for variable, value in zip(model.trainable_variables, kept, strict=True):
            variable.assign(value)
        return [a - b for a, b in zip(now, kept, strict=True)]

    def decoded(codes):
        return tf.reduce_mean(model.decoder(codes) ** 2)

    changes = moved(model.record(model.encoder, points), lambda _: decoded(points))
    num = len(model.encoder.trainable_variables)
    assert not any(np.any(change) for change in changes[:num])
    assert any(np.any(change) for change in changes[num:])
    # Of two outputs of a pass, one may be left out.
    pair = model.record(lambda: (model.encoder(points), model.encoder(points) ** 2))
    both = moved(pair, lambda passed: decoded(passed[0]))
    alone = moved(model.record(model.encoder, points), decoded)
    assert np.any(both[0])
    for ours, expected in zip(both, alone, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-8)


class Chain(ZooModel):
    """Two roles of a network each, y = G(x) and D(x, y)."""

    paper_optimizer = {"name": "sgd", "learning_rate": 1.0}

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.g, self.d = (
            keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Activation(f)])
            for f in ("tanh", "sigmoid")
        )

    def roles(self):
        return {"g": [self.g], "d": [self.d]}

    def scores(self, x, y):
        return self.d(x), {"fake": self.d(y), "unused": self.d(x + y)}


@pytest.mark.parametrize("settings", [{}, {"jit_compile": True}])
def test_a_recorded_pass_continues_another(settings):
    """Two updates take their gradients from it: those of the same passes without a record."""
    model = Chain()
    model.compile(**settings)
    x = tf.random.stateless_normal((8, 2), (1, 2))

    def of_g(y, scores):
        return tf.reduce_mean(scores[1]["fake"] * y) + tf.reduce_mean(y**2)

    def of_d(scores):
        return tf.reduce_mean(scores[0] ** 2 - scores[1]["fake"])

    expected = []
    for role in ("g", "d"):
        variables = [v.value for v in model.role_variables(role)]
        with tf.GradientTape() as tape:
            y = model.g(x)
            scores = model.scores(x, y)
            loss = of_g(y, scores) if role == "g" else of_d(scores)
        gradients = tape.gradient(loss, variables)
        expected += [v - g for v, g in zip(variables, gradients, strict=True)]

    @tf.function(autograph=False)
    def both():
        y = model.record(model.g, x, role="g")
        scores = model.record(model.scores, x, y, role="d")
        model.update("g", lambda y, scores: (of_g(y, scores), {}), y, scores)
        model.update("d", lambda scores: (of_d(scores), {}), scores)

    both()
    for variable, value in zip(model.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-5, atol=1e-6)


def test_a_loss_need_not_use_the_pass_that_is_continued():
    """The gradient reaches the first network through the second alone, whoever is updated."""
    model = Chain()
    model.compile()
    x = tf.random.stateless_normal((8, 2), (1, 2))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model.d(model.g(x)))
    variables = [v.value for v in model.role_variables("g")]
    found = tape.gradient(loss, variables)
    expected = [v - g for v, g in zip(variables, found, strict=True)]
    scores = model.record(model.d, model.record(model.g, x, role="g"), role="d")
    model.update("g", lambda scores: (tf.reduce_mean(scores), {}), scores)
    for variable, value in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable, value, rtol=1e-5, atol=1e-6)


class PerRole(DCGAN):
    paper_optimizer = {
        "generator": {"name": "adam", "learning_rate": 1e-4},
        "discriminator": {"name": "RMSprop", "learning_rate": 4e-4, "rho": 0.5},
    }


def test_paper_optimizers():
    model = PerRole(SHAPE, 8, **networks())
    model.compile()
    assert float(model.generator_optimizer.learning_rate) == pytest.approx(1e-4)
    assert model.discriminator_optimizer.rho == 0.5
    for name, cls in MODELS.items():
        optimizers = shared(name).default_optimizers()
        for role, optimizer in optimizers.items():
            config = optimizer.get_config()
            for setting, value in cls.paper_optimizer.get(role, cls.paper_optimizer).items():
                assert setting == "name" or config[setting] == pytest.approx(value), name

    class Nameless(ZooModel):
        def roles(self):
            return {"network": [keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])]}

    with pytest.raises(InputError, match="names no paper_optimizer for this role"):
        Nameless().compile()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("dcgan", {"ema_half_life": math.inf}),
        ("dcgan", {"ema_half_life": 100.0, "ema_ramp_up": math.inf}),
        ("vae_gan", {"margin": math.inf}),
        ("wgan", {"clip": math.inf}),
    ],
)
def test_infinity_lifts_a_bound(name, settings):
    model = compiled(name, **settings)
    logs = step(model, samples(model, batch=model.samples_per_step(4)))
    assert all(np.isfinite(value) for value in logs.values())
    for network in model.shown_networks():
        weights = model.sampling_network(network).get_weights()
        assert all(np.isfinite(weight).all() for weight in weights)


def test_latents_within_an_infinite_distance_are_latents():
    model = tiny("dcgan", latent_distribution="normal")
    images = model.generate(64, seed=0, truncation=math.inf)
    assert np.isfinite(images).all()
    np.testing.assert_allclose(images, model.generate(64, seed=0, truncation=50.0), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("biggan", "orthogonal_weight"),
        ("cyclegan", "identity_weight"),
        ("gan_cls", "l1_weight"),
        ("r3gan", "r1_gamma"),
        ("vae", "beta"),
        ("wgan_gp", "penalty_weight"),
    ],
)
def test_a_weight_is_finite(name, argument):
    with pytest.raises(InputError, match=f"^{argument}: expected a number from 0 up, got inf"):
        tiny(name, **{argument: math.inf})


def test_logs_of_roles():
    for name, cls in MODELS.items():
        model = shared(name)
        assert set(cls.main_logs) <= set(cls.log_names)
        named = [log for role in model.roles() for log in model.logs_of(role)]
        assert sorted(named) == sorted(model.log_names)
    assert shared("cyclegan").logs_of("discriminator") == ("d_loss", "d_a", "d_b")
    resnet = tiny("srgan", adversarial_weight=0.0)
    assert resnet.logs_of("discriminator") == ()
    assert resnet.main_logs == ("g_loss",)


def test_public_names():
    assert GANModel is Game
    from tfgan_zoo.models import base
    from tfgan_zoo.models.base import as_floats, check_r1

    assert base.GANModel is Game
    assert as_floats(np.zeros((2, *GREY), "uint8"), GREY, "images").dtype == tf.float32
    check_r1(1.0, 1)
    assert not issubclass(MODELS["joint_embedding"], Game)
