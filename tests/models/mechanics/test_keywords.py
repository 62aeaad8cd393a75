"""Keras' standard arguments, and misspelt ones."""

import keras
import pytest
import tensorflow as tf

from tests.models.changed import EVERY, arguments, gan
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import JointEmbedding


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"optimizer": "adam"}, "optimizer: expected generator_optimizer and discriminator_opt"),
        ({"d_optimizer": "adam"}, "compile: .*'d_optimizer'; did you mean discriminator_optimizer"),
        ({"gen_opt": "adam"}, "compile: .*'gen_opt'; did you mean generator_optimizer"),
        ({"generator_optimiser": "sgd"}, "compile: .*did you mean generator_optimizer"),
        ({"jitcompile": True}, "compile: .*did you mean jit_compile"),
        ({"xyz": 1}, "compile: .*'xyz'; it takes discriminator_optimizer, generator_optimizer, "),
        ({"loss": "mse"}, "loss: expected None, .*paper.*'mse'.*subclass"),
        ({"loss_weights": [1]}, "loss_weights: expected None"),
        ({"metrics": ["accuracy"]}, "metrics: expected None.*d_loss.*EvaluateImages"),
        ({"weighted_metrics": ["accuracy"]}, "weighted_metrics: expected None"),
        ({"auto_scale_loss": False}, "auto_scale_loss: expected True"),
        ({"run_eagerly": "no"}, "run_eagerly: expected True or False, got 'no'"),
        ({"rematerialize": "no"}, "rematerialize: expected True or False, got 'no'"),
        ({"generator_optimizer": "nonsense"}, "generator_optimizer: expected a Keras optimizer"),
        ({"discriminator_optimizer": 3}, "discriminator_optimizer: expected a Keras optimizer"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_compile_does_not_take_is_answered_with_what_it_takes(given, sentence):
    model = gan()
    with pytest.raises(InputError, match=rf"^{sentence}.*[.?]$") as error:
        model.compile(**given)
    assert "compile_roles" not in str(error.value)


def test_keras_defaults_of_compile_are_taken():
    model = gan()
    model.compile(optimizer=None, loss=None, metrics=None, weighted_metrics=None)
    model.compile(auto_scale_loss=True, loss_weights=None, run_eagerly=None)
    assert model.run_eagerly is False


def test_the_encoders_optimizer_is_named():
    model = JointEmbedding(**arguments("joint_embedding"))
    for given in ({"optimizer": "adam"}, {"generator_optimizer": "adam"}):
        with pytest.raises(InputError, match="encoder_optimizer"):
            model.compile(**given)


def test_export_with_keras_arguments(tmp_path):
    model = gan()
    model.export(tmp_path / "a", format="tf_saved_model", verbose=None)
    assert "generate" in tf.saved_model.load(tmp_path / "a").signatures
    for given, sentence in (
        ({"format": "onnx"}, r"format: .*'onnx'; python -m tfgan_zoo\.export .*--format=onnx"),
        ({"format": "litert"}, "format: .*--format=tflite"),
        ({"format": "openvino"}, "format: .*--format=onnx"),
        ({"input_signature": [tf.TensorSpec([1])]}, "input_signature: expected None"),
        ({"fact": {}}, "export: there is no argument 'fact'; did you mean facts"),
    ):
        with pytest.raises(InputError, match=f"^{sentence}") as error:
            model.export(tmp_path / "b", **given)
        assert "card" not in str(error.value)
    assert not (tmp_path / "b").exists()


def test_verbose_may_come_second_as_it_did(tmp_path, capsys):
    gan().export(tmp_path / "a", True)
    assert "generate" in capsys.readouterr().out


@pytest.mark.parametrize("name", EVERY)
def test_misspelt_arguments_of_constructors_are_answered_with_the_nearest(name):
    with pytest.raises(
        InputError, match=r"there is no argument 'image_shap'; did you mean image_s"
    ):
        EVERY[name](image_shap=(8, 8, 1))
    with pytest.raises(InputError, match=r"there is no argument 'xyz'; it takes .*ema_half_life"):
        EVERY[name](xyz=1)


def test_arguments_of_every_keras_model_are_taken():
    assert gan(name="mine", dtype="float32").name == "mine"
    for given in ({"name": 5}, {"dtype": "float23"}):
        with pytest.raises(InputError, match=rf"^{next(iter(given))}: expected"):
            gan(**given)


def test_float64_is_refused_by_name(tmp_path):
    """Networks, losses and images would not all be of that type."""
    accepted = "float32, mixed_float16, mixed_bfloat16, float16 or bfloat16"
    with pytest.raises(InputError, match=f"^dtype: expected {accepted}, got 'float64'; leave it"):
        gan(dtype="float64")
    for layer in (keras.layers.Flatten, keras.layers.BatchNormalization):
        with pytest.raises(
            InputError, match=f"^discriminator: .* in {accepted}, got layer 'wide' of float64"
        ):
            gan(layer(name="wide", dtype="float64"))
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(64, dtype="float64")])
    generator.add(keras.layers.Reshape((8, 8, 1)))
    with pytest.raises(InputError, match=r"^generator: .* of float64; build it with dtype='float3"):
        gan(generator=generator)
    keras.config.set_dtype_policy("float64")
    with pytest.raises(
        InputError, match=r"^dtype: .* policy; call keras\.config\.set_dtype_policy"
    ):
        gan()
