"""Exported entries of MODELS, with the expected answers of their signatures."""

import functools
import io
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from tests.marks import slow_except
from tests.models.tiny import MODELS, NOISE_TO_IMAGE, TOLD, tiny
from tfgan_zoo import pictures
from tfgan_zoo.models import DTN, GANCLS

HERE = Path(__file__).parent
#: Models that have something to export.
EXPORTED = [name for name, cls in MODELS.items() if cls.shown is not None]
#: From noise. `test_predict` serves translators, too, and in slow cases texts and classes.
QUICK = ("dcgan",)
every_export = pytest.mark.parametrize("name", slow_except(QUICK, EXPORTED))
SIZES = (1, 3, 16)


@functools.cache
def model(name):
    """Returns a model whose average differs from its weights and whose images have contrast."""
    return contrasted(tiny(name, ema_half_life=50.0))


def contrasted(made):
    """Returns a model after filling what it serves with weights that give images contrast."""
    random = np.random.default_rng(0)
    for variable in (v for network in served(made) for v in network.variables):
        shape = tuple(variable.shape)
        if len(shape) > 1:
            fan_in = np.prod(shape[:-1])
            variable.assign(random.standard_normal(shape) * (1.5 / np.sqrt(fan_in)))
    return made


def served(made):
    """Returns the networks whose variables an export contains."""
    frozen = [made.text_encoder] if isinstance(made, GANCLS) else []
    frozen += [made.frozen("features")] if isinstance(made, DTN) else []
    return [*made.averages, *frozen]


def png(image):
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "PNG")
    return file.getvalue()


def pixels(file):
    """Decodes a PNG file; a grey one has one channel."""
    with Image.open(io.BytesIO(file)) as image:
        assert image.format == "PNG"
        array = np.asarray(image)
    return array if array.ndim == 3 else array[..., np.newaxis]


