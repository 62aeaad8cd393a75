"""Models made from weights that other libraries trained."""

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from ml_collections import ConfigDict

from tfgan_zoo import atomic, progress
from tfgan_zoo import config as config_lib
from tfgan_zoo.errors import InputError
from tfgan_zoo.importing import FAMILIES, NOTE, Plan, Request, Source, opened
from tfgan_zoo.run.building import build_model
from tfgan_zoo.run.folder import Run


class Imported(NamedTuple):
    """What `import_weights` made.

    Attributes:
        path: The run folder or `.keras` file.
        model: Name of the model's class.
        text: Description of the networks and files.
    """

    path: Path
    model: str
    text: str


def import_weights(
    family: str,
    file: str | os.PathLike,
    output: str | os.PathLike,
    *,
    back: str | os.PathLike | None = None,
    key: str | None = None,
    inference: str = "frozen",
    overwrite: bool = False,
) -> Imported:
    """Makes a model from weights that PyTorch saved.

    Args:
        family: A key of `tfgan_zoo.importing.FAMILIES`.
        file: A `.pth`, `.safetensors` or `.npz`.
        output: A run folder, new or empty; or a `.keras` file, which fewer commands take.
        back: For "cyclegan", the file of the generator from b to a. With it the model is a
            `CycleGAN`; without it, a `Pix2Pix` whose generator is CycleGAN's.
        key: Key of the dict of weights in the file; None for a moving average, or the only one.
        inference: How a U-Net normalises and drops out: see `Pix2Pix`.
        overwrite: Whether to replace an output that was imported before.

    Returns:
        What was made, and from what.

    Raises:
        InputError: If a file cannot be read or holds another network, or the output is not empty.

    Example:
        >>> import_weights("realesrgan", "RealESRGAN_x4plus.pth", "imported/realesrgan")
        >>> model = tfgan_zoo.load_model("imported/realesrgan")
    """
    files = tuple(Path(each).expanduser() for each in (file, back) if each is not None)
    request = Request(family, files, Path(output).expanduser(), key, inference, overwrite)
    with opened(request) as sources:
        return import_opened(request, sources)


def import_opened(request: Request, sources: Sequence[Source]) -> Imported:
    """Makes the model of a request whose files are open; see `import_weights`."""
    config = _config(request, [source.plan for source in sources])
    model = build_model(config)
    networks = list(model.translators().values())
    for network, source in zip(networks, sources, strict=True):
        assign(network, source)
    note = {"family": request.family, "files": [source.note() for source in sources]}
    request.output.parent.mkdir(parents=True, exist_ok=True)
    if request.is_file:
        _write_file(model, request.output, note)
    else:
        _write_run(model, config, request.output, note)
    about = "; ".join(f"{source.plan.text}, from {source.path.name}" for source in sources)
    num = sum(network.count_params() for network in networks)
    return Imported(request.output, type(model).__name__, f"{about}; {num:,} numbers")


def assign(network: keras.Model, source: Source) -> None:
    """Gives a network the weights of a file, one array at a time.

    Raises:
        InputError: If a number is not finite.
    """
    done = set()

    def put(layer: str, variable: str, value: np.ndarray | None) -> None:
        target = getattr(network.get_layer(layer), variable)
        if value is None:
            value = np.zeros(target.shape, np.float32)
        if tuple(target.shape) != value.shape:
            raise ValueError(f"{layer}.{variable}: {value.shape} for {tuple(target.shape)}")
        target.assign(value)
        done.add(id(target))

    entries = source.plan.entries
    for entry in progress.bar(entries, "reading weights", len(entries), "arrays"):
        array = source.state[entry.key].read().astype(np.float32)
        if not np.isfinite(array).all():
            raise InputError(
                f"--input: expected finite numbers, got {source.path.name!r} with others in "
                f"{entry.key}."
            )
        put(entry.layer, entry.variable, entry.convert(array))
    for layer, variable in source.plan.zeros:
        put(layer, variable, None)
    # Dropout counts its calls in whole numbers.
    weights = [weight for weight in network.weights if weight.dtype.startswith("float")]
    if left := [weight.path for weight in weights if id(weight) not in done]:
        raise ValueError(f"the plan leaves out {left}")


# ---------------------------------------------------------------------- files


def _write_file(model: keras.Model, output: Path, note: Mapping[str, Any]) -> None:
    with atomic.replacing(output, ending=".keras") as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(NOTE, json.dumps(note, indent=2))


def _write_run(
    model: keras.Model, config: ConfigDict, output: Path, note: Mapping[str, Any]
) -> None:
    with atomic.unfinished(output) as new:
        run = Run(new)
        with run.claim(config):
            run.checkpoints.save(model, 0, keep=1)
            model.save(run.model)
            (new / NOTE).write_text(json.dumps(note, indent=2) + "\n")
        atomic.move_into(new, output, whole=True)


# ---------------------------------------------------------------------- the model


def _config(request: Request, plans: Sequence[Plan]) -> ConfigDict:
    """Returns the config of a run whose generators are those of plans.

    Discriminators are tiny, as files of weights have none. Optimizers hold and change nothing.
    """
    plan = plans[0]
    if FAMILIES[request.family].enlarges:
        config = _super_resolution_config(plan)
    else:
        config = _translation_config(plan, back=len(plans) > 1)
        if request.family == "pix2pix":
            config.model_args.inference = request.inference
    config.generator = dict(plan.network)
    for role in ("generator", "discriminator"):
        config[f"{role}_optimizer"] = {"name": "sgd", "learning_rate": 0.0}
    config.data.source = ""
    config.train.export = False
    config_lib.check(config)
    return config


def _super_resolution_config(plan: Plan) -> ConfigDict:
    config = config_lib.super_resolution_config("srgan")
    config.model_args.image_shape = (plan.side, plan.side, plan.channels[1])
    config.model_args.scale = plan.scale
    config.model_args.content = "pixel"
    config.model_args.adversarial_weight = 0.0
    config.discriminator = {"name": "srgan_discriminator", "filters": 4, "dense_units": 8}
    return config


def _translation_config(plan: Plan, back: bool) -> ConfigDict:
    config = config_lib.image_to_image_config("cyclegan" if back else "pix2pix")
    channels_a, channels_b = plan.channels
    config.model_args.image_shape = (plan.side, plan.side, channels_a)
    config.model_args.channels_b = channels_b
    if back:
        config.model_args.identity_weight = 0.5 if channels_a == channels_b else 0.0
    else:
        config.model_args.inference = "frozen"
        config.model_args.gan_weight = 0.0
    config.discriminator = {"name": "patchgan_discriminator", "filters": 4}
    return config
