"""How a new run starts from what another one has learned."""

import os
from pathlib import Path
from typing import Any

import keras

from tfgan_zoo import presets
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import ZooModel
from tfgan_zoo.models.mechanics.transfer import (
    Transfer,
    networks_of,
    other_classes,
    other_settings,
    take_over,
)
from tfgan_zoo.run.checkpoints import Checkpoints
from tfgan_zoo.run.loading import load_model
from tfgan_zoo.run.trained import load_run

#: Of settings that differ, as many are listed.
_MOST_NOTES = 4


def start_from_generator(source: str | os.PathLike, model: ZooModel) -> None:
    """Starts a new model from the generator of another run, as its samples show it.

    Raises:
        InputError: If its networks or their classes differ.
    """
    other = _open(source, "train.generator_from")
    names, others = (getattr(each, "class_names", ()) for each in (model, other))
    if other_classes(names, others):
        raise InputError(
            f"train.generator_from: expected a run with the classes {', '.join(names)}, in this "
            f"order, got {str(source)!r} with {', '.join(others)}; train.start_from takes over "
            "classes by their names."
        )
    try:
        model.start_from(other)
    except ValueError as error:  # another number of networks, or weights of other shapes
        if isinstance(error, InputError):
            raise
        raise InputError(
            "train.generator_from: expected a run with the same generator as this one, got "
            f"{str(source)!r} with another; train.start_from takes over the layers that fit."
        ) from error


def start_from(source: str | os.PathLike, model: ZooModel) -> str:
    """Starts a new model from all weights of another one that fit.

    Arrays are matched by the names of networks and layers, and by their shapes. What is told of a
    class is matched by the name of the class, where both models know these. Networks that
    samples show are taken over as they show them: their moving average, if there is one. The
    optimizers start fresh.

    Args:
        source: A run folder, a `.keras` file, or the name of a preset.
        model: The new model.

    Returns:
        What was taken over and what was not, in lines.

    Raises:
        InputError: If there is no such run, file or preset, or nothing fits.
    """
    other = _open(source, "train.start_from")
    mine, theirs = networks_of(model), networks_of(other)
    for name in other.untrained_networks:
        theirs.pop(name, None)
    shown = other.shown_networks()
    names, others = (getattr(each, "class_names", ()) for each in (model, other))
    classes = (names, others) if other_classes(names, others) else None
    found: dict[str, Transfer] = {}
    for name in mine.keys() & theirs.keys():
        theirs_now = theirs[name]
        if any(each is theirs_now for each in shown):
            theirs_now = other.sampling_network(theirs_now)
        found[name] = take_over(mine[name], theirs[name], theirs_now, classes)
    note = presets.note_of(presets.path_of(source, "train.start_from"))
    flags = (note or {}).get("command", "").removeprefix("python -m tfgan_zoo.train ")
    if not any(transfer.fits for transfer in found.values()):
        raise InputError(
            f"train.start_from: expected a model with layers of the same names and shapes, got "
            f"{str(source)!r} ({type(other).__name__}), of which nothing fits; take the networks "
            f"and sizes of that run{f', {flags}' * bool(flags)}, or leave it out."
        )
    _check_frozen(source, model, mine, found)
    model.restart_averages()
    averaged = ", moving average" if other.averages else ""
    state = f"{type(other).__name__}, step {other.steps_done:,}{averaged}"
    lines = [f"Started from {_called(source)} ({state}):"]
    for name in mine:
        lines += _describe(name, found.get(name))
        if name in found and (notes := other_settings(mine[name], theirs[name])):
            lines.append("    the same weights make something else, as settings differ:")
            lines += [f"      {note}" for note in notes[:_MOST_NOTES]]
            if len(notes) > _MOST_NOTES:
                lines.append(f"      and {len(notes) - _MOST_NOTES} more")
    lines += [f"  {name}: only there, not taken over" for name in theirs if name not in mine]
    if flags and any(transfer.differ for transfer in found.values()):
        lines.append(f"  All of {source} fits the networks of {flags}")
    return "\n".join(lines)


def _called(source: str | os.PathLike) -> str:
    """Returns what a model was loaded from, in words."""
    path = presets.path_of(source, "source")
    if path != Path(source).expanduser():
        return f"the preset {source}"
    hidden = presets.hint(source, ", the run of that name and not the preset")
    return f"{source}{hidden}"


def _check_frozen(
    source: str | os.PathLike,
    model: ZooModel,
    networks: dict[str, keras.Model],
    found: dict[str, Transfer],
) -> None:
    """Raises `InputError` if a part of a frozen network keeps its random initial weights."""
    frozen = {
        id(weight)
        for name, declared in model.frozen_networks().items()
        if declared.saved
        for weight in model.frozen(name).weights
    }
    for name, network in networks.items():
        transfer = found.get(name)
        for weight in network.weights:
            missing = transfer is None or weight.path in transfer.differ
            if id(weight) in frozen and missing:
                raise InputError(
                    f"train.start_from: expected a model with the network {name!r} of this one, as "
                    f"nothing trains it here, got {str(source)!r} without its {weight.path} "
                    f"{tuple(weight.shape)}."
                )


def _describe(name: str, transfer: Transfer | None) -> list[str]:
    if transfer is None:
        return [f"  {name}: not there, initialized"]
    num = len(transfer.taken) + len(transfer.words)
    total = num + len(transfer.differ)
    if num == total:
        first = f"  {name}: all {total} arrays"
    else:
        first = f"  {name}: {num} of {total} arrays; initialized instead:"
    lines = [first]
    for path, (here, there) in transfer.differ.items():
        lines.append(f"    {path} {here}: {'not there' if there is None else f'{there} there'}")
    return lines + [f"    {note}" for note in transfer.words]


def _open(source: str | os.PathLike, entry: str) -> Any:
    """Loads the best weights of a run folder, a `.keras` file, or a preset."""
    path = presets.path_of(source, entry)
    try:
        if path.is_dir() and Checkpoints(path / "checkpoints").steps():
            return load_run(path)
        model = load_model(path)
    except InputError as error:
        text = str(error).removeprefix("filepath: ").removeprefix("--workdir: ")
        raise InputError(f"{entry}: {text}") from error
    if not isinstance(model, ZooModel):
        raise InputError(
            f"{entry}: expected a model of tfgan_zoo, got a {type(model).__name__} in "
            f"{str(source)!r}."
        )
    return model
