"""Files of weights that are imported: opened, compared with their family, and noted."""

import contextlib
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tfgan_zoo import atomic
from tfgan_zoo.errors import InputError
from tfgan_zoo.hashes import sha256_of
from tfgan_zoo.importing.families import check_family, checked_plan, choose
from tfgan_zoo.importing.plan import Plan
from tfgan_zoo.weight_files import State, open_weights

#: The member of a `.keras` file, and the file in a run folder, that says where weights are from.
NOTE = "imported.json"
#: All that importing puts into a run folder.
_MADE = {NOTE, ".lock", "checkpoints", "config.json", "model.keras"}
#: What `SRGAN` enlarges by.
_SCALES = (2, 4, 8)


class Request(NamedTuple):
    """What to import.

    Attributes:
        family: A key of `FAMILIES`.
        files: A `.pth`, `.safetensors` or `.npz`; for "cyclegan" also that of the way back.
        output: A run folder, or a `.keras` file.
        key: Key of the dict of weights in the files; None for the best.
        inference: How a U-Net normalises and drops out: see `Pix2Pix`.
        overwrite: Whether to replace an output that exists.
    """

    family: str
    files: tuple[Path, ...]
    output: Path
    key: str | None = None
    inference: str = "frozen"
    overwrite: bool = False

    @property
    def is_file(self) -> bool:
        """Returns whether the output is a `.keras` file."""
        return self.output.suffix == ".keras"


class Source(NamedTuple):
    """An open file.

    Attributes:
        state: Its tensors.
        plan: What becomes of them.
        path: Of the file.
        key: Key of the dict that holds the tensors.
    """

    state: State
    plan: Plan
    path: Path
    key: str

    def note(self) -> dict[str, str]:
        """Returns what is noted of the file in the model."""
        return {"file": self.path.name, "sha256": sha256_of(self.path), "key": self.key}


@contextlib.contextmanager
def opened(request: Request) -> Iterator[list[Source]]:
    """Opens the files of a request, and checks all of it that needs neither Keras nor time.

    Args:
        request: The request.

    Yields:
        The open files.

    Raises:
        InputError: If a file cannot be read or holds another network, or the output exists.
    """
    family = check_family(request.family)
    if len(request.files) > 1 and request.family != "cyclegan":
        raise InputError(f"--input_b_to_a: expected none for --family={request.family}, got one.")
    if request.inference not in ("frozen", "paper"):
        raise InputError(f"--inference: expected frozen or paper, got {request.inference!r}.")
    if request.inference != "frozen" and request.family != "pix2pix":
        raise InputError(f"--inference: expected none for --family={request.family}, got one.")
    _check_output(request)
    with contextlib.ExitStack() as stack:
        sources = []
        for path in request.files:
            if not path.is_file():
                raise InputError(f"--input: expected a file of weights, {str(path)!r} is none.")
            groups = stack.enter_context(open_weights(path))
            key, state = choose(groups, request.key, path.name)
            plan = checked_plan(request.family, state, path.name)
            sources.append(Source(state, plan, path, key))
        plan = sources[0].plan
        if family.enlarges and plan.scale not in _SCALES:
            raise InputError(
                f"--input: expected a network that enlarges 2, 4 or 8 times, as SRGAN does, got "
                f"{plan.text} that enlarges {plan.scale} times."
            )
        if len(sources) > 1:
            _check_pair(plan, sources[1].plan)
        yield sources


def _check_output(request: Request) -> None:
    output = request.output
    atomic.check_output(output)
    if not output.exists() or (
        not request.is_file and output.is_dir() and not atomic.finished(output)
    ):
        return
    if not request.overwrite:
        raise InputError(f"--output: {str(output)!r} exists; add --overwrite to replace it.")
    if output.is_dir() == request.is_file or note_of(output) is None:
        raise InputError(
            "--output: expected a new name, or a model that was imported before, got "
            f"{str(output)!r}, which is something else."
        )
    if output.is_dir() and (others := set(atomic.finished(output)) - _MADE):
        raise InputError(
            f"--output: {str(output)!r} also holds {min(others)!r}, which importing did not put "
            "there; move it, or give another place."
        )


def _check_pair(there: Plan, back: Plan) -> None:
    if there.network != back.network or there.channels != back.channels[::-1]:
        described = (
            f"{plan.text}, from {plan.channels[0]} to {plan.channels[1]} channels"
            for plan in (there, back)
        )
        raise InputError(
            "--input_b_to_a: expected the other direction of {}, got {}; import each by "
            "itself.".format(*described)
        )


def note_of(path: str | os.PathLike) -> dict[str, Any] | None:
    """Returns the note of where a model's weights are from; None if it was not imported.

    Args:
        path: A run folder or a `.keras` file.

    Returns:
        The family, and for each file its name, its SHA-256 and the key of the weights in it.
    """
    path = Path(path).expanduser()
    try:
        if path.is_dir():
            return json.loads((path / NOTE).read_text())
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(NOTE))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
