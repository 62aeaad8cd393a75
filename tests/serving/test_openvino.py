"""OpenVINO reads SavedModels as they are, and computes what Keras does."""

import numpy as np
import pytest

from tests.models.tiny import tiny
from tests.serving import exported

openvino = pytest.importorskip("openvino", reason="openvino is not installed")


def compiled(path):
    """Returns a SavedModel's default signature, in float32: OpenVINO would round to 16 bits."""
    core = openvino.Core()
    precise = {"INFERENCE_PRECISION_HINT": "f32"}
    return core.compile_model(core.read_model(path), "CPU", precise)


def given(model, num):
    random = np.random.default_rng(num)
    if not hasattr(model, "translate"):
        return random.standard_normal((num, model.latent_dim)).astype(np.float32)
    shape = (num, 16, 24, model.source_shape("a_to_b")[-1])
    return random.uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "arguments"), [("dcgan", {}), ("cyclegan", {}), ("pix2pix", {"inference": "frozen"})]
)
def test_openvino_s_numbers_are_keras(tmp_path, name, arguments):
    model = exported.contrasted(tiny(name, ema_half_life=50.0, **arguments))
    model.export(tmp_path / "1")
    run = compiled(tmp_path / "1")
    for num in (1, 3):
        inputs = given(model, num)
        answer = model.translate if hasattr(model, "translate") else model
        expected = np.asarray(answer(inputs))
        found = next(iter(run([inputs]).values()))
        np.testing.assert_allclose(found, expected, atol=1e-4)
        # The control: mirrored images are others.
        assert np.max(np.abs(found - expected[:, :, ::-1])) > 1e-2


def test_openvino_has_no_random_numbers(tmp_path):
    """As docs/serving.md says of Pix2Pix with inference=paper: its mask is drawn in the graph."""
    tiny("pix2pix", inference="paper").export(tmp_path / "1")
    with pytest.raises(RuntimeError, match="StatelessRandomUniform"):
        compiled(tmp_path / "1")
