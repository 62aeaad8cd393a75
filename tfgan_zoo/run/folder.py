"""A run folder: its config, its records, and who may write them."""

import contextlib
import fcntl
import gzip
import json
import os
import platform
import re
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from tfgan_zoo import config as config_lib
from tfgan_zoo import presets
from tfgan_zoo.atomic import write_atomically
from tfgan_zoo.data.fingerprints import Fingerprint, describe_change
from tfgan_zoo.errors import InputError
from tfgan_zoo.run.building import filled_like
from tfgan_zoo.run.checkpoints import Checkpoints


class ScoreHistory(NamedTuple):
    """How a run's scores have developed.

    Attributes:
        best: The step of the best score; None if there is none.
        since: How many scores came after it.
    """

    best: int | None
    since: int


class Run:
    """The folder of one training run.

    It holds `config.json` (resolved, with versions, and a history of changes), `checkpoints/`,
    `samples/`, `metrics.jsonl`, `tensorboard/`, and `health.jsonl` with what went wrong; once
    training is done, `model.keras`, `export/` and `result.json`. `data.json` describes the data it
    reads, `data_names.json.gz` the names of its files. A pretrained run holds the run before it in
    `pretraining/`. A run that rolled back after NaN notes that in `rollbacks.jsonl`.

    Args:
        path: The folder.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path).expanduser()
        self.checkpoints = Checkpoints(
            self.path / "checkpoints", lambda: config_lib.scores_after(self.path)
        )
        self.samples = self.path / "samples"
        self.tensorboard = self.path / "tensorboard"
        self.model = self.path / "model.keras"
        self.exports = self.path / "export"
        self.pretraining = self.path / "pretraining"
        self.metrics = self.path / "metrics.jsonl"
        self.about = self.path / "model.json"
        self.health = self.path / "health.jsonl"
        self.rollbacks = self.path / "rollbacks.jsonl"
        self.result = self.path / "result.json"
        self.data = self.path / "data.json"
        self.data_names = self.path / "data_names.json.gz"
        self.measured = self.path / ".measured"  # of `run.planning`, which removes it

    @classmethod
    def open(cls, path: str | os.PathLike) -> "Run":
        """Opens an existing run for reading.

        Raises:
            InputError: If `path` is not a run folder.
        """
        run = cls(path)
        if not (run.path / "config.json").is_file():
            raise InputError(
                f"--workdir: {os.fspath(path)!r} is no run folder: it has no config.json; "
                + (
                    presets.hint(path, "--preset={} takes the preset of that name.")
                    or "tfgan_zoo.train and tfgan_zoo.import_weights make one."
                )
            )
        return run

    # ------------------------------------------------------------------ config

    def config(self) -> dict[str, Any]:
        """Returns the resolved config of the run, as plain dicts.

        Raises:
            InputError: If config.json is not a run's, or was written by a later version.
        """
        return config_lib.stored_config(self.path)

    def decoding(self) -> dict[str, Any]:
        """Returns how the run's images are decoded: arguments of `open_source` and the like."""
        return config_lib.decoding(self.config()["data"])

    def has_begun(self) -> bool:
        """Returns whether the run has started training."""
        return config_lib.has_begun(self.path)

    def recipe(self) -> str | None:
        """Returns the name of the recipe that the run began with, if it was noted."""
        return config_lib.stored_recipe(self.path)

    @contextlib.contextmanager
    def claim(
        self,
        config: Any,
        recipe: str | None = None,
        extend: bool = False,
        planned: Mapping[str, Any] | None = None,
    ) -> Iterator[None]:
        """Creates the folder, or checks that it belongs to this config, and locks it.

        A run that has begun keeps its stored config until `adopt` is called.

        Args:
            config: Of the run.
            recipe: The name of the recipe to note when a run begins; None for none.
            extend: Whether learning rates that decay until the last step may be planned again.
            planned: What to note when a run begins that was planned by time; None for nothing.

        Raises:
            InputError: If another process trains here, or the folder holds a run with another
                config or other files.
        """
        with self.locked():
            file, plain = self.path / "config.json", _plain(config)
            before = self.config() if file.exists() else None
            if before is not None and self.has_begun():
                self._check_same(before, plain, extend)
            else:
                if planned is None and before == plain:  # the plan of a run that was killed early
                    planned = config_lib.stored_plan(self.path)
                self._write_config(plain, recipe, [], planned)
            yield

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Creates the folder, or checks that it is a run's, and locks it.

        Raises:
            InputError: If another process trains here, or no run can be kept in the folder.
        """
        config_lib.check_workdir(self.path)
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
            yield

    def adopt(self, config: Any, step: int, scored: int) -> dict[str, Any]:
        """Stores the config with which a run resumes, and notes what has changed.

        Args:
            config: Of the run, which `claim` has accepted.
            step: The step at which it resumes.
            scored: The last step that is scored.

        Returns:
            The note; see `config.note_of`.
        """
        plain = _plain(config)
        before = filled_like(self.config(), plain)
        history = config_lib.notes_until(config_lib.history_of(self.path), step, scored)
        note = config_lib.note_of(before, plain, step, scored)
        history = [*history, note] if note else history
        self._write_config(plain, self.recipe(), history, config_lib.stored_plan(self.path))
        return note

    def _write_config(
        self,
        plain: Mapping[str, Any],
        recipe: str | None,
        history: list[dict[str, Any]],
        planned: Mapping[str, Any] | None,
    ) -> None:
        written: dict[str, Any] = {"config": plain, "versions": versions()}
        if recipe is not None:
            written["recipe"] = recipe
        if planned is not None:
            written["planned"] = planned
        if history:
            written["history"] = history
        file, text = self.path / "config.json", json.dumps(written, indent=2) + "\n"
        if not file.exists() or file.read_text() != text:
            write_atomically(file, text)

    def _sweep(self) -> None:
        """Removes files that killed processes left half-written, and what they measured with."""
        shutil.rmtree(self.measured, ignore_errors=True)
        inner = (*self.exports.glob("*/"), *self.checkpoints.path.glob("*/"))
        for folder in (self.path, self.samples, self.exports, *inner):
            for pattern in (".*.part", ".*.part.*"):
                for file in folder.glob(pattern):
                    if file.is_file() and not _is_being_written(file):
                        file.unlink(missing_ok=True)

    def _check_same(
        self, written: Mapping[str, Any], config: Mapping[str, Any], extend: bool
    ) -> None:
        before = filled_like(written, config)
        if refused := config_lib.refused_changes(before, config, extend):
            raise InputError(
                f"--workdir: {str(self.path)!r} holds a run with another config "
                f"({'; '.join(refused)}); give another folder to start a new run "
                "(--config.train.start_from=RUN takes over the weights of one), or the same config "
                "to resume."
            )

    def check_source(self, config: Any, extend: bool = False) -> None:
        """Checks that a run that has begun is resumed with its own data, before they are opened.

        Otherwise the first complaint would be that other data do not fit this run's config.

        Args:
            config: The config to resume it with.
            extend: See `claim`.

        Raises:
            InputError: If the source is another one.
        """
        before, plain = self.config(), _plain(config)
        if before["data"].get("source") != plain["data"].get("source"):
            self._check_same(before, plain, extend)

    # ------------------------------------------------------------------ data

    def check_data(
        self,
        now: Mapping[str, Fingerprint],
        step: int,
        accept_changed: bool = False,
        replaced: tuple[str, ...] = (),
    ) -> str:
        """Compares the data with the stored fingerprints, then stores the current ones.

        Args:
            now: The data's fingerprints, by a name for each source.
            step: The step of the run.
            accept_changed: Whether changed data are accepted.
            replaced: Prefixes of the names of data that the config now takes from elsewhere.

        Returns:
            What has changed; empty if nothing has, or no fingerprints were stored yet.

        Raises:
            InputError: If the data have changed, and that is not accepted.
        """
        before = self._noted_data() if self.has_begun() else {}
        sources, names = before.get("sources", {}), self._noted_names()
        changes = {
            name: describe_change(sources[name], names.get(name, ()), found)
            for name, found in now.items()
            if name in sources and not name.startswith(replaced)
        }
        changed = "; ".join(f"{name}: {text}" for name, text in changes.items() if text)
        if changed and not accept_changed:
            raise InputError(
                f"--workdir: the data have changed since {str(self.path)!r} began ({changed}); "
                "bring them back, give another folder, or add --accept_changed_data to go on "
                "with them."
            )
        if changed or replaced or now.keys() != sources.keys():
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
        except (OSError, ValueError):  # written by an earlier version, or damaged
            return {}

    def _noted_names(self) -> dict[str, list[str]]:
        try:
            return json.loads(gzip.decompress(self.data_names.read_bytes()))
        except (OSError, ValueError, EOFError, zlib.error):
            return {}

    # ------------------------------------------------------------------ records

    def logged(self) -> list[dict[str, Any]]:
        """Returns the lines of `metrics.jsonl`."""
        lines = self.metrics.read_text().splitlines() if self.metrics.exists() else []
        return [json.loads(line) for line in lines if np.isfinite(_step_of(line))]

    def is_logged(self, step: int, every: int) -> bool:
        """Returns whether a whole interval of the log ended at a step when it was saved.

        Args:
            step: The step.
            every: The interval of today.
        """
        return step % config_lib.value_at(self.path, "train.log_every", step, every) == 0

    def trim_metrics(self, step: int) -> None:
        """Removes lines after `step`, which the resumed run writes again."""
        for path in (self.metrics, self.health):
            if not path.exists():
                continue
            lines = path.read_text().splitlines(keepends=True)
            kept = [line for line in lines if _step_of(line) <= step]
            if kept != lines:
                write_atomically(path, "".join(kept))

    def score_history(self, score: str, sign: int, due: Callable[[int], bool]) -> ScoreHistory:
        """Returns how the logged scores have developed.

        Args:
            score: The name of the score that decides.
            sign: 1 if higher is better, -1 if lower.
            due: Returns whether the score of a step counts.
        """
        best, best_step, since = -np.inf, None, 0
        comparable = config_lib.scores_after(self.path)
        for row in self.logged():
            if score not in row or row["step"] <= comparable or not due(row["step"]):
                continue
            value = -np.inf if row[score] is None else sign * row[score]
            if value > best:
                best, best_step, since = value, row["step"], 0
            else:
                since += 1
        return ScoreHistory(best_step, since)

    def note_health(self, step: int, condition: str, message: str) -> None:
        """Adds a line to `health.jsonl`."""
        with self.health.open("a") as file:
            line = {"step": step, "condition": condition, "message": message}
            file.write(json.dumps(line) + "\n")

    def noted_rollbacks(self) -> list[dict[str, Any]]:
        """Returns a note for each return to a checkpoint after NaN."""
        if not self.rollbacks.exists():
            return []
        return [json.loads(line) for line in self.rollbacks.read_text().splitlines()]

    def note_rollback(self, note: Mapping[str, Any]) -> None:
        """Adds a note to those that `noted_rollbacks` returns."""
        lines = [json.dumps(each) + "\n" for each in [*self.noted_rollbacks(), note]]
        write_atomically(self.rollbacks, "".join(lines))


def config_of(workdir: str | os.PathLike) -> dict[str, Any]:
    """Returns the config of a run folder or of a preset's `.keras` file, as plain dicts.

    Raises:
        InputError: If it is neither.
    """
    if presets.note_of(workdir) is not None:
        return config_lib.stored_config(Path(workdir).expanduser())
    return Run.open(workdir).config()


def _plain(config: Any) -> dict[str, Any]:
    """Returns a config as it is read back from JSON."""
    return json.loads(json.dumps(config.to_dict()))


def _is_being_written(file: Path) -> bool:
    """Returns whether another process of this machine, such as a report, is writing a file."""
    found = re.match(r"\.[0-9a-f]{8}-(\d+)\b", file.name)  # a name of `atomic.hidden_beside`
    if found is None or int(found[1]) == os.getpid():
        return False
    try:
        os.kill(int(found[1]), 0)
    except PermissionError:  # the process of another user
        return True
    except (OSError, OverflowError):
        return False
    return True


def _step_of(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except ValueError:  # cut off in the middle
        return float("inf")


def versions() -> dict[str, str]:
    """Returns the versions of everything a run's numbers depend on."""
    import tensorflow as tf

    import tfgan_zoo

    return {
        "tfgan_zoo": tfgan_zoo.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
