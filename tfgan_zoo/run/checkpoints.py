"""Checkpoints of a model: complete, verified, the last few and the best."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfgan_zoo import atomic
from tfgan_zoo.errors import InputError, first_line
from tfgan_zoo.hashes import sha256_of
from tfgan_zoo.layers.per_replica import assign_replicas, of_all_replicas


class Checkpoints:
    """The checkpoints of a run.

    Each is a folder `step_<n>` with everything of the model that changes: `model.weights.h5` holds
    networks, optimizers, average and counters, `state.json` the running means of the logged values.
    A folder gets its name only once it is complete.

    Args:
        path: The folder that holds them.
        scores_after: Returns the step up to which scores cannot be compared with later ones.

    Attributes:
        writes: Whether `save` leaves anything. Of several processes that train together, one
            writes; all of them must call `save`, which collects the replicas' own variables.
    """

    def __init__(self, path: Path, scores_after: Callable[[], int] = lambda: -1):
        self.path = path
        self.scores_after = scores_after
        self.writes = True

    def steps(self) -> list[int]:
        """Returns the steps of all complete checkpoints, in order."""
        names = [p.name for p in self.path.glob("step_*")]
        return sorted(int(n[5:]) for n in names if n[5:].isdigit())

    def folder(self, step: int) -> Path:
        """Returns the folder of one step's checkpoint."""
        return self.path / f"step_{step:08d}"

    def state(self, step: int) -> dict[str, Any]:
        """Returns what `state.json` says of a checkpoint: its hash, its score, its logs."""
        return json.loads((self.folder(step) / "state.json").read_text())

    def best(self) -> int | None:
        """Returns the step of the best checkpoint, the last of equals; None if none has a score."""
        steps = [step for step in self.steps() if step > self.scores_after()]
        scored = [(self.state(s)["score"], s) for s in steps if "score" in self.state(s)]
        return max(scored)[1] if scored else None

    def unscored(self, step: int) -> dict[str, float] | None:
        """Returns the logs of a checkpoint that was saved but not yet scored; None otherwise."""
        return self.state(step).get("logs")

    # ------------------------------------------------------------------ saving

    def save(
        self,
        model: keras.Model,
        step: int,
        keep: int | None,
        score: float | None = None,
        logs: Mapping[str, float] | None = None,
    ) -> Path:
        """Saves a checkpoint, then removes the oldest beyond `keep`, but never the best.

        Args:
            model: A compiled model.
            step: Its step.
            keep: How many of the last checkpoints remain; None for all.
            score: Higher is better.
            logs: Of the epoch that ends here, if it has not been scored and recorded yet; see
                `unscored`. A call of `finish_scoring` must follow.

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
            shutil.rmtree(temporary, ignore_errors=True)  # the disk may be full
            raise
        self._drop(step)
        os.rename(temporary, folder)
        if keep is not None:
            self._prune(keep)
        return folder

    def finish_scoring(self, step: int, keep: int, score: float | None = None) -> None:
        """Completes a checkpoint that was saved with logs, once they are recorded.

        Args:
            step: Of the checkpoint.
            keep: See `save`.
            score: See `save`.
        """
        if not self.writes:
            return
        state = self.state(step)
        state.pop("logs", None)
        self._write_state(self.folder(step), state, score)
        self._prune(keep)

    def drop(self, step: int) -> None:
        """Removes a checkpoint if it exists."""
        if self.writes:
            self._drop(step)

    def _prune(self, keep: int) -> None:
        best = self.best()
        for old in self.steps()[:-keep]:
            if old != best:
                self._drop(old)

    def _drop(self, step: int) -> None:
        """Renames a checkpoint before it removes it, so that none is ever half there."""
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
        _check_space(weights, _size(model))
        model.save_weights(weights)
        # Keras does not save metrics with the weights.
        means = [of_all_replicas(v).tolist() for v in _means(model)]
        state = {"step": step, "sha256": sha256_of(weights), "means": means}
        if logs is not None:
            state["logs"] = dict(logs)
        atomic.to_disk(weights)
        self._write_state(folder, state, score)

    def _write_state(self, folder: Path, state: dict[str, Any], score: float | None) -> None:
        if score is not None and np.isfinite(score):
            state["score"] = float(score)
        atomic.write_atomically(folder / "state.json", json.dumps(state) + "\n")

    # ------------------------------------------------------------------ restoring

    def restore(self, model: keras.Model, step: int) -> None:
        """Loads a checkpoint into a compiled model of the same config.

        Raises:
            InputError: If its file is damaged, or it is of another model.
        """
        if not self._is_whole(step):
            raise InputError(f"Checkpoint {str(self.folder(step))!r} is damaged; choose another.")
        try:
            model.load_weights(self.folder(step) / "model.weights.h5")
        except ValueError as error:
            raise InputError(
                f"Checkpoint {str(self.folder(step))!r}: expected the weights of the model that "
                f"config.json describes, got others ({first_line(error)}); add arguments that it "
                "leaves out to its model_args, with the values that were their defaults then."
            ) from error
        for variable, value in zip(_means(model), self.state(step).get("means", ()), strict=False):
            values = np.array(value if isinstance(value, list) else [value], np.float32)
            # Each replica has its own sum; with another number of replicas, the total is shared.
            if len(of_all_replicas(variable)) == len(values):
                assign_replicas(variable, values)
            else:
                variable.assign(values.sum())

    def set_aside_damaged(self) -> list[Path]:
        """Renames checkpoints whose file has changed, and removes what killed processes left.

        Returns:
            Where the damaged checkpoints are now.
        """
        for leftover in (".saving", ".old"):
            shutil.rmtree(self.path / leftover, ignore_errors=True)
        aside = []
        for step in self.steps():
            if not self._is_whole(step):
                aside.append(self.path / f"damaged_{self.folder(step).name}")
                shutil.rmtree(aside[-1], ignore_errors=True)
                os.rename(self.folder(step), aside[-1])
        return aside

    def _is_whole(self, step: int) -> bool:
        try:
            return sha256_of(self.folder(step) / "model.weights.h5") == self.state(step)["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return False


def _size(model: keras.Model) -> int:
    """Returns an upper bound of the size of a model's weights file, in bytes."""
    optimizers = [v for v in vars(model).values() if isinstance(v, keras.optimizers.Optimizer)]
    variables = [v for owner in (model, *optimizers) for v in owner.variables]
    sizes = [int(np.prod(v.shape)) * np.dtype(v.dtype).itemsize for v in variables]
    return sum(sizes) + 4096 * (len(sizes) + 16)  # HDF5's overhead per array and group


def _check_space(file: Path, size: int) -> None:
    """Raises `OSError` if a file of this size does not fit: HDF5 would crash the process."""
    with file.open("wb") as reserved:
        os.posix_fallocate(reserved.fileno(), 0, size)
    file.unlink()


def _means(model: keras.Model) -> list[keras.Variable]:
    return [variable for metric in model.metrics for variable in metric.variables]
