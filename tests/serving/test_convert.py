import contextlib

import numpy as np
import pytest

import tfgan_zoo
from tests.marks import slow
from tests.models.tiny import tiny
from tests.serving import exported
from tests.serving.exported import every_export
from tfgan_zoo.errors import InputError
from tfgan_zoo.serving import convert as module
from tfgan_zoo.serving.convert import convert


@every_export
def test_tflite(tmp_path, name):
    endpoints = exported.model(name).endpoints()
    paths = convert(endpoints, tmp_path, "tflite")
    drawing = ("generate" if name == "gan_cls" else "generate_from_seed",)  # random numbers
    expected = [e for e in endpoints if e not in drawing]
    assert [path.name for path in paths] == [f"{e}.tflite" for e in expected]
    assert all(path.stat().st_size > 1000 for path in paths)
    assert len(list(tmp_path.iterdir())) == len(paths)


@pytest.mark.parametrize("name", ["dcgan", "cyclegan", "srgan"])
def test_onnx(tmp_path, name):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("tf2onnx", reason="tf2onnx is not installed")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    for path in convert(exported.model(name).endpoints(), tmp_path, "onnx"):
        graph = onnx.load(path).graph
        names = {"dcgan": ("latents", "images")}.get(name, ("images", "new_images"))
        assert (graph.input[0].name, graph.output[0].name) == names


@pytest.mark.parametrize("wrong", [None, "images", "masks"])
def test_every_output_is_compared(tmp_path, monkeypatch, wrong):
    endpoint = exported.model("attribute_to_image").endpoints()["generate_from_codes"]

    def altered(name, endpoint):
        def run(request):
            made = {key: value.numpy() for key, value in endpoint.function(**request).items()}
            return {key: value + 0.1 * (key == wrong) for key, value in made.items()}

        return b"file", run

    monkeypatch.setattr(module, "to_tflite", altered)
    refused = contextlib.nullcontext() if wrong is None else pytest.raises(RuntimeError)
    with refused:
        convert({"generate": endpoint}, tmp_path, "tflite")
    assert (tmp_path / "generate.tflite").exists() == (wrong is None)


@pytest.mark.parametrize("network", ["dcgan_generator", "resnet_generator"])
@pytest.mark.slow
def test_tflite_of_upsampling_by_resizing(tmp_path, monkeypatch, network):
    """As in the recipe for own images, and in blocks of residuals."""
    shape, options = (16, 24, 3), {"upsampling": "resize"}
    if network == "resnet_generator":
        shape, options = (16, 16, 3), {}
    generator = tfgan_zoo.networks.NETWORKS[network](shape, 4, filters=2, **options)
    model = tfgan_zoo.DCGAN(image_shape=shape, latent_dim=4, generator=generator)
    (path,) = convert(model.endpoints(), tmp_path, "tflite")
    assert path.name == "generate.tflite"
    monkeypatch.setattr(module, "_sides_kept", contextlib.nullcontext)
    with pytest.raises(InputError, match="it has no Conv2D"):
        convert(model.endpoints(), tmp_path, "tflite", overwrite=True)


def runner(kind, path):
    """Returns a function of images, by a runtime without TensorFlow where there is one."""
    if kind == "onnx":
        onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return lambda images: session.run(None, {"images": images})[0]
    litert = pytest.importorskip(
        "ai_edge_litert.interpreter", reason="ai-edge-litert is not installed"
    )
    run = litert.Interpreter(model_path=str(path)).get_signature_runner()
    return lambda images: run(images=images)["images"]