def objects(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def cases(name, num):
    """Yields (signature, request, answer of the model); answers of files are pixels."""
    made, random = model(name), np.random.default_rng(num)
    if MODELS[name].kind == "autoencoder":
        yield from cases_of_codes(made, num, random)
        return
    if name == "attribute_to_image":
        yield from cases_of_attributes(made, num)
        return
    if name == "classifier":
        given = random.integers(0, 256, (num, *made.image_shape), np.uint8)
        floats = random.uniform(-1, 1, given.shape).astype("float32")
        files = objects([png(image) for image in given])
        yield "classify", {"images": floats}, {"probabilities": made.classify(floats)}
        answer = {"probabilities": made.classify(given)}
        yield "classify_uint8", {"images_uint8": given}, answer
        yield "classify_png", {"images_bytes": files}, answer
        return
    if name in (*NOISE_TO_IMAGE, *TOLD, "gan_cls"):
        latents = random.standard_normal((num, made.latent_dim), "float32")
        seeds = random.integers(-(2**60), 2**60, num)
        if name == "gan_cls":
            texts = [["a red circle", "ring", "", "h\u00e9 blue!"][i % 4] for i in range(num)]
            given = {"text": objects([text.encode() for text in texts]), "seed": seeds}
            embeddings = made.embed(texts, on_unknown="ignore")
            asked = (
                ("generate", given, made.generate(texts, seeds=seeds, on_unknown="ignore")),
                (
                    "generate_from_embeddings",
                    {"latents": latents, "embeddings": embeddings},
                    made((latents, embeddings)).numpy(),
                ),
            )
        elif name in TOLD:
            label = np.arange(num, dtype="int32") % 3
            images = made.generate(seeds=seeds, label=label)
            asked = (
                ("generate", {"latents": latents, "label": label}, made((latents, label)).numpy()),
                ("generate_from_seed", {"seed": seeds, "label": label}, images),
            )
        else:
            asked = (
                ("generate", {"latents": latents}, made(latents).numpy()),
                ("generate_from_seed", {"seed": seeds}, made.generate(seeds=seeds)),
            )
        for endpoint, given, images in asked:
            if name == "gan_3d":
                yield endpoint, given, {"voxels": (images + 1) / 2}
                bits = np.packbits((images >= 0).reshape(num, -1), axis=1)
                yield f"{endpoint}_bits", given, {"voxels_bits": bits}
                continue
            yield endpoint, given, {"images": images}
            yield f"{endpoint}_uint8", given, {"images_uint8": pictures.to_uint8(images)}
            yield f"{endpoint}_png", given, {"images_bytes": pictures.to_uint8(images)}
        return
    for direction in made.translators():
        shape = (
            num,
            14,
            18,
            made.source_shape(direction)[-1],
        )  # Not a multiple of what the generator takes.
        given = random.integers(0, 256, shape, np.uint8)
        floats = random.uniform(-1, 1, shape).astype("float32")
        yield direction, {"images": floats}, {"images": made.translate(floats, direction)}
        answer = pictures.to_uint8(made.translate(given, direction))
        yield f"{direction}_uint8", {"images_uint8": given}, {"images_uint8": answer}
        files = objects([png(image) for image in given])
        yield f"{direction}_png", {"images_bytes": files}, {"images_bytes": answer}


def cases_of_codes(made, num, random):
    """Yields the cases of a model that encodes images and decodes codes."""
    given = random.integers(0, 256, (num, *made.image_shape), np.uint8)
    floats = random.uniform(-1, 1, given.shape).astype("float32")
    files = objects([png(image) for image in given])
    yield "encode", {"images": floats}, {"codes": made.encode(floats)}
    yield "encode_uint8", {"images_uint8": given}, {"codes": made.encode(given)}
    yield "encode_png", {"images_bytes": files}, {"codes": made.encode(given)}
    yield "reconstruct", {"images": floats}, {"images": made.reconstruct(floats)}
    again = pictures.to_uint8(made.reconstruct(given))
    yield "reconstruct_uint8", {"images_uint8": given}, {"images_uint8": again}
    yield "reconstruct_png", {"images_bytes": files}, {"images_bytes": again}
    codes = random.standard_normal((num, made.latent_dim), "float32")
    seeds = random.integers(-(2**60), 2**60, num)
    asked = [("decode", {"codes": codes}, made.decode(codes))]
    if made.has_prior:
        asked.append(("generate", {"latents": codes}, made.generate(latents=codes)))
        asked.append(("generate_from_seed", {"seed": seeds}, made.generate(seeds=seeds)))
    for endpoint, sent, images in asked:
        yield endpoint, sent, {"images": images}
        yield f"{endpoint}_uint8", sent, {"images_uint8": pictures.to_uint8(images)}
        yield f"{endpoint}_png", sent, {"images_bytes": pictures.to_uint8(images)}


def cases_of_attributes(made, num):
    """Yields the cases of a model that draws images and masks from attributes."""
    values = made.coding.sample(num, num)
    classes = made.coding.classes
    named = {n: v.astype("int32" if n in classes else "float32") for n, v in values.items()}
    images, masks = made.generate_with_masks(values)
    levels = pictures.to_uint8(images), pictures.to_uint8(2 * masks - 1)
    for endpoint, sent in (
        ("generate", named),
        ("generate_from_codes", {"codes": made.encode(values)}),
    ):
        yield endpoint, sent, {"images": images, "masks": masks}
        for form, kind in (("uint8", "uint8"), ("png", "bytes")):
            answer = dict(zip((f"images_{kind}", f"masks_{kind}"), levels, strict=True))
            yield f"{endpoint}_{form}", sent, answer


def tensors(path):
    """Returns {signature: ({input: tensor's name}, {output: tensor's name})} of a SavedModel."""
    proto = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    (graph,) = proto.meta_graphs
    return {
        name: tuple({k: v.name for k, v in side.items()} for side in (s.inputs, s.outputs))
        for name, s in graph.signature_def.items()
    }


def export_all(folder, names, compared):
    """Exports models to <folder>/<name>/1 and writes all cases of those to compare to a file."""
    written = {}
    for name in names:
        path = folder / name / "1"
        model(name).export(path)
        if name not in compared:
            continue
        asked = [case for num in SIZES for case in cases(name, num)]
        default = next(iter(model(name).endpoints()))
        asked += [("serving_default", *rest) for key, *rest in asked if key == default]
        written[name] = {"path": str(path), "cases": asked, "tensors": tensors(path)}
    (folder / "cases.pickle").write_bytes(pickle.dumps(written))


def ask_elsewhere(script, folder):
    """Runs a script on all cases in a separate process; returns the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, str(HERE / script), str(folder / "cases.pickle")],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def signatures(path):
    return tf.saved_model.load(str(path)).signatures
