"""From a run, over tfgan_zoo.export and a server, to files by tfgan_zoo.predict."""

import base64
import io
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.serving import exported, rest_server
from tests.tiny_runs import tiny_config, tiny_translation
from tfgan_zoo import cli, export, pictures, predict
from tfgan_zoo.data.depth import decode_16_bits
from tfgan_zoo.data.images import DecodingRules, decode, with_channels
from tfgan_zoo.errors import InputError, RefusedError, ServerError
from tfgan_zoo.run import experiment, trained
from tfgan_zoo.serving import requests as asking
from tfgan_zoo.serving.client import GrpcClient, RestClient, Signature, Tensor

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("predict")


def short_config(folder, **overrides):
    short = {f"train__{key}_every": "1" for key in ("log", "sample", "checkpoint")}
    return tiny_config(folder, "dcgan", train__steps="2", **short, **overrides)


@pytest.fixture(scope="module")
def runs(folder):
    """A folder with a finished run of two steps."""
    experiment.train(short_config(folder), folder / "dcgan", lambda _: None)
    return folder


@pytest.fixture(scope="module")
def served(folder, runs):
    """Two versions of that run, exported by the command, and a translator."""
    for flags in (["--checkpoint=1"], []):
        output = f"--output={folder / 'served' / 'dcgan'}"
        export.main([f"--workdir={runs / 'dcgan'}", output, *flags])
    exported.model("cyclegan").export(folder / "served" / "cyclegan" / "1")
    return folder / "served"


@pytest.fixture(scope="module")
def models(served):
    return {
        "dcgan": rest_server.Served(served / "dcgan", {"stable": 1}),
        "cyclegan": rest_server.Served(served / "cyclegan"),
    }


@pytest.fixture(scope="module")
def running(models):
    with rest_server.serving(models) as server:
        yield server


@pytest.fixture
def server(running):
    running.asked.clear()
    running.headers.clear()
    running.trouble.clear()
    running.replies.clear()
    return running


@pytest.fixture(scope="module")
def grpc_server(models):
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
    from tests.serving import grpc_server

    with grpc_server.serving(models) as (target, service):
        yield target, service


def said(main, *argv, capsys):
    """Returns (status, standard output, standard error) of a command."""
    with pytest.raises(SystemExit) as stop:
        cli.run(main, [str(argument) for argument in argv])
    return (stop.value.code, *capsys.readouterr())


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def drawn(run, seeds, checkpoint="best"):
    model = experiment.load_run(run, checkpoint)
    return pictures.to_uint8(model.generate(seeds=seeds))


# ---------------------------------------------------------------------- tfgan_zoo.export


def test_export_writes_versions(runs, served):
    names = sorted(p.name for p in (served / "dcgan").iterdir())
    assert names == ["1", "2", "batching.config", "models.config", "monitoring.config"]
    assert sorted(p.name for p in served.iterdir()) == ["cyclegan", "dcgan"]
    card = (served / "dcgan" / "2" / "README.md").read_text()
    assert "- model: `dcgan`" in card
    assert "- step: 2 of 2" in card
    assert "- weights: their moving average" in card
    assert '"model": "dcgan"' in card
    assert "- step: 1 of 2" in (served / "dcgan" / "1" / "README.md").read_text()
    # The score is that of the step, from its own line of metrics.jsonl.
    for version, row in (("1", 0), ("2", 1)):
        score = json.loads((runs / "dcgan" / "metrics.jsonl").read_text().splitlines()[row])["swd"]
        card = (served / "dcgan" / version / "README.md").read_text()
        assert f"- swd: {score:.6g}\n" in card
        assert "g_loss:" not in card.split("## Config")[0]


@pytest.mark.slow
def test_a_finished_run_is_ready_to_be_served(runs):
    config = short_config(runs, train__export="true")
    experiment.train(config, runs / "dcgan", lambda _: None)
    names = sorted(p.name for p in (runs / "dcgan" / "export" / "dcgan").iterdir())
    assert names == ["1", "batching.config", "models.config", "monitoring.config"]
    signatures = exported.signatures(runs / "dcgan" / "export" / "dcgan" / "1")
    (file,) = signatures["generate_from_seed_png"](seed=tf.constant([4], tf.int64))[
        "images_bytes"
    ].numpy()
    expected = drawn(runs / "dcgan", [4])[0]
    assert np.max(np.abs(exported.pixels(file).astype(int) - expected)) <= 1


@pytest.mark.slow
def test_export_says_what_it_wrote(runs, tmp_path, capsys):
    flags = [f"--workdir={runs / 'dcgan'}", f"--output={tmp_path / 'm'}", "--raw_weights"]
    status, out, _ = said(export.main, *flags, capsys=capsys)
    assert status == 0
    assert out.endswith(f" MB: {tmp_path / 'm' / '1'}\n")
    assert "- weights: as trained" in (tmp_path / "m" / "1" / "README.md").read_text()
    model = experiment.load_run(runs / "dcgan")
    latents = model.sample_latents(2)
    came = exported.signatures(tmp_path / "m" / "1")["generate"](latents=tf.constant(latents))
    np.testing.assert_allclose(came["images"], model.generator(latents, training=False), atol=1e-6)


