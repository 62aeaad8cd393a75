"""Tests of making what a config names."""

import keras
import pytest

from tests.tiny_runs import tiny_config
from tfgan_zoo.config import check, override, run_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import ZooModel
from tfgan_zoo.run import building


class Coder(ZooModel):
    """A role and a network that no model of the zoo has."""

    def __init__(self, size=2, encoder=None, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder

    @classmethod
    def network_arguments(cls, **arguments):
        return {"encoder": ("encoder", (arguments["size"],))}

    def roles(self):
        return {"coder": [self.encoder]}


def dense(size, units=1, name=None):
    """A network that no model of the zoo has."""
    return keras.Sequential([keras.Input((size,)), keras.layers.Dense(units)], name=name)


def test_groups_follow_from_the_networks_and_roles_of_the_model():
    config = run_config(f"{__name__}:Coder", ["encoder"], ["coder"])
    assert not {"generator", "discriminator_optimizer"} & set(config)
    config.model_args = {"size": 3}
    config.encoder = {"name": f"{__name__}:dense", "units": 5}
    config.coder_optimizer = {"name": "sgd", "learning_rate": 0.1, "decay": "linear"}
    override(config, "encoder.units", "4")
    check(config)
    model = building.build_model(config)
    assert (model.encoder.input_shape, model.encoder.output_shape) == ((None, 3), (None, 4))
    assert isinstance(model.coder_optimizer, keras.optimizers.SGD)
    assert float(model.coder_optimizer.learning_rate) == pytest.approx(0.1)
    config.encoders = {"name": "mlp_generator"}
    with pytest.raises(InputError, match=r"^encoders: Coder has no such network .* encoder\?$"):
        building.build_model(config)


def test_an_entry_without_a_group_of_its_own_is_still_refused():
    config = run_config("gan")
    config.encoders = {"units": 5}
    with pytest.raises(InputError, match=r"entry encoders\.units is not known"):
        check(config)


def test_argument_that_the_model_does_not_take(tmp_path):
    config = tiny_config(tmp_path)
    with config.unlocked():
        config.model_args.label_smothing = 0.1
    with pytest.raises(InputError, match="'label_smothing'; did you mean label_smoothing"):
        building.build_model(config)


@pytest.mark.parametrize("rate", [-1e-3, "fast"])
@pytest.mark.parametrize("decay", ["constant", "linear"])
def test_learning_rates_are_not_below_0(tmp_path, rate, decay):
    config = tiny_config(tmp_path)
    with config.unlocked():
        config.generator_optimizer = {"name": "adam", "learning_rate": rate, "decay": decay}
    said = rf"^generator_optimizer\.learning_rate: expected a number from 0 up, got {rate!r}\.$"
    with pytest.raises(InputError, match=said):
        building.build_optimizer(config, "generator")


@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize("critic_steps", [3, None])
def test_linear_decay_reaches_zero_with_the_last_update(tmp_path, role, critic_steps):
    """Which of a critic is the last of the last step, of the model's five where none are named."""
    config = tiny_config(tmp_path, "wgan")
    with config.unlocked():
        if critic_steps is not None:
            config.model_args.discriminator_steps = critic_steps
        config[f"{role}_optimizer"] = {"name": "adam", "learning_rate": 1e-3, "decay": "linear"}
    updates = 10 if role == "generator" else 10 * (critic_steps or 5)
    optimizer = getattr(building.build_model(config), f"{role}_optimizer")
    rates = []
    for done in (0, updates // 2, updates):
        optimizer.iterations.assign(done)
        rates.append(float(optimizer.learning_rate))
    assert rates == pytest.approx([1e-3, 5e-4, 0.0])


def test_staircase_decay_falls_by_a_factor_every_few_steps(tmp_path):
    config = tiny_config(tmp_path)
    with config.unlocked():
        config.generator_optimizer = {
            "name": "rmsprop",
            "learning_rate": 7e-4,
            "decay": "staircase",
            "decay_factor": 0.98,
            "decay_every": 150,
        }
    check(config)
    optimizer = building.build_optimizer(config, "generator")
    rates = []
    for done in (0, 149, 150, 299, 300):
        optimizer.iterations.assign(done)
        rates.append(float(optimizer.learning_rate))
    assert rates == pytest.approx([7e-4, 7e-4, 7e-4 * 0.98, 7e-4 * 0.98, 7e-4 * 0.98**2])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"decay_every": None}, r"generator_optimizer\.decay_every: .* staircase decay"),
        ({"decay_every": 0}, r"generator_optimizer\.decay_every: .* staircase decay"),
        ({"decay_factor": None}, r"generator_optimizer\.decay_factor: .* above 0, up to 1"),
        ({"decay_factor": 1.5}, r"generator_optimizer\.decay_factor: .* got 1\.5"),
        ({"decay_factor": 0.0}, r"generator_optimizer\.decay_factor: .* got 0\.0"),
        ({"decay": "halving"}, r"generator_optimizer\.halve_every"),
        ({"decay": "constant"}, r"generator_optimizer\.decay_every: .* for no other, got 2"),
        ({"decay": "stairs"}, "expected constant or linear or halving or staircase"),
    ],
)
def test_what_a_staircase_decay_needs(tmp_path, changed, message):
    config = tiny_config(tmp_path)
    settings = {"name": "sgd", "learning_rate": 1.0, "decay": "staircase"}
    settings |= {"decay_factor": 0.5, "decay_every": 2} | changed
    with config.unlocked():
        config.generator_optimizer = {k: v for k, v in settings.items() if v is not None}
    with pytest.raises(InputError, match=message):
        check(config)


def test_building_leaves_the_dtype_policy_alone(tmp_path):
    model = building.build_model(tiny_config(tmp_path, train__precision="mixed_bfloat16"))
    assert model.compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
