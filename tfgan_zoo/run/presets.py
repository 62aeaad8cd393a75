"""The `.keras` files of presets: written without what only training needs, and completed again."""

import functools
import io
import json
import os
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from tfgan_zoo import atomic, presets
from tfgan_zoo.config import stored_config
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import ZooModel
from tfgan_zoo.models.mechanics.transfer import networks_of

#: The role whose networks a preset lacks.
LEFT_OUT = "discriminator"
#: Variables of a model, besides its networks, that a preset keeps if the model has them.
_KEPT = ("step", "images_seen", "styles")
_WEIGHTS = "model.weights.h5"
#: Arrays of fewer numbers are stored as they are.
_SMALL = 1000


def left_out_networks(model: ZooModel) -> list[str]:
    """Returns the names of a model's networks that a preset lacks."""
    left_out = model.roles().get(LEFT_OUT, [])
    return [
        name
        for name, network in networks_of(model).items()
        if any(network is each for each in left_out)
    ]


def save_preset(
    model: ZooModel,
    output: str | os.PathLike,
    note: Mapping[str, Any],
    run: Mapping[str, Any],
    *,
    half: bool = True,
) -> None:
    """Writes a model as a preset: a `.keras` file without discriminator and optimizers.

    The shown networks have the weights that samples show: their moving average, if there is one.

    Args:
        model: The model.
        output: The file, whose name ends in ".keras".
        note: What the file says of itself; see `presets.note_of`.
        run: What `config.json` says in a run folder, from which commands know how to read images.
        half: Whether to store weights in float16, except vectors.

    Raises:
        InputError: If a weight is not finite, or too large for float16.
    """
    slim = type(model).from_config(model.get_config())
    left_out = left_out_networks(model)
    shown = model.shown_networks()
    others = networks_of(slim)
    for name, network in networks_of(model).items():
        if name not in left_out:
            if any(network is each for each in shown):
                network = model.sampling_network(network)
            others[name].set_weights(network.get_weights())
    slim.restart_averages()
    for name in _KEPT:
        if hasattr(getattr(model, name, None), "assign"):
            getattr(slim, name).assign(getattr(model, name))
    note = {**note, "left_out": left_out}
    with atomic.replacing(output, ending=".keras") as temporary:
        slim.save(temporary)
        with zipfile.ZipFile(temporary) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        members[_WEIGHTS] = _smaller(members[_WEIGHTS], left_out, half)
        members[presets.NOTE] = json.dumps(note, indent=2).encode()
        members[presets.RUN] = json.dumps(run, indent=2).encode()
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                # HDF5 compresses by itself, and is read in any order.
                archive.writestr(name, data, zipfile.ZIP_STORED if name == _WEIGHTS else None)


def _smaller(weights: bytes, left_out: Collection[str], half: bool) -> bytes:
    """Returns an HDF5 file of weights, which Keras reads as before, in fewer bytes.

    Arrays of the networks that are left out read as NaN, so that nobody trains them by mistake.
    Equal arrays, such as those of a network and its average, are stored once.

    Args:
        weights: The file.
        left_out: Names of networks.
        half: Whether to store arrays in float16, except vectors.
    """
    result = io.BytesIO()
    written: dict[tuple[str, tuple[int, ...], bytes], h5py.Dataset] = {}
    with (
        h5py.File(io.BytesIO(weights)) as source,
        h5py.File(result, "w", libver="latest") as target,
    ):

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                made = target.require_group(name)
            elif name.split("/")[0] in left_out:
                # What nobody writes takes no space.
                fill = np.nan if item.dtype.kind == "f" else None
                made = target.create_dataset(name, item.shape, item.dtype, fillvalue=fill)
            else:
                array = _checked(name, item[()], half)
                key = (str(array.dtype), array.shape, array.tobytes())
                if key in written:
                    target[name] = written[key]  # a second name of the same array
                    return
                options = {"compression": "gzip", "shuffle": True} if array.size > _SMALL else {}
                made = written[key] = target.create_dataset(name, data=array, **options)
            for attribute, value in item.attrs.items():
                made.attrs[attribute] = value

        source.visititems(copy)
    return result.getvalue()


def _checked(name: str, array: np.ndarray, half: bool) -> np.ndarray:
    """Returns an array as it is stored.

    Raises:
        InputError: If it is not finite, or too large for float16.
    """
    if not np.isfinite(array).all():
        raise InputError(f"model: expected finite weights, got others in {name}.")
    if not (half and array.ndim > 1 and array.dtype == np.float32):
        return array
    if np.abs(array).max(initial=0) > np.finfo(np.float16).max:
        raise InputError(f"model: expected weights that fit float16, got larger ones in {name}.")
    return array.astype(np.float16)


def complete(model: ZooModel, note: Mapping[str, Any], path: Path) -> None:
    """Gives the networks that a preset's file lacks new initial weights, once it is loaded.

    Exports of the model then say what it was trained on.

    Args:
        model: The model.
        note: Of its file; see `presets.note_of`.
        path: The file.
    """
    for name in note["left_out"]:
        network = getattr(model, name)
        network.set_weights(keras.models.clone_model(network).get_weights())
    model.untrained_networks = tuple(note["left_out"])
    name = note["name"]
    known = presets.is_preset(name) and presets.find(name).sha256 == presets.sha256_of(path)
    scores = presets.find(name).scores if known else {}
    model.describe_by(functools.partial(_details, note, scores, path.resolve()))


def _details(
    note: Mapping[str, Any], scores: Mapping[str, float], path: Path, trained: bool
) -> dict[str, Any]:
    """Returns what README.md of an export says of a preset, or of a model trained on from it."""
    name, data = note["name"], f"{note['data']}, {note['licence']}"
    if trained:
        return {"facts": {"fine-tuned from": f"the preset `{name}`, trained on {data}"}}
    facts = {
        "preset": f"`{name}`, {note['date']}",
        "data": data,
        "trained by": f"`{note['command']}`",
    }
    config = stored_config(path) if path.is_file() else {}
    return {"facts": facts, "scores": scores, "config": config}


def config_of_preset(config: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Returns the config of a run for its preset: without paths of the machine that trained it.

    Args:
        config: The run's.
        source: The data source to name in it; empty if users have to give one.
    """
    plain: dict[str, Any] = json.loads(json.dumps(config))
    plain["data"] |= {"source": source, "data_dir": None, "cache_dir": None}
    if plain["evaluate"].get("source"):
        plain["evaluate"]["source"] = source
    for file in {"inception", "lpips_backbone", "lpips_heads"} & plain["evaluate"].keys():
        plain["evaluate"][file] = None
    plain["train"] |= {"start_from": None, "generator_from": None, "callbacks": []}
    return plain
