"""The devices of a run: one, all GPUs of a machine, or those of several machines."""

import contextlib
import functools
import json
import os
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import keras_internals
from tfgan_zoo.errors import InputError, WorkerLostError

#: More than there are workers that may fail besides the chief.
_CHIEF_FAILED = 2**32


class Devices:
    """Where a run trains, and which of its processes writes.

    Args:
        strategy: of TensorFlow's; None for one device.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None):
        self.strategy = strategy
        self.replicas = 1 if strategy is None else strategy.num_replicas_in_sync
        self.workers = 1
        #: The one process that writes files.
        self.chief = True
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            cluster = strategy.cluster_resolver
            jobs = cluster.cluster_spec().as_dict()
            self.workers = sum(len(jobs.get(job, ())) for job in ("chief", "worker"))
            first = "chief" if "chief" in jobs else "worker"
            self.chief = (cluster.task_type, cluster.task_id) == (first, 0)

    def scope(self) -> contextlib.AbstractContextManager:
        """Returns the context that models are made in."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    def check_batch(self, batch_size: int, entry: str = "data.batch_size") -> None:
        """Checks that every replica gets an equal share.

        Args:
            batch_size: over all replicas.
            entry: of the config that holds it.

        Raises:
            InputError: if it does not; it names the nearest sizes that would do.
        """
        share, rest = divmod(batch_size, self.replicas)
        if rest:
            sizes = [n * self.replicas for n in (share, share + 1) if n]
            raise InputError(
                f"{entry}: expected a multiple of {self.replicas}, the number of replicas, "
                f"got {batch_size}; {' or '.join(map(str, sizes))} would do."
            )

    def total(self, value: int) -> int:
        """Returns the sum of the workers' values; they all have to ask at the same point."""
        if self.workers == 1:
            return value
        assert self.strategy is not None
        local = keras_internals.replicas_per_worker(self.strategy)

        def own(context: Any) -> tf.Tensor:
            first = context.replica_id_in_sync_group % local == 0
            return tf.constant(value if first else 0, tf.int64)

        values = self.strategy.experimental_distribute_values_from_function(own)
        return int(self.strategy.reduce("SUM", values, axis=None))

    def from_chief(self, value: int) -> int:
        """Returns the chief's value to all workers, which wait for one another here."""
        return self.total(value if self.chief else 0)

    @contextlib.contextmanager
    def together(self, said: str = "refused to train") -> Iterator[None]:
        """Within it a worker, often the chief alone, does something that may fail.

        All workers enter it at the same point, and wait for one another at its end. If one fails,
        the others end too. Otherwise they would wait for it for ever, or report that it cannot be
        reached. Nothing within it may need the other workers.

        Args:
            said: what the others say that the failed worker did.

        Raises:
            InputError: on the other workers, if one fails.
        """
        try:
            yield
        except BaseException:
            # This error counts, even if another worker is gone.
            with contextlib.suppress(tf.errors.OpError):
                self.total(_CHIEF_FAILED if self.chief else 1)
            raise
        if failed := self.total(0):
            who = "The chief" if failed >= _CHIEF_FAILED else "Another worker"
            raise InputError(f"{who} {said}; see its message.")

    def describe(self) -> str:
        """Names them."""
        details = tf.config.experimental.get_device_details
        gpus = [details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
        names = sorted({gpu.get("device_name", "GPU") for gpu in gpus})
        kind = ", ".join(names) or "the CPU"
        if self.replicas == 1:
            return kind
        where = f"{self.workers} workers, " if self.workers > 1 else ""
        return f"{where}{self.replicas} replicas on {kind}"

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Within it, the end of another worker is an error of one sentence.

        Raises:
            WorkerLostError: if another worker cannot be reached any more.
        """
        try:
            yield
        except tf.errors.OpError as error:
            lost = tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError
            if self.workers == 1 or not isinstance(error, (*lost, tf.errors.InternalError)):
                raise
            raise WorkerLostError(
                "Another worker cannot be reached any more; start all of them again, and training "
                "goes on from the last checkpoint."
            ) from error


def set_up_graphs() -> None:
    """Has a run round alike wherever it is started from, a command or Python.

    TensorFlow's remapper cannot fuse a convolution's bias where the gradient of LeakyReLU reads it;
    it then reports an error and fuses nothing. Without it a step takes as long.
    """
    tf.config.optimizer.set_experimental_options({"remapping": False})


def open_devices(config: ConfigDict) -> Devices:
    """Returns the devices that `config.distribution` asks for.

    To be called before TensorFlow is used for anything else: neither can the CPU be split nor
    another worker be met afterwards.

    Raises:
        InputError: if there are no such devices, TF_CONFIG cannot be used, or it is too late.
    """
    set_up_graphs()
    settings = config.distribution
    if settings.threads_per_op:
        # Too late in a process that has used TensorFlow: it is then only slower.
        with contextlib.suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(settings.threads_per_op)
    if settings.logical_cpus > 1:
        _split_cpu(settings.logical_cpus)
    cluster = cluster_config()
    kind = settings.strategy
    if kind == "multi_worker" and cluster is None:
        raise InputError(
            "distribution.strategy: multi_worker needs the environment variable TF_CONFIG, which "
            "lists the workers and says which one this is."
        )
    if kind == "multi_worker" or (kind == "auto" and cluster is not None):
        return _multi_worker()
    devices = _local_devices()
    if kind == "mirrored" and len(devices) < 2:
        raise InputError(
            "distribution.strategy: mirrored needs several GPUs, and TensorFlow sees "
            f"{len(tf.config.list_logical_devices('GPU'))}; use auto, or "
            "--config.distribution.logical_cpus=2 to try it on a CPU."
        )
    if kind == "one_device" or len(devices) < 2:
        return Devices()
    return _mirrored(devices)


def cluster_config() -> dict[str, Any] | None:
    """Returns TF_CONFIG; None if it is not set or names no other worker.

    Raises:
        InputError: if it is not what TensorFlow takes.
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


# TensorFlow takes part in one cluster at most, and several mirrored strategies in one process get
# in one another's way.
@functools.cache
def _multi_worker() -> Devices:
    try:
        return Devices(tf.distribute.MultiWorkerMirroredStrategy())
    except RuntimeError as error:
        raise InputError(
            "distribution.strategy: multi_worker has to come before anything else is done with "
            "TensorFlow; start a new process."
        ) from error


@functools.cache
def _mirrored(devices: tuple[str, ...]) -> Devices:
    return Devices(tf.distribute.MirroredStrategy(list(devices)))


def _local_devices() -> tuple[str, ...]:
    gpus = tf.config.list_logical_devices("GPU")
    return tuple(device.name for device in gpus or tf.config.list_logical_devices("CPU"))


def _split_cpu(number: int) -> None:
    cpus = tf.config.list_physical_devices("CPU")
    parts = [tf.config.LogicalDeviceConfiguration()] * number
    try:
        tf.config.set_logical_device_configuration(cpus[0], parts)
    except RuntimeError as error:  # used already
        if len(tf.config.list_logical_devices("CPU")) != number:
            raise InputError(
                f"distribution.logical_cpus: TensorFlow is in use already, and can no longer split "
                f"the CPU into {number}; start a new process."
            ) from error
