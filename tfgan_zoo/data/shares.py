"""The rows of a batch that one of several workers trains on, which are the only ones it decodes.

Workers build the same batches, and TensorFlow gives each worker its part of every one. The rows of
the others stay black, so that augmentation, which is drawn for whole batches, does not change.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tfgan_zoo.errors import InputError


class Share(NamedTuple):
    """One of several workers.

    Attributes:
        worker: Its number, from 0.
        workers: Number of workers.
        replicas: Number of replicas of all workers together.
    """

    worker: int
    workers: int
    replicas: int

    def rows(self, batch_size: int) -> np.ndarray:
        """Returns which rows of a batch this worker trains on, bool `[batch_size]`.

        `tf.distribute` cuts batches into a piece for each replica, and deals these out to the
        workers in turn.

        Example:
            >>> Share(1, workers=2, replicas=4).rows(8).astype(int).tolist()
            [0, 0, 1, 1, 0, 0, 1, 1]
        """
        piece = np.arange(batch_size) // (batch_size // self.replicas)
        return piece % self.workers == self.worker


_share: contextvars.ContextVar[Share | None] = contextvars.ContextVar("share", default=None)


@contextlib.contextmanager
def only(share: Share | None) -> Iterator[None]:
    """Makes pipelines that are built in this context decode a worker's rows alone; None for all."""
    token = _share.set(share)
    try:
        yield
    finally:
        _share.reset(token)


def own_rows(batch_size: int) -> np.ndarray | None:
    """Returns the rows to decode, bool `[batch_size]`; None for all of them."""
    share = _share.get()
    return None if share is None or share.workers == 1 else share.rows(batch_size)


def cluster_config() -> dict[str, Any] | None:
    """Returns TF_CONFIG; None if it is not set or names no other worker.

    Raises:
        InputError: If TensorFlow cannot use it.
    """
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        return None
    try:
        value = json.loads(text)
        jobs = {job: list(value["cluster"].get(job, ())) for job in ("chief", "worker")}
        kind, index = value["task"]["type"], value["task"]["index"]
        known = 0 <= int(index) < len(jobs[kind])
    except (ValueError, KeyError, TypeError, AttributeError):
        known = False
    if not known:
        raise InputError(
            'TF_CONFIG: expected {"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": '
            f'"worker", "index": 0}}}} with a task of that cluster, got {text!r}.'
        )
    return value if sum(map(len, jobs.values())) > 1 else None
