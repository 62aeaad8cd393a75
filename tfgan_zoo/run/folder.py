"""A run folder: its config, metrics and checkpoints, and the promise that none is half-written."""

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from tfgan_zoo import atomic
from tfgan_zoo import config as config_lib
from tfgan_zoo.data.fingerprints import Fingerprint, describe_change
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.per_replica import assign_replicas, of_all_replicas


class Standing(NamedTuple):
    """How a run's scores stand.

    Attributes:
        best: the step of the best of them; None if there is none.
        since: how many there are after it.
    """

    best: int | None
    since: int


class Run:
    """The folder of one training run.

    Holds `config.json` (resolved, with versions), `checkpoints/`, `samples/`, `metrics.jsonl`,
    `tensorboard/`, and `health.jsonl`, which says what went wrong; once training is done,
    `model.keras`, `export/` and `result.json`. `data.json` says what data it reads, and
    `data_names.json.gz` the names of its files. A run that is pretrained holds that run too, in
    `pretraining/`; one that went back after NaN says so in `rollbacks.jsonl`.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path).expanduser()
        self.checkpoints = Checkpoints(self.path / "checkpoints")
        self.samples = self.path / "samples"
        self.tensorboard = self.path / "tensorboard"
        self.model = self.path / "model.keras"
        self.pretraining = self.path / "pretraining"
        self.metrics = self.path / "metrics.jsonl"
        self.health = self.path / "health.jsonl"
        self.rollbacks = self.path / "rollbacks.jsonl"
        self.result = self.path / "result.json"
        self.data = self.path / "data.json"
        self.data_names = self.path / "data_names.json.gz"

    @classmethod
    def open(cls, path: str | os.PathLike) -> "Run":
        """Opens an existing run to read from.

        Raises:
            InputError: if `path` is not a run folder.
        """
        run = cls(path)
        if not (run.path / "config.json").is_file():
            raise InputError(
                f"--workdir: {os.fspath(path)!r} is no run folder: it has no config.json; "
                "tfgan_zoo.train makes one."
            )
        return run

    def config(self) -> dict[str, Any]:
        """Returns the resolved config of the run, as plain dicts.

        Raises:
            InputError: if config.json is none of ours, or of a later version.
        """
        return config_lib.stored_config(self.path)

    def decoding(self) -> dict[str, Any]:
        """Returns how the run's images are decoded: arguments of `open_source` and its like."""
        return config_lib.decoding(self.config()["data"])

    @contextlib.contextmanager
    def claim(self, config: Any, recipe: str | None = None) -> Iterator[None]:
        """Makes the folder, or checks that it belongs to this config, and keeps others out.

        Args:
            config: of the run.
            recipe: what it was loaded from, to be noted when a run begins; None for nothing.

        Raises:
            InputError: if another process trains here, or the folder holds another config's run, or
                something that is no run.
        """
        file = self.path / "config.json"
        if (
            not file.exists()
            and self.path.is_dir()
            # Hidden are the lock, and what a process that was killed had not written to its end.
            and any(not p.name.startswith(".") for p in self.path.iterdir())
        ):
            raise InputError(
                f"--workdir: {str(self.path)!r} holds files but no run; give a new folder."
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / ".lock").open("w")
        except OSError as error:
            raise InputError(f"--workdir: cannot write to {str(self.path)!r}: {error}.") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(
                    f"--workdir: another process is training in {str(self.path)!r}."
                ) from error
            self._sweep()
            plain = json.loads(json.dumps(config.to_dict()))
            if file.exists():
                before = self.config()
                if self.has_begun():
                    self._check_same(before, plain)
                    recipe = self.recipe()
            written = {"config": plain, "versions": versions()}
            if recipe is not None:
                written["recipe"] = recipe
            text = json.dumps(written, indent=2) + "\n"
            if not file.exists() or file.read_text() != text:
                write_atomically(file, text)
            yield

    def _sweep(self) -> None:
        """Removes files that killed processes left half-written."""
        exports = self.path / "export"
        for folder in (self.path, self.samples, exports, *exports.glob("*/")):
            for pattern in (".*.part", ".*.part.*"):
                for file in folder.glob(pattern):
                    if file.is_file() and not _is_being_written(file):
                        file.unlink(missing_ok=True)

    def has_begun(self) -> bool:
        """Returns whether the run has started training."""
        return config_lib.has_begun(self.path)

    def recipe(self) -> str | None:
        """Returns what the config was loaded from, if that was noted."""
        return config_lib.stored_recipe(self.path)

    def check_data(
        self, now: Mapping[str, Fingerprint], step: int, accept_changed: bool = False
    ) -> str:
        """Compares the data with the stored fingerprints, then stores the current ones.

        Args:
            now: their fingerprints, by a name for each source.
            step: at which the run is.
            accept_changed: whether other data will do.

        Returns:
            What has changed; nothing if they are the same, or none were noted yet.

        Raises:
            InputError: if they have changed, and that is not accepted.
        """
        before = self._noted_data() if self.has_begun() else {}
        sources, names = before.get("sources", {}), self._noted_names()
        changes = {
            name: describe_change(sources[name], names.get(name, ()), found)
            for name, found in now.items()
            if name in sources
        }
        changed = "; ".join(f"{name}: {text}" for name, text in changes.items() if text)
        if changed and not accept_changed:
            raise InputError(
                f"--workdir: the data have changed since {str(self.path)!r} began ({changed}); "
                "bring them back, give another folder, or add --accept_changed_data to go on "
                "with them."
            )
        if changed or now.keys() != sources.keys():
            accepted = before.get("accepted", [])
            if changed:
                accepted = [*accepted, {"step": step, "change": changed}]
            named = {name: found.names for name, found in now.items() if found.names}
            packed = gzip.compress(json.dumps(named).encode(), compresslevel=1)
            write_atomically(self.data_names, packed)
            noted = {name: found.noted() for name, found in now.items()}
            text = json.dumps({"sources": noted, "accepted": accepted}, indent=2) + "\n"
            write_atomically(self.data, text)
        return changed

    def _noted_data(self) -> dict[str, Any]:
        try:
            return json.loads(self.data.read_text())
        except (OSError, ValueError):  # of an earlier version, or damaged
            return {}

    def _noted_names(self) -> dict[str, list[str]]:
        try:
            return json.loads(gzip.decompress(self.data_names.read_bytes()))
        except (OSError, ValueError, EOFError, zlib.error):
            return {}

    def _check_same(self, written: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        before = config_lib.with_later_entries(written, config)
        free = config_lib.may_change(before, config)
        changed = config_lib.differences(before, config)
        refused = [difference for difference in changed if not difference.startswith(free)]
        if refused:
            why = ""
            if any(difference.startswith("train.steps:") for difference in refused):
                longer = config["train"]["steps"] > before["train"]["steps"]
                why = (
                    "; train.steps cannot be raised, as a learning rate falls to 0 at the last step"
                    if longer
                    else "; train.steps can only be raised"
                )
            raise InputError(
                f"--workdir: {str(self.path)!r} holds a run with another config "
                f"({'; '.join(refused)}{why}); give another folder, or the same config to resume."
            )

    def trim_metrics(self, step: int) -> None:
        """Drops lines after `step`, which the resumed run will write again."""
        for path in (self.metrics, self.health):
            if not path.exists():
                continue
            lines = path.read_text().splitlines(keepends=True)
            kept = [line for line in lines if _step_of(line) <= step]
            if kept != lines:
                write_atomically(path, "".join(kept))

    def logged(self) -> list[dict[str, Any]]:
        """Returns the lines of `metrics.jsonl`."""
        lines = self.metrics.read_text().splitlines() if self.metrics.exists() else []
        return [json.loads(line) for line in lines if np.isfinite(_step_of(line))]

    def standing(self, score: str, sign: int, due: Callable[[int], bool]) -> Standing:
        """Returns how the scores stand that were logged.

        Args:
            score: the name of the one that decides.
            sign: 1 if a higher score is better, -1 if a lower.
            due: whether a step's score counts.
        """
        best, best_step, since = -np.inf, None, 0
        for row in self.logged():
            if score not in row or not due(row["step"]):
                continue
            value = -np.inf if row[score] is None else sign * row[score]
            if value > best:
                best, best_step, since = value, row["step"], 0
            else:
                since += 1
        return Standing(best_step, since)

    def went_back(self) -> list[dict[str, Any]]:
        """Returns what was noted at every return to a checkpoint after NaN."""
        if not self.rollbacks.exists():
            return []
        return [json.loads(line) for line in self.rollbacks.read_text().splitlines()]

    def note_health(self, step: int, condition: str, message: str) -> None:
        """Adds a line to what was found of the run's health."""
        with self.health.open("a") as file:
            line = {"step": step, "condition": condition, "message": message}
            file.write(json.dumps(line) + "\n")

    def note_rollback(self, note: Mapping[str, Any]) -> None:
        """Adds to what `went_back` returns."""
        lines = [json.dumps(each) + "\n" for each in [*self.went_back(), note]]
        write_atomically(self.rollbacks, "".join(lines))


def _is_being_written(file: Path) -> bool:
    """Whether another process of this machine, such as a report's, is still writing a part."""
    found = re.match(r"\.[0-9a-f]{8}-(\d+)\b", file.name)  # as `atomic.hidden_beside` names it
    if found is None or int(found[1]) == os.getpid():
        return False
    try:
        os.kill(int(found[1]), 0)
    except PermissionError:  # somebody else's
        return True
    except (OSError, OverflowError):
        return False
    return True


def _step_of(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except ValueError:  # cut off in the middle
        return float("inf")


class Checkpoints:
    """Checkpoints of a model: whole, verified, the last few and the best.

    Each is a folder `step_<n>` with everything of the model that changes: `model.weights.h5` holds
    networks, optimizers, average and counters, `state.json` the running means of the logged values.
    A folder has its name only once it is complete.

    Args:
        path: the folder that holds them.

    Attributes:
        writes: whether `save` leaves anything. Of several processes that train together one does;
            all of them have to call it, as the replicas' own variables are collected meanwhile.
    """

    def __init__(self, path: Path):
        self.path = path
        self.writes = True

    def steps(self) -> list[int]:
        """Returns the steps of all complete checkpoints, in order."""
        names = [p.name for p in self.path.glob("step_*")]
        return sorted(int(n[5:]) for n in names if n[5:].isdigit())

    def folder(self, step: int) -> Path:
        """Returns the folder of one step's checkpoint."""
        return self.path / f"step_{step:08d}"

    def state(self, step: int) -> dict[str, Any]:
        """Returns what was said when the checkpoint was saved."""
        return json.loads((self.folder(step) / "state.json").read_text())

    def set_aside_damaged(self) -> list[Path]:
        """Renames checkpoints whose file is not what was saved, and returns where they are now.

        What a process that was killed left half done is removed.
        """
        for half_done in (".saving", ".old"):
            shutil.rmtree(self.path / half_done, ignore_errors=True)
        aside = []
        for step in self.steps():
            if not self._is_whole(step):
                aside.append(self.path / f"damaged_{self.folder(step).name}")
                shutil.rmtree(aside[-1], ignore_errors=True)
                os.rename(self.folder(step), aside[-1])
        return aside

    def _is_whole(self, step: int) -> bool:
        try:
            return _sha256(self.folder(step) / "model.weights.h5") == self.state(step)["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def best(self) -> int | None:
        """Returns the step of the best checkpoint, the last of equals; None if none has a score."""
        scored = [(self.state(s)["score"], s) for s in self.steps() if "score" in self.state(s)]
        return max(scored)[1] if scored else None

    def save(
        self,
        model: keras.Model,
        step: int,
        keep: int | None,
        score: float | None = None,
        logs: Mapping[str, float] | None = None,
    ) -> Path:
        """Saves one, then drops the oldest beyond `keep`, but never the best.

        Args:
            model: a compiled model.
            step: its step.
            keep: how many of the last remain; None for all.
            score: the higher, the better.
            logs: of the epoch that ends here, if it has not been scored and written down yet; see
                `unscored`. `finish_scoring` is to follow.

        Returns:
            The checkpoint's folder.
        """
        folder = self.folder(step)
        if not self.writes:
            with tempfile.TemporaryDirectory() as nowhere:
                self._write(model, Path(nowhere), step, score, logs)
            return folder
        temporary = self.path / ".saving"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            self._write(model, temporary, step, score, logs)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)  # there may be no space
            raise
        self._drop(step)
        os.rename(temporary, folder)
        if keep is not None:
            self._prune(keep)
        return folder

    def unscored(self, step: int) -> dict[str, float] | None:
        """Logs of a checkpoint saved but not yet scored; None otherwise."""
        return self.state(step).get("logs")

    def finish_scoring(self, step: int, keep: int, score: float | None = None) -> None:
        """Completes a checkpoint that was saved with logs, once they are written down.

        Args:
            step: the checkpoint's.
            keep: see `save`.
            score: see `save`.
        """
        if not self.writes:
            return
        state = self.state(step)
        state.pop("logs", None)
        self._write_state(self.folder(step), state, score)
        self._prune(keep)

    def drop(self, step: int) -> None:
        """Removes a checkpoint, if it is there."""
        if self.writes:
            self._drop(step)

    def _prune(self, keep: int) -> None:
        best = self.best()
        for old in self.steps()[:-keep]:
            if old != best:
                self._drop(old)

    def _drop(self, step: int) -> None:
        """Removes a checkpoint, which first loses its name: none is ever half there."""
        old = self.path / ".old"
        shutil.rmtree(old, ignore_errors=True)
        if self.folder(step).exists():
            os.rename(self.folder(step), old)
            shutil.rmtree(old)

    def _write(
        self,
        model: keras.Model,
        folder: Path,
        step: int,
        score: float | None,
        logs: Mapping[str, float] | None,
    ) -> None:
        weights = folder / "model.weights.h5"
        _check_space(weights, _bytes_of(model))
        model.save_weights(weights)
        # Keras leaves metrics out of the weights.
        means = [of_all_replicas(v).tolist() for v in _means(model)]
        state = {"step": step, "sha256": _sha256(weights), "means": means}
        if logs is not None:
            state["logs"] = dict(logs)
        atomic.to_disk(weights)
        self._write_state(folder, state, score)

    def _write_state(self, folder: Path, state: dict[str, Any], score: float | None) -> None:
        if score is not None and np.isfinite(score):
            state["score"] = float(score)
        write_atomically(folder / "state.json", json.dumps(state) + "\n")

    def restore(self, model: keras.Model, step: int) -> None:
        """Loads a checkpoint into a compiled model of the same config.

        Raises:
            InputError: if its file is damaged.
        """
        if not self._is_whole(step):
            raise InputError(f"Checkpoint {str(self.folder(step))!r} is damaged; choose another.")
        model.load_weights(self.folder(step) / "model.weights.h5")
        for variable, value in zip(_means(model), self.state(step).get("means", ()), strict=False):
            values = np.array(value if isinstance(value, list) else [value], np.float32)
            # Each replica has its own sum; on other devices than before the total is shared out.
            if len(of_all_replicas(variable)) == len(values):
                assign_replicas(variable, values)
            else:
                variable.assign(values.sum())


def _bytes_of(model: keras.Model) -> int:
    """Returns how large a file of everything that changes becomes, at most."""
    optimizers = [v for v in vars(model).values() if isinstance(v, keras.optimizers.Optimizer)]
    variables = [v for owner in (model, *optimizers) for v in owner.variables]
    sizes = [int(np.prod(v.shape)) * np.dtype(v.dtype).itemsize for v in variables]
    return sum(sizes) + 4096 * (len(sizes) + 16)  # HDF5's own, for each array and group


def _check_space(file: Path, size: int) -> None:
    """Raises `OSError` if there is no room for so many bytes: HDF5 would crash the process."""
    with file.open("wb") as reserved:
        os.posix_fallocate(reserved.fileno(), 0, size)
    file.unlink()


def _means(model: keras.Model) -> list[keras.Variable]:
    return [variable for metric in model.metrics for variable in metric.variables]


def versions() -> dict[str, str]:
    """Returns the versions of what a run's numbers depend on."""
    import tensorflow as tf

    import tfgan_zoo

    return {
        "tfgan_zoo": tfgan_zoo.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a file so that readers see the old one or the new one, never a part."""
    with atomic.open_replacing(path, "wb", sync=True) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