@pytest.mark.slow
def test_export_to_a_folder_that_dots_stand_for(runs, tmp_path, monkeypatch, capsys):
    (tmp_path / "faces" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "faces" / "here")
    flags = [f"--workdir={runs / 'dcgan'}", "--output=.."]
    status, out, err = said(export.main, *flags, capsys=capsys)
    assert (status, err) == (0, "")
    assert out.endswith(f" MB: {tmp_path / 'faces' / '1'}\n")
    assert 'name: "faces"' in (tmp_path / "faces" / "models.config").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["faces"]


@pytest.mark.slow
def test_export_converts(tmp_path_factory, tmp_path, capfd):
    folder = tmp_path_factory.mktemp("cyclegan")
    config = tiny_translation(folder, "cyclegan", train__steps="2")
    experiment.train(config, folder / "run", lambda _: None)
    capfd.readouterr()
    flags = [f"--workdir={folder / 'run'}", f"--output={tmp_path}", "--format=tflite"]
    status, out, err = said(export.main, *flags, capsys=capfd)
    assert (status, err) == (0, "")  # TensorFlow Lite tells of its delegate
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a_to_b.tflite", "b_to_a.tflite"]
    assert str(tmp_path / "b_to_a.tflite") in out
    status, _, err = said(export.main, *flags, capsys=capfd)
    assert status == 2
    assert "exists; add --overwrite" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--output=x"], "--workdir: expected a value, or --preset=NAME instead of it, got none"),
        (["--workdir=no", "--output=x"], "is no run folder"),
        (["--workdir={run}", "--output=x", "--checkpoint=7"], "expected best, last or one of 1, 2"),
        (["--workdir={run}", "--output={run}/config.json"], "config.json' is a file"),
        (["--workdir={run}", "--output=/"], "expected a folder named like the model, got '/'"),
        (["--workdir={run}", "--output=m/1"], "/m/1', which is one version; give '"),
        (["--workdir={run}", "--output={served}/dcgan/1/"], "which is one version; give"),
        (["--workdir={run}", "--output=x", "--height=8"], "as a SavedModel takes images of any"),
        (
            ["--workdir={run}", "--output=x", "--format=onnx", "--height=8"],
            "--height, --width: expected two numbers of pixels, 0 for any, got 8 and None.",
        ),
        (
            ["--workdir={run}", "--output=x", "--format=tflite", "--height=8", "--width=8"],
            "expected none for a model that takes no images of any size",
        ),
        (
            ["--workdir={run}", "--output={run}/config.json/x", "--format=tflite"],
            "config.json' is a file; give another place",
        ),
        (["--workdir={run}", "--output={run}/config.json/x"], "config.json' is a file"),
        (["--workdir={run}", "--output=x", "--format=pb"], "<saved_model|tflite|onnx>"),
    ],
    ids=str,
)
def test_export_refuses_in_a_sentence(runs, served, tmp_path, monkeypatch, capsys, flags, sentence):
    monkeypatch.chdir(tmp_path)
    flags = [flag.format(run=runs / "dcgan", served=served) for flag in flags]
    status, out, err = said(export.main, *flags, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert sentence in err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_failed_export_leaves_the_versions_alone(runs, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("differ")

    monkeypatch.setattr(trained, "verify_export", fail)
    with pytest.raises(RuntimeError, match="differ"):
        experiment.export_run(runs / "dcgan", tmp_path / "m")
    assert not list(tmp_path.rglob("*.pb"))


# ---------------------------------------------------------------------- clients


def test_rest_learns_the_signatures(server, models):
    known = RestClient(server.url("dcgan")).signatures()
    assert list(known) == sorted({*exported.model("dcgan").signatures(), "serving_default"})
    assert known["generate_from_seed_png"] == Signature(
        {"seed": Tensor("int64", (-1,))}, {"images_bytes": Tensor("object", (-1,))}
    )
    assert known["generate"].inputs == {"latents": Tensor("float32", (-1, 8))}
    assert known["generate"].outputs == {"images": Tensor("float32", (-1, 16, 16, 3))}


def ask_everything(client, signatures):
    """All forms of an answer: floats, pixels and files."""
    seeds = np.array([3, -4])
    for form in ("", "_uint8", "_png"):
        made = client.predict(f"generate_from_seed{form}", {"seed": seeds})
        expected = signatures[f"generate_from_seed{form}"](seed=tf.constant(seeds))
        assert set(made) == set(expected)
        for name, value in expected.items():
            assert made[name].dtype == value.numpy().dtype
            if form == "":
                np.testing.assert_allclose(made[name], value, atol=1e-6)
            else:
                np.testing.assert_array_equal(made[name], value)


def test_rest_answers(server, models):
    _, signatures = models["dcgan"].versions[2]
    ask_everything(RestClient(server.url("dcgan")), signatures)
    _, signatures = models["dcgan"].versions[1]
    ask_everything(RestClient(server.url("dcgan") + "/versions/1/"), signatures)
    ask_everything(RestClient(server.url("dcgan") + "/labels/stable"), signatures)


def test_grpc_answers(grpc_server, server, models):
    target, service = grpc_server
    client = GrpcClient(target, "dcgan")
    assert client.signatures() == RestClient(server.url("dcgan")).signatures()
    ask_everything(client, models["dcgan"].versions[2][1])
    for choice in ({"version": 1}, {"label": "stable"}):
        ask_everything(GrpcClient(target, "dcgan", **choice), models["dcgan"].versions[1][1])
    import grpc

    service.trouble = [grpc.StatusCode.UNAVAILABLE] * 2
    GrpcClient(target, "dcgan", first_wait=0.01).signatures()
    assert not service.trouble
    service.trouble = [grpc.StatusCode.UNAVAILABLE] * 2
    with pytest.raises(ServerError, match=r"dcgan: unavailable: .* not well \(tried 2 times\)"):
        GrpcClient(target, "dcgan", retries=1, first_wait=0.01).signatures()
    with pytest.raises(ServerError, match=r"Servable not found: gan \(NOT_FOUND\)"):
        GrpcClient(target, "gan").signatures()
    with pytest.raises(ServerError, match="INVALID_ARGUMENT"):
        client.predict("generate", {"latents": np.zeros((1, 7), "float32")})


def test_rest_is_patient(server):
    server.trouble[:] = [503, "hang up"]
    start = time.monotonic()
    RestClient(server.url("dcgan"), first_wait=0.05).signatures()
    assert len(server.asked) == 3
    assert time.monotonic() - start >= 0.05 + 0.1
    server.trouble[:] = [503] * 3
    with pytest.raises(ServerError, match=r"is busy \(503\): The server is not well \(tried 3 "):
        RestClient(server.url("dcgan"), retries=2, first_wait=0.01).signatures()


def test_rest_does_not_repeat_what_will_not_go_better(server):
    server.trouble[:] = [500]
    with pytest.raises(ServerError, match=r"dcgan: The server is not well \(500\)"):
        RestClient(server.url("dcgan")).signatures()
    with pytest.raises(ServerError, match=r"Servable not found for request: Latest\(gan\) \(404\)"):
        RestClient(server.url("gan")).signatures()
    client = RestClient(server.url("dcgan"))
    with pytest.raises(ServerError, match=r"\(400\)"):
        client.predict("generate", {"latents": np.zeros((1, 7), "float32")})
    assert len(server.asked) == 3
    server.trouble[:] = [0.5]
    with pytest.raises(ServerError, match=r"no answer within 0\.1 s; see --timeout"):
        RestClient(server.url("dcgan"), timeout=0.1).signatures()


def test_rest_without_a_server():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1/models/m"
    with pytest.raises(ServerError, match=r"no connection: .*refused.* \(tried 2 times\)"):
        RestClient(url, retries=1, first_wait=0.01).signatures()


def test_headers_reach_the_server_and_nobody_else(server, tmp_path, capsys):
    url = f"--url={server.url('dcgan')}"
    headers = ["--header=Authorization: Bearer a:b=c", "--header=X-Tenant:  7 "]
    output = f"--output={tmp_path / 'x.png'}"
    assert said(predict.main, url, *headers, output, capsys=capsys)[0] == 0
    assert len(server.headers) == 3
    for sent in server.headers:
        assert (sent["Authorization"], sent["X-Tenant"]) == ("Bearer a:b=c", "7")
        assert sent["Content-Type"] == "application/json"
    # A server may redirect to another one, which must not learn the token.
    server.headers.clear()
    server.trouble[:] = [f"{server.url('dcgan')}/metadata"]
    assert said(predict.main, url, *headers, "--list", capsys=capsys)[0] == 0
    assert ["Authorization" in sent for sent in server.headers] == [True, False]


@pytest.fixture(scope="module")
def certificate(folder):
    """A certificate of 127.0.0.1 and its key, as files."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl is on the PATH")
    file, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    return file, key


def test_tls_of_rest(models, certificate, tmp_path, capsys):
    with rest_server.serving(models, certificate) as server:
        flags = [f"--url={server.url('dcgan')}", "--list"]
        status, out, err = said(predict.main, *flags, capsys=capsys)
        assert (status, out, err.count("\n")) == (1, "", 1)
        assert "the certificate cannot be verified (self" in err
        assert err.endswith("see --ca_file.\n")
        assert not server.asked
        status, out, _ = said(predict.main, *flags, f"--ca_file={certificate[0]}", capsys=capsys)
        assert status == 0
        assert "generate_from_seed_png" in out


def test_tls_of_grpc(models, certificate, capsys):
    pytest.importorskip("tensorflow_serving", reason="tensorflow-serving-api is not installed")
    from tests.serving import grpc_server

    with grpc_server.serving(models, certificate) as (target, _):
        flags = [f"--grpc={target}", "--model_name=dcgan", "--list", "--retries=0", "--timeout=10"]
        known = [*flags, "--tls", f"--ca_file={certificate[0]}"]
        status, out, _ = said(predict.main, *known, capsys=capsys)
        assert status == 0
        assert "generate_from_seed_png" in out
        assert said(predict.main, *flags, "--tls", capsys=capsys)[0] == 1  # not one of a CA
        assert said(predict.main, *flags, capsys=capsys)[0] == 1


@pytest.mark.parametrize(
    "url", ["localhost:8501", "http://h/v1/models/", "http://h/v1/models/m/versions/a", "http://h"]
)
def test_rest_takes_urls_of_models(url):
    with pytest.raises(InputError, match="--url: expected http://HOST:8501/v1/models/NAME"):
        RestClient(url)


def test_choosing_a_signature():
    file, seed = {"images_bytes": Tensor("object", (-1,))}, {"seed": Tensor("int64", (-1,))}
    text = {"text": Tensor("object", (-1,))}
    known = {
        "a_to_b_png": Signature(file, file),
        "b_to_a_png": Signature(file, file),
        "generate_png": Signature(seed | text, file),
        "generate": Signature(seed | text, {"images": Tensor("float32", (-1, 8, 8, 3))}),
    }
    assert asking.choose(known, ["images_bytes"]) == "a_to_b_png"
    assert asking.choose(known, ["images_bytes"], "b_to_a") == "b_to_a_png"
    assert asking.choose(known, ["seed", "text"]) == "generate_png"
    with pytest.raises(InputError, match="no signature that takes seed and returns images_bytes"):
        asking.choose(known, ["seed"])
    with pytest.raises(InputError, match=r"a_to_b_png, b_to_a_png\), got 'generate'"):
        asking.choose(known, ["images_bytes"], "generate")


# ---------------------------------------------------------------------- tfgan_zoo.predict


def test_images_of_seeds(runs, server, tmp_path, capsys):
    url = f"--url={server.url('dcgan')}"
    flags = [url, "--num=5", "--seed=7", "--batch_size=2", f"--output={tmp_path / 'images'}"]
    status, out, err = said(predict.main, *flags, capsys=capsys)
    assert (status, err) == (0, "")
    assert out == f"5 images by generate_from_seed_png: {tmp_path / 'images'}\n"
    expected = drawn(runs / "dcgan", range(7, 12))
    names = [f"{seed:06d}.png" for seed in range(7, 12)]
    assert sorted(p.name for p in (tmp_path / "images").iterdir()) == names
    for name, image in zip(names, expected, strict=True):
        assert np.max(np.abs(read(tmp_path / "images" / name).astype(int) - image)) <= 1
    assert len([path for path in server.asked if path.endswith(":predict")]) == 3
    # One file, of the same seed; of an older version.
    predict.main([url, "--seed=9", f"--output={tmp_path / '9.png'}"])
    assert (tmp_path / "9.png").read_bytes() == (tmp_path / "images" / names[2]).read_bytes()
    predict.main([url, "--seed=9", "--version=1", f"--output={tmp_path / 'old.png'}"])
    predict.main([url, "--seed=9", "--label=stable", f"--output={tmp_path / 'stable.png'}"])
    assert (tmp_path / "stable.png").read_bytes() == (tmp_path / "old.png").read_bytes()
    old = drawn(runs / "dcgan", [9], "1")[0]
    assert np.max(np.abs(read(tmp_path / "old.png").astype(int) - old)) <= 1


@pytest.fixture(scope="module")
def gan_cls(folder):
    exported.model("gan_cls").export(folder / "gan_cls_served" / "1")
    return rest_server.Served(folder / "gan_cls_served")


@pytest.mark.slow
def test_every_text_is_drawn(gan_cls, tmp_path, capsys):
    texts, out = ["a red circle", "a blue ring"], tmp_path / "images"
    with rest_server.serving({"gan_cls": gan_cls}) as server:
        url, asked_for = f"--url={server.url('gan_cls')}", [f"--text={text}" for text in texts]
        flags = [url, "--num=3", "--seed=7", "--batch_size=2"]
        both = [*flags, *asked_for, f"--output={out}"]
        status, printed, err = said(predict.main, *both, capsys=capsys)
        assert (status, printed, err) == (0, f"6 images by generate_png: {out}\n", "")
        predict.main([*flags, f"--text={texts[1]}", f"--output={tmp_path / 'one'}"])
        both = [url, *asked_for, f"--output={tmp_path / 'x.png'}"]
        assert "holds one image" in said(predict.main, *both, capsys=capsys)[2]
        # In Python one string is one text, not a text for each of its letters.
        client = asking.connect(server.url("gan_cls"), None, None)
        one_string = list(asking.drawn(client, "generate_png", [7, 8, 9], texts[1]))
        assert [path.name for path in asking.paths(str(tmp_path), [7], "red")] == ["000007.png"]
        for no_text in ([None], ["a", 1]):
            with pytest.raises(InputError, match="texts: expected strings, got"):
                list(asking.drawn(client, "generate_png", [7], no_text))
    names = [f"{number}_{seed:06d}.png" for number in (1, 2) for seed in (7, 8, 9)]
    assert sorted(p.name for p in out.iterdir()) == names
    asked = [text for text in texts for _ in range(3)]
    expected = exported.model("gan_cls").generate(asked, seeds=[7, 8, 9] * 2)
    for name, image in zip(names, pictures.to_uint8(expected), strict=True):
        assert np.max(np.abs(read(out / name).astype(int) - image)) <= 1
    for seed in (7, 8, 9):  # of one text, by the seed alone
        alone = (tmp_path / "one" / f"{seed:06d}.png").read_bytes()
        assert alone == (out / f"2_{seed:06d}.png").read_bytes() == one_string[seed - 7]


@pytest.fixture(scope="module")
def told(folder):
    exported.model("conditional_dcgan").export(folder / "told_served" / "1")
    return rest_server.Served(folder / "told_served")


@pytest.mark.slow
def test_classes_are_drawn_by_name_or_number(told, tmp_path, capsys):
    out = tmp_path / "images"
    with rest_server.serving({"told": told}) as server:
        flags = [f"--url={server.url('told')}", "--num=2", "--seed=7"]
        classes = ["--class_label=cat", "--class_label=0"]
        status, printed, err = said(
            predict.main, *flags, *classes, f"--output={out}", capsys=capsys
        )
        assert (status, printed, err) == (0, f"4 images by generate_from_seed_png: {out}\n", "")
        for more, sentence in (
            (["--class_label=cta"], "--class_label: there is no class 'cta'; did you mean cat?"),
            (["--class_label=3"], "--class_label: there is no class '3'; choose from ant, bee, c"),
            ([], "--class_label: expected a class, which this model draws, got none."),
            (["--class_label=cat", "--text=a"], "--class_label: expected none beside --text"),
        ):
            output = f"--output={tmp_path / 'x'}"
            status, _, err = said(predict.main, *flags, *more, output, capsys=capsys)
            assert status == 2
            assert err.startswith(f"error: {sentence}")
    expected = exported.model("conditional_dcgan").generate(seeds=[7, 8] * 2, label=[2, 2, 0, 0])
    names = [f"{number}_{seed:06d}.png" for number in (1, 2) for seed in (7, 8)]
    for name, image in zip(names, pictures.to_uint8(expected), strict=True):
        assert np.max(np.abs(read(out / name).astype(int) - image)) <= 1


def test_files_are_translated(server, tmp_path, capsys):
    random = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for name, size in (("a.png", (16, 20)), ("b.jpg", (9, 31))):
        Image.fromarray(random.integers(0, 256, (*size, 3), np.uint8)).save(tmp_path / "in" / name)
    flags = [f"--url={server.url('cyclegan')}", f"--input={tmp_path / 'in'}"]
    model = exported.model("cyclegan")
    for direction, channels in (("a_to_b", 1), ("b_to_a", 3)):
        output = tmp_path / direction
        status, out, err = said(
            predict.main, *flags, f"--output={output}", f"--signature={direction}", capsys=capsys
        )
        assert (status, err) == (0, "")
        assert out == f"2 images by {direction}_png: {output}\n"
        given = with_channels(decode(tmp_path / "in" / "a.png"), channels)
        expected = pictures.to_uint8(model.translate(given[np.newaxis], direction)[0])
        came = read(output / "a.png").reshape(expected.shape).astype(int)
        assert np.max(np.abs(came - expected)) <= 1
    assert (
        "exist; add --overwrite"
        in said(predict.main, *flags, f"--output={tmp_path / 'a_to_b'}", capsys=capsys)[2]
    )


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_files_of_16_bits_are_translated_as_floats(server, request, tmp_path, capsys, kind):
    deep = np.linspace(0, 65535, 16 * 20).astype(np.uint16).reshape(16, 20)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    flags = [f"--url={server.url('cyclegan')}"]
    if kind == "grpc":
        target, _ = request.getfixturevalue("grpc_server")
        flags = [f"--grpc={target}", "--model_name=cyclegan"]
    flags += [f"--input={tmp_path / 'deep.png'}", "--signature=b_to_a", "--bits=16"]
    status, out, err = said(predict.main, *flags, f"--output={tmp_path / 'o'}", capsys=capsys)
    assert (status, err, out) == (0, "", f"1 image by b_to_a: {tmp_path / 'o'}\n")
    given = np.repeat(
        (2 * (deep / 65535) - 1).astype(np.float32)[np.newaxis, ..., np.newaxis], 3, -1
    )
    made = exported.model("cyclegan").translate(given, "b_to_a")[0].astype(float)
    found = decode_16_bits(tmp_path / "o" / "deep.png", DecodingRules())
    # Sums in another order differ a little; 8 bits would be off by 128.
    assert np.abs(found - (made + 1) * 32767.5).max() <= 20
    assert len(np.unique(found)) > 256


def test_16_bits_need_a_signature_with_floats():
    floats = Signature(
        {"images": Tensor("float32", (-1, 8, 8, 3))}, {"images": Tensor("float32", ())}
    )
    assert asking.of_floats({"a_to_b": floats}, "a_to_b_png") == "a_to_b"
    uint8 = Signature({"images": Tensor("uint8", ())}, {"images": Tensor("uint8", ())})
    for signatures in ({}, {"a_to_b": uint8}):
        with pytest.raises(InputError, match=r"no signature a_to_b that takes and returns floats"):
            asking.of_floats(signatures, "a_to_b_png")
    convert = asking.converter_of_floats(None, floats, "a_to_b")
    with pytest.raises(RefusedError, match=r"a_to_b takes images of 8x8 pixels, not 9x8\."):
        convert(np.zeros((8, 9, 3), np.float32))


def test_unreadable_images(server, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(noise).save(given / "a.png")
    (given / "b.png").write_bytes((given / "a.png").read_bytes()[:60])
    flags = [f"--url={server.url('cyclegan')}", f"--input={given}", f"--output={out}"]
    status, printed, err = said(predict.main, *flags, capsys=capsys)
    assert (status, printed, err.count("\n")) == (2, "", 1)
    assert err.endswith("or skip such files with --on_error=skip.\n")
    flags += ["--overwrite", "--on_error=skip"]
    status, printed, err = said(predict.main, *flags, capsys=capsys)
    assert (status, printed) == (0, f"1 image by a_to_b_png, 1 left out: {out}\n")
    assert err.startswith(f"left out: {given / 'b.png'} cannot be read")
    assert [path.name for path in out.iterdir()] == ["a.png"]


def test_images_that_the_server_refuses(server, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    for name in "abcd":
        Image.fromarray(NOISE).save(given / f"{name}.png")
    flags = [f"--url={server.url('cyclegan')}", f"--input={given}", f"--output={out}"]
    # The metadata is asked for twice, before and after the first image.
    refusals = [200, 200, 200, 400, 200, 413]
    server.trouble[:] = refusals
    status, _, err = said(predict.main, *flags, capsys=capsys)
    assert (status, err.count("\n")) == (1, 1)
    assert err.startswith(f"error: {given / 'b.png'}: http")
    assert err.endswith("(400).\n")
    server.trouble[:] = refusals
    flags.append("--on_error=skip")
    status, printed, err = said(predict.main, *flags, "--overwrite", capsys=capsys)
    assert (status, printed) == (0, f"2 images by a_to_b_png, 2 left out: {out}\n")
    first, second, last = err.splitlines()
    assert first.startswith(f"left out: {given / 'b.png'}: http")
    assert second.endswith("(413).")
    assert last == f"2 of 4 left out: {given / 'b.png'}, {given / 'd.png'}"
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "c.png"]
    # A server that forbids, or is away, refuses no image.
    for trouble in (403, 404):
        server.trouble[:] = [200, trouble]
        assert said(predict.main, *flags, "--overwrite", capsys=capsys)[0] == 1


def test_what_exists_is_skipped(server, tmp_path, capsys):
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    for name in "abc":
        Image.fromarray(NOISE).save(given / f"{name}.png")
    flags = [f"--url={server.url('cyclegan')}", f"--input={given}", f"--output={out}"]
    out.mkdir()
    (out / "b.png").write_bytes(b"earlier")
    status, printed, _ = said(predict.main, *flags, "--skip_existing", capsys=capsys)
    assert (status, printed) == (0, f"2 images by a_to_b_png, 1 there already: {out}\n")
    assert (out / "b.png").read_bytes() == b"earlier"
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png", "c.png"]
    # Seeds, of which an image depends on its own alone.
    drawn, whole = tmp_path / "drawn", tmp_path / "whole"
    flags = [f"--url={server.url('dcgan')}", "--num=4"]
    predict.main([*flags, f"--output={whole}"])
    predict.main([flags[0], "--seed=1", "--num=2", f"--output={drawn}"])
    server.asked.clear()
    capsys.readouterr()
    more = [*flags, f"--output={drawn}", "--skip_existing"]
    printed = said(predict.main, *more, capsys=capsys)[1]
    assert printed == f"2 images by generate_from_seed_png, 2 there already: {drawn}\n"
    assert [path.endswith(":predict") for path in server.asked].count(True) == 1
    for path in whole.iterdir():
        assert (drawn / path.name).read_bytes() == path.read_bytes()
    printed = said(predict.main, *more, capsys=capsys)[1]
    assert printed.startswith("0 images by generate_from_seed_png, 4 there already")


def files_of(pixels=None, ending="PNG", size=None):
    """A file, perhaps cut off, in the form of a list of one."""
    data = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8) if pixels is None else pixels).save(data, ending)
    return [data.getvalue()[:size]]


NOISE = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
#: What a server may give for one image, and what is said of it.
NO_IMAGES = {
    "no picture at all": ([b"<html>"], "got 6 bytes of another kind"),
    "an empty file": ([b""], "got 0 bytes of another kind"),
    "a JPEG": (files_of(ending="JPEG"), "bytes of another kind"),
    "half a PNG": (files_of(NOISE, size=400), "got 400 bytes ("),
    "a PNG of 16 bits": (files_of(np.zeros((8, 8), np.uint16)), "got one of mode I;16"),
    "two images": (files_of() * 2, "expected 1 row of images_bytes from"),
    "none": ([], "expected 1 row of images_bytes from"),
}


def as_rest(files):
    rows = [{"b64": base64.b64encode(file).decode()} for file in files]
    return lambda _: {"predictions": rows}


#: What only JSON can say.
NO_ROWS = {
    "a number": {"predictions": [3]},
    "null": {"predictions": [None]},
    "no rows": {"predictions": None},
    "a list of lists": {"predictions": [[1, 2]]},
    "no base64": {"predictions": [{"b64": "<html>"}]},
    "base64 of nothing": {"predictions": [{"b64": None}]},
    "another name": {"outputs": []},
    "no object": [1],
    "nothing": None,
}
ANSWERS = {
    **{name: (as_rest(files), said) for name, (files, said) in NO_IMAGES.items()},
    **{
        name: (lambda _, content=content: content, "the answer does not match")
        for name, content in NO_ROWS.items()
    },
}


#: The others are refused by the same lines.
QUICK_ANSWERS = ("no picture at all", "none", "nothing")


def answers(all_of_them):
    return [
        pytest.param(*answer, id=name, marks=[] if name in QUICK_ANSWERS else pytest.mark.slow)
        for name, answer in all_of_them.items()
    ]


@pytest.mark.parametrize(("reply", "sentence"), answers(ANSWERS))
def test_a_rest_answer_that_is_no_image_is_an_error_of_the_server(
    server, tmp_path, capsys, reply, sentence
):
    check_answers(
        [f"--url={server.url('{model}')}"], server.replies, reply, sentence, tmp_path, capsys
    )


GRPC_ANSWERS = {
    **{
        name: (lambda _, files=files: {"images_bytes": np.array(files, object)}, said)
        for name, (files, said) in NO_IMAGES.items()
        if files  # TensorFlow makes no tensor of no strings
    },
    "numbers": (lambda _: {"images_bytes": np.zeros(1, np.float32)}, "to be strings, got float32"),
    "no rows": (lambda _: {"images_bytes": np.zeros(0, np.float32)}, "to be strings, got float32"),
    "one for all": (lambda _: {"images_bytes": np.array(b"a", object)}, "got one value"),
    "another name": (lambda _: {"images": np.zeros((1, 8, 8, 3))}, "has no images_bytes"),
}


@pytest.mark.parametrize(("reply", "sentence"), answers(GRPC_ANSWERS))
def test_a_grpc_answer_that_is_no_image_is_an_error_of_the_server(
    grpc_server, tmp_path, capsys, reply, sentence
):
    target, service = grpc_server
    flags = [f"--grpc={target}", "--model_name={model}"]
    check_answers(flags, service.replies, reply, sentence, tmp_path, capsys)


def check_answers(flags, replies, reply, sentence, folder, capsys):
    """Checks answers to a seed and an image: the server, what it was sent, and no file written."""
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / "sent.png")
    for model, more, sent in (
        ("dcgan", ["--seed=7"], "seed 7"),
        ("cyclegan", [f"--input={folder / 'sent.png'}"], f"{folder / 'sent.png'}: "),
    ):
        replies[:] = [reply]
        given = [flag.replace("{model}", model) for flag in flags]
        output = f"--output={folder / 'out'}"
        status, out, err = said(predict.main, *given, *more, output, capsys=capsys)
        assert (status, out, err.count("\n")) == (1, "", 1)
        assert sentence in err
        assert model in err
        assert not replies
        assert not (folder / "out").exists()
        if "expected a PNG" in err or "input" in more[0]:
            assert sent in err


def test_an_answer_of_another_size_or_kind_of_png_is_an_image(server, tmp_path):
    flags = [f"--url={server.url('cyclegan')}", f"--input={tmp_path / 'sent.png'}"]
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "sent.png")
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 3), np.uint8)
    palette = io.BytesIO()
    Image.fromarray(pixels).quantize(20).save(palette, "PNG")
    for i, files in enumerate((files_of(pixels), [palette.getvalue()])):
        server.replies[:] = [as_rest(files)]
        predict.main([*flags, f"--output={tmp_path / f'{i}.png'}"])
        np.testing.assert_array_equal(read(tmp_path / f"{i}.png"), pixels)


@pytest.mark.parametrize(
    "metadata", [[], {"metadata": None}, {"metadata": {"signature_def": {"signature_def": [1]}}}]
)
def test_metadata_of_another_kind_of_server_is_a_sentence(metadata):
    client = RestClient("http://localhost/v1/models/m")
    client._ask = lambda *_: metadata
    with pytest.raises(ServerError, match=r"models/m: the metadata is not that of TF Serving"):
        client.signatures()


def test_grpc_writes_the_same_files(grpc_server, server, tmp_path):
    target, _ = grpc_server
    flags = ["--seed=3", "--num=2"]
    predict.main([f"--url={server.url('dcgan')}", *flags, f"--output={tmp_path / 'rest'}"])
    grpc = [f"--grpc={target}", "--model_name=dcgan"]
    predict.main([*grpc, *flags, f"--output={tmp_path / 'grpc'}"])
    for path in (tmp_path / "rest").iterdir():
        assert (tmp_path / "grpc" / path.name).read_bytes() == path.read_bytes()


def test_list(server, capsys):
    status, out, _ = said(predict.main, f"--url={server.url('dcgan')}", "--list", capsys=capsys)
    assert status == 0
    assert "generate: latents float32[?, 8] -> images float32[?, 16, 16, 3]\n" in out
    assert "generate_from_seed_png: seed int64[?] -> images_bytes string[?]\n" in out


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--output=x"], "Give --url or --grpc"),
        (["--url={url}"], "--output: expected a .png or a folder, got none"),
        (["--url=localhost", "--output=x"], "--url: expected http://HOST:8501/v1/models/NAME"),
        (["--grpc=h:1", "--output=x"], "--model_name: expected a name beside --grpc"),
        (["--url={url}", "--output=x", "--model_name=m"], "expected none with --url"),
        (["--url={url}", "--output=x", "--version=1", "--label=a"], "not both"),
        (["--url={url}", "--output=x", "--num=0"], "--num: expected a whole number from 1 up"),
        (["--url={url}", "--output=x", "--timeout=0"], "--timeout, --retries: expected seconds"),
        (["--url={url}", "--output=x.png", "--num=2"], "holds one image; give a folder"),
        (["--url={url}", "--output=x.jpg"], "expected a .png or a folder"),
        (["--url={url}", "--output=x.bmp"], "expected a .png or a folder, got 'x.bmp'"),
        (["--url={url}", "--output=x", f"--seed={2**63}"], "to 9223372036854775807, got 9223"),
        (
            ["--url={url}", "--output=x", f"--seed={2**63 - 2}", "--num=3"],
            "to 9223372036854775805,",
        ),
        (["--url={url}", "--output=x", f"--seed={-(2**63) - 1}"], "from -9223372036854775808 to"),
        (["--url={url}", "--output=x", "--header=Bearer x"], "got 'a text without a colon'"),
        (["--url={url}", "--output=x", "--header=A b: c"], '--header: expected "Name: value"'),
        (["--url={url}", "--output=x", "--header=A: b\nC: d"], "as the value of A, got another"),
        (
            ["--url={url}", "--output=x", "--header=host: h"],
            "that the client sets itself, got host",
        ),
        (["--grpc=h:1", "--model_name=m", "--output=x", "--header=A: b"], "none with --grpc; use"),
        (["--grpc=h:1", "--model_name=m", "--output=x", "--ca_file=no"], "expected --tls beside"),
        (
            ["--grpc=h:1", "--model_name=m", "--output=x", "--tls", "--ca_file=no"],
            "cannot read 'no'",
        ),
        (["--url={url}", "--output=x", "--tls"], "--tls: expected none with --url; use https://"),
        (["--url={url}", "--output=x", "--ca_file=no"], "expected --url=https://... beside it"),
        (["--url=https://h/v1/models/m", "--output=x", "--ca_file=/dev/null"], "in PEM format"),
        (["--url={url}", "--output=x", "--skip_existing", "--overwrite"], "without --overwrite"),
        (["--url={url}", "--output=x", "--text=a"], "no signature that takes seed and text"),
        (["--url={url}", "--output=x", "--input=no.png"], "'no.png' does not exist"),
        (["--url={url}", "--output=x", "--input=a.png", "--bits=12"], "--bits: expected 8 or 16"),
        (["--url={url}", "--output=x", "--bits=16"], "--bits: expected --input beside 16"),
    ],
    ids=str,
)
def test_predict_refuses_in_a_sentence(server, tmp_path, monkeypatch, capsys, flags, sentence):
    monkeypatch.chdir(tmp_path)
    flags = [flag.format(url=server.url("dcgan")) for flag in flags]
    status, out, err = said(predict.main, *flags, capsys=capsys)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert sentence in err
    assert not list(tmp_path.iterdir())
    if "--seed" in str(flags):
        assert server.asked == []


def test_the_last_seed_of_64_bits(server, tmp_path):
    output = tmp_path / "images"
    predict.main(
        [f"--url={server.url('dcgan')}", f"--seed={2**63 - 2}", "--num=2", f"--output={output}"]
    )
    assert sorted(p.stem for p in output.iterdir()) == [str(2**63 - 2), str(2**63 - 1)]


def test_a_server_that_is_away_is_a_line_and_status_1(tmp_path, capsys):
    flags = ["--url=http://127.0.0.1:9/v1/models/m", "--retries=0", f"--output={tmp_path / 'x'}"]
    status, _, err = said(predict.main, *flags, capsys=capsys)
    assert (status, err.count("\n")) == (1, 1)
    assert err.startswith("error: http://127.0.0.1:9/v1/models/m: no connection: ")


# ---------------------------------------------------------------------- TF Serving itself


@pytest.fixture(scope="module")
def tf_serving(served):
    """Yields the URL of /v1/models of a server that serves `served`."""
    binary = shutil.which("tensorflow_model_server")
    if binary is None:
        pytest.skip("no tensorflow_model_server is on the PATH")
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    config = served.parent / "models.config"
    config.write_text(
        "model_config_list {"
        + "".join(
            f'config {{ name: "{p.name}" base_path: "{p}" model_platform: "tensorflow" }}'
            for p in served.iterdir()
        )
        + "}"
    )
    command = [binary, f"--port={ports[0]}", f"--rest_api_port={ports[1]}"]
    process = subprocess.Popen([*command, f"--model_config_file={config}"])
    url = f"http://127.0.0.1:{ports[1]}/v1/models"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/dcgan", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait()


def test_tf_serving_serves(tf_serving, runs, served, tmp_path):
    _, signatures = rest_server.Served(served / "dcgan").versions[2]
    client = RestClient(f"{tf_serving}/dcgan")
    assert {*signatures} == {*client.signatures()}
    ask_everything(client, signatures)
    with pytest.raises(ServerError):
        client.predict("generate", {"latents": np.zeros((1, 7), "float32")})
    predict.main([f"--url={tf_serving}/dcgan", "--num=3", f"--output={tmp_path / 'images'}"])
    assert len(list((tmp_path / "images").iterdir())) == 3
    image = tmp_path / "images" / "000000.png"
    output = f"--output={tmp_path / 'b.png'}"
    predict.main([f"--url={tf_serving}/cyclegan", f"--input={image}", output])
    assert read(tmp_path / "b.png").shape == (16, 16, 3)


def test_a_running_tf_serving(tmp_path):
    """Of whatever model that starts from seeds: TF_SERVING_URL=http://HOST:8501/v1/models/NAME."""
    url = os.environ.get("TF_SERVING_URL")
    if not url:
        pytest.skip("TF_SERVING_URL is not set")
    client = RestClient(url)
    (one,) = client.predict("generate_from_seed", {"seed": np.array([7])})["images"]
    many = client.predict("generate_from_seed", {"seed": np.array([1, 7, 2])})["images"]
    np.testing.assert_allclose(many[1], one, atol=1e-5)
    with pytest.raises(ServerError):
        client.predict("generate_from_seed", {"seed": np.array([[7]])})
    predict.main([f"--url={url}", "--seed=7", f"--output={tmp_path / '7.png'}"])
    came = read(tmp_path / "7.png").reshape(one.shape).astype(int)
    assert np.max(np.abs(came - pictures.to_uint8(one))) <= 1
