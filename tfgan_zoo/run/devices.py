"""The devices of a run: one, all GPUs of a machine, or those of several machines."""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo.data.shares import Share, cluster_config
from tfgan_zoo.errors import InputError, WorkerLostError

#: Reported by a chief that failed: more than the number of workers.
_CHIEF_FAILED = 2**32


class Devices:
    """Where a run trains, and which of its processes writes.

    Args:
        strategy: A TensorFlow strategy; None for one device.
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
            before = len(jobs.get("chief", ())) if cluster.task_type == "worker" else 0
            self._worker = before + cluster.task_id

    def scope(self) -> contextlib.AbstractContextManager:
        """Returns the context in which models are built."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    def check_batch(self, batch_size: int, entry: str = "data.batch_size") -> None:
        """Checks that every replica gets an equal share of a batch.

        Args:
            batch_size: The size over all replicas.
            entry: The config entry that holds it.

        Raises:
            InputError: If it does not; the message names the nearest sizes that work.
        """
        share, rest = divmod(batch_size, self.replicas)
        if rest:
            sizes = [n * self.replicas for n in (share, share + 1) if n]
            raise InputError(
                f"{entry}: expected a multiple of {self.replicas}, the number of replicas, "
                f"got {batch_size}; give {' or '.join(map(str, sizes))}."
            )

    def share(self) -> Share | None:
        """Returns which part of the batches this worker trains on; None for all of them."""
        return None if self.workers == 1 else Share(self._worker, self.workers, self.replicas)

    def total(self, value: int) -> int:
        """Returns the sum of the workers' values; all of them must call it at the same point."""
        if self.workers == 1:
            return value
        assert self.strategy is not None
        local = self.replicas // self.workers

        def own(context: Any) -> tf.Tensor:
            first = context.replica_id_in_sync_group % local == 0
            return tf.constant(value if first else 0, tf.int64)

        values = self.strategy.experimental_distribute_values_from_function(own)
        return int(self.strategy.reduce("SUM", values, axis=None))

    def from_chief(self, value: int) -> int:
        """Returns the chief's value on all workers; all of them must call it at the same point."""
        return self.total(value if self.chief else 0)

    def wait(self) -> None:
        """Waits until all workers have come to this point."""
        self.total(0)

    @contextlib.contextmanager
    def together(self, failure: str = "refused to train") -> Iterator[None]:
        """Context in which one worker, often the chief, does something that may fail.

        All workers enter it at the same point, and wait for one another at its end. If one fails,
        the others end too; otherwise they would wait for it forever, or report that it cannot be
        reached. Nothing within the context may need the other workers.

        Args:
            failure: What the others report that the failed worker did.

        Raises:
            InputError: On the other workers, if one fails.
        """
        try:
            yield
        except BaseException:
            # This error is the one to raise, even if another worker is gone.
            with contextlib.suppress(tf.errors.OpError):
                self.total(_CHIEF_FAILED if self.chief else 1)
            raise
        if failed := self.total(0):
            who = "The chief" if failed >= _CHIEF_FAILED else "Another worker"
            raise InputError(f"{who} {failure}; see its message.")

    def describe(self) -> str:
        """Names the devices."""
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
        """Context that reports the loss of another worker in one sentence.

        Raises:
            WorkerLostError: If another worker can no longer be reached.
        """
        try:
            yield
        except tf.errors.OpError as error:
            lost = tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError
            if self.workers == 1 or not isinstance(error, (*lost, tf.errors.InternalError)):
                raise
            raise WorkerLostError(
                "Another worker can no longer be reached; start all of them again to resume from "
                "the last checkpoint."
            ) from error


def set_up_graphs() -> None:
    """Makes rounding identical whether a run is started from the command line or from Python.

    TensorFlow's remapper cannot fuse a convolution's bias that the gradient of LeakyReLU reads; it
    then reports an error and fuses nothing. Steps take equally long without it.
    """
    tf.config.optimizer.set_experimental_options({"remapping": False})


def open_devices(config: ConfigDict) -> Devices:
    """Returns the devices that `config.distribution` asks for.

    Must be called before TensorFlow is used for anything else: afterwards the CPU cannot be split,
    and other workers cannot be met.

    Raises:
        InputError: If there are no such devices, TF_CONFIG cannot be used, or it is too late.
    """
    set_up_graphs()
    settings = config.distribution
    if settings.threads_per_op:
        # A process that has already used TensorFlow keeps its threads, and is slower at most.
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


def open_for_samples(config: ConfigDict) -> Devices:
    """Returns the devices on which a trained model makes many samples: all of this machine.

    They need not be those that the run trained on. A run that trained on several machines is used
    on the one where the command runs; one that trained on several GPUs, on as many as there are.

    Args:
        config: Of the run. With the strategy `one_device`, samples are made on one device, too.
    """
    settings = config.distribution
    if settings.strategy == "one_device":
        return Devices()
    if settings.logical_cpus > 1:
        # A process that has already used TensorFlow keeps its devices.
        with contextlib.suppress(InputError):
            _split_cpu(settings.logical_cpus)
    devices = _local_devices()
    return Devices() if len(devices) < 2 else _mirrored(devices)


# A process can join only one cluster, and several mirrored strategies in one process interfere.
@functools.cache
def _multi_worker() -> Devices:
    try:
        return Devices(tf.distribute.MultiWorkerMirroredStrategy())
    except RuntimeError as error:
        raise InputError(
            "distribution.strategy: multi_worker must be set up before TensorFlow is used; start a "
            "new process."
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
    except RuntimeError as error:  # already in use
        if len(tf.config.list_logical_devices("CPU")) != number:
            raise InputError(
                f"distribution.logical_cpus: TensorFlow is already in use and can no longer split "
                f"the CPU into {number}; start a new process."
            ) from error