@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("srgan", "tflite", (None, None)),
        slow("srgan", "tflite", (24, 40)),
        slow("srgan", "tflite", (24, None)),
        slow("cyclegan", "tflite", (None, None)),
        slow("srgan", "onnx", (None, None)),
        slow("cyclegan", "onnx", (None, None)),
        slow("cyclegan", "onnx", (21, 30)),
    ],
)
def test_images_of_another_size_than_in_training(tmp_path, name, kind, size):
    if kind == "onnx":
        pytest.importorskip("tf2onnx", reason="tf2onnx is not installed")
    model = exported.model(name)
    path = convert(model.endpoints(), tmp_path, kind, size=size)[0]
    run = runner(kind, path)
    random = np.random.default_rng(1)
    for open_size in ((17, 23), (40, 12)):
        height, width = (side or other for side, other in zip(size, open_size, strict=True))
        channels = model.source_shape(path.stem)[-1]
        images = random.uniform(-1, 1, (2, height, width, channels)).astype(np.float32)
        expected = model.translate(images, path.stem)
        assert expected.shape[1:3] == (height * model.scale, width * model.scale)
        np.testing.assert_allclose(run(images), expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [2, 4])
def test_residual_in_residual_dense_blocks_enlarge_any_size(tmp_path, scale):
    shape = (8 * scale, 8 * scale, 3)
    small = {"filters": 4, "blocks": 1, "growth": 3}
    generator = tfgan_zoo.networks.rrdb_generator((8, 8, 3), scale, **small)
    discriminator = tfgan_zoo.networks.srgan_discriminator(shape, filters=4, dense_units=8)
    model = tfgan_zoo.SRGAN(shape, scale, generator, discriminator, content="pixel")
    (path,) = convert(model.endpoints(), tmp_path, "tflite", size=(None, None))
    run = runner("tflite", path)
    for height, width in ((7, 10), (12, 5)):
        images = np.random.default_rng(1).uniform(-1, 1, (1, height, width, 3)).astype(np.float32)
        np.testing.assert_allclose(run(images), model.upscale(images), atol=1e-5)


def test_sizes_that_do_not_apply(tmp_path):
    with pytest.raises(InputError, match="for a model that takes no images of any size"):
        convert(tiny("gan").endpoints(), tmp_path, "tflite", size=(32, 32))
    assert not list(tmp_path.iterdir())


def test_files_are_replaced_only_if_asked_for(tmp_path):
    endpoints = exported.model("gan").endpoints()
    (path,) = convert(endpoints, tmp_path, "tflite")
    before = path.read_bytes()
    with pytest.raises(InputError, match="exists; add --overwrite"):
        convert(endpoints, tmp_path, "tflite")
    convert(tiny("gan").endpoints(), tmp_path, "tflite", overwrite=True)
    assert path.read_bytes() != before


def test_refuses_an_unknown_kind_before_anything_is_made(tmp_path):
    with pytest.raises(InputError, match="--format: expected tflite or onnx, got 'coreml'"):
        convert(tiny("gan").endpoints(), tmp_path / "made", "coreml")
    assert not list(tmp_path.iterdir())


def test_refuses_what_draws_random_numbers(tmp_path):
    endpoints = tiny("gan").endpoints()
    only = {"generate_from_seed": endpoints["generate_from_seed"]}
    with pytest.raises(InputError, match="no endpoint without random numbers"):
        convert(only, tmp_path, "tflite")


def test_refuses_what_the_runtime_does_not_have(tmp_path):
    endpoint = tiny("gan").endpoints()["generate_from_seed"]
    seed = endpoint.inputs[0]
    renamed = endpoint._replace(
        inputs=(type(seed)(seed.shape, seed.dtype, "number"),),
        example=lambda n: {"number": np.arange(n)},
    )
    with pytest.raises(InputError, match="generate cannot be converted: "):
        convert({"generate": renamed}, tmp_path, "tflite")
    assert not list(tmp_path.iterdir())


def test_a_file_that_answers_otherwise_is_not_written(tmp_path, monkeypatch):
    def off(name, endpoint):
        return b"", lambda request: np.ones((len(request["latents"]), 16, 16, 3), "float32")

    monkeypatch.setattr(module, "to_tflite", off)
    with pytest.raises(RuntimeError, match="differ by up to"):
        convert(exported.model("dcgan").endpoints(), tmp_path, "tflite")
    assert not list(tmp_path.iterdir())
