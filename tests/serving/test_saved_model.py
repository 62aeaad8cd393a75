"""Versions, what lies beside them, and what a SavedModel holds besides signatures."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

from tests.models.tiny import tiny
from tests.serving import exported
from tfgan_zoo.models import GAN
from tfgan_zoo.run.trained import export_model
from tfgan_zoo.serving import saved_model, settings, warmup
from tfgan_zoo.serving.signatures import in_every_form


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "dcgan" / "1"
    exported.model("dcgan").export(path, facts={"data": "`figures`"}, scores={"fid": 12.5})
    return path


def test_versions_are_numbered_on(tmp_path):
    def new(content):
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "saved_model.pb").write_text(content)
        return tmp_path / "new"

    folder = tmp_path / "served" / "dcgan"
    assert saved_model.place_as_next(new("a"), folder) == folder / "1"
    assert saved_model.place_as_next(new("b"), folder) == folder / "2"
    (folder / "10").mkdir()
    (folder / "models.config").touch()
    assert saved_model.place_as_next(new("c"), folder) == folder / "11"
    shutil.rmtree(folder / "1")  # a number is not given twice
    assert saved_model.place_as_next(new("d"), folder) == folder / "12"
    assert saved_model.versions(folder) == [2, 10, 11, 12]
    assert (folder / "2" / "saved_model.pb").read_text() == "b"


def test_two_at_once_get_a_number_each(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    assert saved_model.place_as_next(tmp_path / "a", tmp_path / "m").name == "1"
    seen = iter([[], [1]])  # the second looked before the first was there
    monkeypatch.setattr(saved_model, "versions", lambda folder: next(seen))
    assert saved_model.place_as_next(tmp_path / "b", tmp_path / "m").name == "2"


def test_settings_are_written_once(tmp_path):
    folder = tmp_path / "faces"
    folder.mkdir()
    settings.write_settings(folder)
    (folder / "batching.config").write_text("mine")
    settings.write_settings(folder)
    assert (folder / "batching.config").read_text() == "mine"
    text = (folder / "models.config").read_text()
    assert 'name: "faces"' in text
    assert 'base_path: "/models/faces"' in text


def test_settings_name_the_folder_that_dots_stand_for(tmp_path, monkeypatch):
    (tmp_path / "faces" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "faces" / "here")
    settings.write_settings(Path(".."))
    assert 'name: "faces"' in (tmp_path / "faces" / "models.config").read_text()


def test_settings_are_what_the_server_reads(tmp_path):
    config = pytest.importorskip(
        "tensorflow_serving.config.model_server_config_pb2",
        reason="tensorflow-serving-api is not installed",
    )
    folder = tmp_path / "faces"
    folder.mkdir()
    settings.write_settings(folder)
    text = (folder / "models.config").read_text()
    read = text_format.Parse(text, config.ModelServerConfig())
    assert [c.name for c in read.model_config_list.config] == ["faces"]
    uncommented = text.replace("# model_version", "model_version").replace(
        "# version_l", "version_l"
    )
    (served,) = text_format.Parse(uncommented, config.ModelServerConfig()).model_config_list.config
    assert list(served.model_version_policy.specific.versions) == [1, 2]
    assert dict(served.version_labels) == {"stable": 1, "canary": 2}


def test_verify_sees_a_difference_in_every_form(path):
    forms = in_every_form(exported.model("dcgan").endpoints())
    saved_model.verify(path, forms)
    other = in_every_form(tiny("dcgan").endpoints())
    for name in forms:
        with pytest.raises(RuntimeError, match=f"differ by up to .* in {name}"):
            saved_model.verify(path, {name: other[name]})


def test_an_export_that_is_verified_is_traced_once(tmp_path):
    traced = []

    class Watched(GAN):
        def endpoints(self):
            traced.append(self)
            return super().endpoints()

    model = Watched((2,), 4)
    export_model(model, tmp_path / "points" / "1")
    assert (tmp_path / "points" / "1" / "saved_model.pb").is_file()
    assert len(traced) == 1
    # Only for that export: its weights may be others afterwards, and so may its networks.
    first, second = model.signatures(), model.signatures()
    assert first["generate"].function is not second["generate"].function


def test_difference():
    assert saved_model.difference(np.zeros((2, 3)), np.zeros((2, 4))) == np.inf
    assert saved_model.difference(np.array([0.5, 9.0]), np.array([0.75, 10.0])) == 0.25
    assert saved_model.difference(np.array([9.0]), np.array([10.0])) == pytest.approx(0.1)
    assert saved_model.difference(np.uint8([200]), np.uint8([203])) == 3
    assert not saved_model.difference(np.array([np.nan]), np.array([0.0])) <= 1


def test_card(path):
    text = (path / "README.md").read_text()
    assert text.startswith("# dcgan\n\nDeep convolutional GAN. Radford et al. 2015")
    for name in exported.model("dcgan").signatures():
        assert f"`{name}`" in text
    assert "`latents`: float32 (batch, 8) | `images`: float32 (batch, 16, 16, 3)" in text
    assert "- data: `figures`" in text
    assert "- fid: 12.5" in text
    assert "Intended use and limits" in text
    others = sum(p.stat().st_size for p in path.rglob("*") if p.is_file() and p.name != "README.md")
    assert f"({others:,} bytes)" in text


# ---------------------------------------------------------------------- warm-up


def records(path):
    return list(tf.data.TFRecordDataset(str(path / warmup.PATH)).as_numpy_iterator())


def test_warm_up_requests_are_answered(path):
    log = pytest.importorskip(
        "tensorflow_serving.apis.prediction_log_pb2",
        reason="tensorflow-serving-api is not installed",
    )
    signatures = exported.signatures(path)
    asked = []
    for record in records(path):
        message = log.PredictionLog.FromString(record)
        assert message.SerializeToString(deterministic=True) == record
        assert message.WhichOneof("log_type") == "predict_log"
        request = message.predict_log.request
        assert request.model_spec.name == "dcgan"
        asked.append(request.model_spec.signature_name)
        given = {name: tf.constant(tf.make_ndarray(t)) for name, t in request.inputs.items()}
        assert all(len(value) == 1 for value in signatures[asked[-1]](**given).values())
    assert asked == list(exported.model("dcgan").signatures())


def test_a_warm_up_request_byte_by_byte():
    """An int64 tensor [300]: fields and lengths as protocol buffers encode them."""
    tensor = tf.make_tensor_proto(np.array([300])).SerializeToString()
    entry = b"\x0a\x04seed\x12" + bytes([len(tensor)]) + tensor
    spec = b"\x0a\x01m\x1a\x01s"
    request = b"\x0a\x06" + spec + b"\x12" + bytes([len(entry)]) + entry
    log = b"\x0a" + bytes([len(request)]) + request
    expected = b"\x32" + bytes([len(log)]) + log
    assert warmup.prediction_log("m", "s", {"seed": np.array([300])}) == expected
    # Lengths from 128 up take two bytes.
    long = warmup.prediction_log("m", "s", {"seed": np.arange(100)})
    assert long[0] == 0x32
    assert (long[1] & 127) + (long[2] << 7) == len(long) - 3
