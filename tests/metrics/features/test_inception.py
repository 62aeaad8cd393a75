import io
import tarfile

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import SlicedWasserstein
from tfgan_zoo.metrics.features.inception import InceptionFeatures
from tfgan_zoo.metrics.features.resize import antialiased, legacy

DIM, CLASSES = 5, 4


def arrays():
    random = np.random.default_rng(0)
    names = ("kernel", "mean", "variance", "beta", "gamma", "weights")
    shapes = ((3, 3, 3, DIM), (DIM,), (DIM,), (DIM,), (DIM,), (DIM, CLASSES))
    return {n: random.random(s).astype("f") for n, s in zip(names, shapes, strict=True)}


def frozen(scaled=False):
    """A graph of one convolution with the names, and the oddities, of the one of 2015."""
    values = arrays()
    with tf.Graph().as_default() as graph:
        jpeg = tf.io.decode_jpeg(tf.constant(b"", name="DecodeJpeg/contents"), channels=3)
        single = tf.expand_dims(tf.cast(jpeg, tf.float32, name="Cast"), 0, name="ExpandDims")
        x = tf.raw_ops.ResizeBilinear(images=single, size=[299, 299], name="ResizeBilinear")
        x = (x - 128.0) * (1 / 128)
        x = tf.nn.conv2d(x, values["kernel"], 64, "VALID", name="conv/Conv2D")
        x = tf.identity(x, name="conv/batchnorm")
        x = tf.nn.avg_pool(tf.nn.relu(x), 5, 1, "VALID", name="pool_3")
        x = tf.matmul(tf.reshape(x, [1, DIM]), values["weights"], name="softmax/logits/MatMul")
        tf.nn.softmax(x + 7.0, name="softmax")
    definition = graph.as_graph_def()
    (norm,) = [node for node in definition.node if node.name == "conv/batchnorm"]
    norm.op = "BatchNormWithGlobalNormalization"
    norm.attr["variance_epsilon"].f = 1e-3
    norm.attr["scale_after_normalization"].b = scaled
    for name in ("mean", "variance", "beta", "gamma"):
        norm.input.append(f"conv/{name}")
        node = definition.node.add(op="Const", name=f"conv/{name}")
        node.attr["dtype"].type = tf.float32.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values[name]))
    definition.versions.producer = 8
    return definition.SerializeToString()


def expected(resized, scaled=False):
    """The same in NumPy."""
    v = arrays()
    x = (resized - 128) / 128
    corners = np.arange(5) * 64
    pixels = corners[:, None] + np.arange(3)
    patches = x[:, pixels][:, :, :, pixels]  # n, 5, 3, 5, 3, channels
    y = np.einsum("nabcde,bdef->nacf", patches, v["kernel"])
    y = (y - v["mean"]) / np.sqrt(v["variance"] + 1e-3)
    y = np.maximum(y * (v["gamma"] if scaled else 1) + v["beta"], 0).mean((1, 2))
    return y, y @ v["weights"]


@pytest.fixture
def images():
    return np.random.default_rng(1).integers(0, 256, (3, 40, 48, 3), np.uint8)


@pytest.mark.parametrize("scaled", [False, True])
def test_the_graph_computes_features_and_logits_of_batches(tmp_path, images, scaled):
    file = tmp_path / "classify_image_graph_def.pb"
    file.write_bytes(frozen(scaled))
    inception = InceptionFeatures(file, batch_size=2)
    assert (inception.name, inception.dim, inception.classes) == ("inception_v3", DIM, CLASSES)
    for got, wanted in zip(
        inception(images), expected(legacy(images, (299, 299)), scaled), strict=True
    ):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)
    # Grey is three equal channels, and floats are rounded.
    grey = images[..., :1]
    as_floats = grey / 127.5 - 1 + 0.001
    np.testing.assert_array_equal(inception(as_floats)[0], inception(grey.repeat(3, -1))[0])
    unrounded = (np.clip(as_floats, -1, 1) + 1).repeat(3, -1) * 127.5
    wanted = expected(legacy(unrounded.astype(np.float32), (299, 299)), scaled)[0]
    found = inception.of_floats(as_floats)[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    assert np.abs(found - inception(as_floats)[0]).max() > 2e-4


@pytest.mark.slow
def test_within_a_graph_and_of_no_images(tmp_path, images):
    file = tmp_path / "x.pb"
    file.write_bytes(frozen())
    inception = InceptionFeatures(file)
    assert [each.shape for each in inception(images[:0])] == [(0, DIM), (0, CLASSES)]
    one, other = SlicedWasserstein(inception), SlicedWasserstein(inception)
    one.update_state(images, images[::-1] // 2)
    tf.function(other.update_state, autograph=False)(images, images[::-1] // 2)
    assert float(one.result()) == pytest.approx(float(other.result()), rel=1e-5)
    assert float(one.result()) > 0


def test_from_the_archive_antialiased(tmp_path, images):
    file = tmp_path / "inception-2015-12-05.tgz"
    with tarfile.open(file, "w:gz") as archive:
        for name, data in (("LICENSE", b"x"), ("./classify_image_graph_def.pb", frozen())):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    inception = InceptionFeatures(file, resizer="antialiased")
    assert inception.name == "inception_v3_antialiased"
    wanted, _ = expected(antialiased(images, (299, 299)))
    np.testing.assert_allclose(inception(images)[0], wanted, rtol=1e-4, atol=1e-4)
    with pytest.raises(InputError, match=f"SHA-256 abc, .* has {inception.fingerprint}"):
        InceptionFeatures(file, sha256="abc")


def test_other_files_are_a_sentence(tmp_path, monkeypatch, offline):
    with pytest.raises(InputError, match=r"there is no file '.*x.pb'; download it from https"):
        InceptionFeatures(tmp_path / "x.pb")
    for name, data, sentence in (
        ("a.pb", b"\x99nonsense", "is not the graph of https"),
        ("b.pb", tf.compat.v1.GraphDef().SerializeToString(), "is not the graph of https"),
        ("c.tgz", b"nonsense", r"is neither a .pb nor a whole .tgz"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=sentence) as error:
            InceptionFeatures(tmp_path / name)
        assert "\n" not in str(error.value)
    # Nothing answers at that address.
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InputError, match=r"not in .*cache and cannot be downloaded .* --inception"):
        InceptionFeatures()
    assert not list(tmp_path.glob("cache/.*"))
