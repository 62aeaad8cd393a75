"""Keras' training loop, with checks of its data and a train step in one graph."""

import inspect
from collections.abc import Callable, Mapping
from types import GeneratorType
from typing import Any

import tensorflow as tf

from tfgan_zoo.errors import InputError, input_errors
from tfgan_zoo.keras_internals import BuiltModel, distributed_function
from tfgan_zoo.models.mechanics import batches
from tfgan_zoo.models.mechanics.arguments import check_ends
from tfgan_zoo.models.mechanics.parts import warn_unless_finite, without_optionals
from tfgan_zoo.models.mechanics.role_optimizers import check_callbacks, for_each_role


class KerasLoop(BuiltModel):
    """Keras' `fit`, `evaluate`, `predict` and steps on a batch, of a model with roles."""

    steps_per_execution: int

    def _build_loop(self) -> None:
        self._training_data: Callable[[], Any] = lambda: None
        self._trained_on_batch = False
        self._trained: tuple[int, ...] = ()

    def build(self, input_shape=None) -> None:
        """Does nothing: the networks are built before the model is."""

    # ------------------------------------------------------------------ entrances

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Trains, as Keras' `fit` does; callbacks find the data in `training_data()`.

        `batch_size` is the number of samples that one train step takes. For arrays it defaults to
        `samples_per_step(32)`, and samples that do not fill the last batch are left out. If a step
        takes more than 32 samples, or samples are left out, `fit` says so, unless `verbose` is 0.

        The first batch is checked: floats are images in [-1, 1]. They may overshoot, up to 1.5
        either way.

        `keras.callbacks.LearningRateScheduler` and `ReduceLROnPlateau` change the rate of every
        role's optimizer, each from its own, and log it as `learning_rate_<role>`.

        Raises:
            InputError: If samples or classes are weighted; a dataset has no end and
                `steps_per_epoch` is not given; a step cannot divide batches of arrays evenly;
                images have another range or shape; a file of the data cannot be read; a callback
                could not save the model, or would fail during training (see `check_callbacks`).

        Warns:
            UserWarning: Once, if images are floats with none below 0, as in [0, 1]; and of each of
                `training_warnings`.
        """
        arguments = _unweighted(super().fit, x, y, *args, **kwargs)
        batches.check_given(arguments)
        check_callbacks(arguments.get("callbacks"), self)
        check_ends(x, arguments.get("steps_per_epoch"), "steps_per_epoch")
        check_ends(
            arguments.get("validation_data"), arguments.get("validation_steps"), "validation_steps"
        )
        replicas = self.distribute_strategy.num_replicas_in_sync
        training, testing = (replicas * self.batch_multiple(each) for each in (True, False))
        arguments, notes = batches.with_batch_size(
            arguments, training, testing, self.samples_per_step
        )
        batches.check_batch_sizes(arguments, training, testing, self.samples_per_step)
        self._inspect_data_of_fit(arguments)
        for note in notes if arguments.get("verbose", "auto") != 0 else ():
            self._report_once(note, note, print)
        given = x if y is None else (x, y)
        ordered = (tf.data.Dataset, tf.distribute.DistributedDataset, GeneratorType)
        if isinstance(x, ordered) and "shuffle" not in arguments:
            # Keras warns at its own default, True, that it does not shuffle these.
            arguments["shuffle"] = False
        self._training_data = lambda: given  # Keras would keep track of the data itself.
        try:
            arguments["callbacks"] = for_each_role(arguments.get("callbacks"), self)
            with input_errors():
                return super().fit(**arguments)
        finally:
            self._training_data = lambda: None
            self._uninspected.clear()

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Computes the losses on held-out data, as Keras' `evaluate` does: means over samples.

        Images are checked as in `fit`.

        Raises:
            InputError: If samples are weighted, images have another range or shape, a file of the
                data cannot be read, or packs and replicas cannot divide batches evenly.
        """
        signature = inspect.signature(super().evaluate)
        arguments = signature.bind_partial(x, y, *args, **kwargs).arguments
        extra = arguments.pop("kwargs", {})
        if not extra.get("_use_cached_eval_dataset"):  # Otherwise `fit` has checked the data.
            _check_unweighted(arguments)
            batches.check_given(arguments)
            check_ends(x, arguments.get("steps"), "steps")
            data = x if y is None else (x, y)
            size = arguments.get("batch_size")
            multiple = self.distribute_strategy.num_replicas_in_sync * self.batch_multiple(False)
            if size is None and batches.some_rows(data, 1) is not None:
                size = arguments["batch_size"] = batches.evaluation_batch_size(multiple)
            given = {"x": data, "batch_size": size, "steps_per_epoch": arguments.get("steps")}
            batches.check_batch_sizes(given, multiple, multiple)
            self._inspect_data("testing", data, size or 1, "Test batches")
        with input_errors():
            return super().evaluate(**arguments, **extra)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Takes one train step, as Keras' `train_on_batch` does.

        Raises:
            InputError: If samples or classes are weighted, or images have another shape, or another
                range than [-1, 1].
        """
        _unweighted(super().train_on_batch, x, y, *args, **kwargs)
        # Texts are checked once, as that takes longer than a step does.
        self._inspect([(x, y)], "training", "Training batches", first=not self._trained_on_batch)
        self._trained_on_batch = True
        with input_errors():
            return super().train_on_batch(x, y, *args, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Computes the losses on a batch, as Keras' `test_on_batch` does.

        Raises:
            InputError: If samples are weighted, or images have another shape, or another range than
                [-1, 1].
        """
        _unweighted(super().test_on_batch, x, y, *args, **kwargs)
        self._inspect([(x, y)], "testing", "Test batches")
        with input_errors():
            return super().test_on_batch(x, y, *args, **kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the model on batches, as Keras' `predict` does, but always one at a time.

        With `steps_per_execution` above 1, Keras would trace a graph for each number of batches
        that is left at the end of some data. Outputs with NaN or infinity bring a warning.
        """
        steps, self.steps_per_execution = self.steps_per_execution, 1
        try:
            outputs = super().predict(*args, **kwargs)
        finally:
            self.steps_per_execution = steps
        for each in tf.nest.flatten(outputs):
            warn_unless_finite(each)
        return outputs

    def training_data(self) -> Any:
        """Returns the data of the running `fit`; None outside of it."""
        return self._training_data()

    # ------------------------------------------------------------------ graphs

    def make_train_function(self, force: bool = False) -> None:
        """Makes the function that `fit` calls: as Keras does, but a step is one graph if possible.

        Keras nests a function within a function, which is noticeable in a small model's step.
        """
        trained = tuple(id(v) for role in self.roles() for v in self.role_variables(role))
        ready = getattr(self, "train_function", None) is not None and trained == self._trained
        if ready and not force:
            return
        for role in self.roles():
            self._check_optimizer(getattr(self, f"{role}_optimizer"), role)
        self.load_frozen()
        self._trained = trained
        step = _after_data(self.train_step)
        train: Callable = distributed_function(self, step)
        if not (self.run_eagerly or self.steps_per_execution > 1 or self._has_strategy()):
            train = self._step_in_one_graph(step, train)
        self.train_function = self._inspecting(train, "training")

    def make_test_function(self, force: bool = False) -> None:
        """Makes the function that `evaluate` calls."""
        if getattr(self, "test_function", None) is not None and not force:
            return
        self.load_frozen()
        test = distributed_function(self, _after_data(self.test_step))
        self.test_function = self._inspecting(test, "testing")

    def _step_in_one_graph(self, step: Callable, otherwise: Callable) -> Callable:
        @tf.function(autograph=False, reduce_retracing=True)
        def one_step(iterator):
            return step(iterator.get_next())

        def train(iterator):
            return (one_step if isinstance(iterator, tf.data.Iterator) else otherwise)(iterator)

        return train

    def _has_strategy(self) -> bool:
        with self.distribute_strategy.scope():
            return tf.distribute.has_strategy()


def _after_data(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Runs a step only once its batch has arrived, with the same size on every replica.

    Otherwise TensorFlow may run ops that need no data, such as the step counter, before it notices
    that the dataset has ended.
    """

    def step_after_data(data):
        data = without_optionals(data)
        tensors = filter(tf.is_tensor, tf.nest.flatten(data, expand_composites=True))
        with tf.control_dependencies(list(tensors)):
            checks = batches.check_equal_shares(data)
            with tf.control_dependencies(checks):
                return step(data)

    return step_after_data


def _unweighted(method: Callable, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Returns the arguments of one of Keras' methods by name.

    Raises:
        InputError: If weights are among them, wherever it takes them.
    """
    given = inspect.signature(method).bind_partial(*args, **kwargs).arguments
    _check_unweighted(given)
    return given


def _check_unweighted(given: Mapping[str, Any]) -> None:
    for name in ("sample_weight", "class_weight"):
        if given.get(name) is not None:
            raise InputError(
                f"{name}: expected None, got {type(given[name]).__name__}; all samples have the "
                "same weight, so leave out or repeat some in the data."
            )
