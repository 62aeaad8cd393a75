"""Games whose samples are conditional: on a class, or on what a subclass declares."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from tfgan_zoo import noise
from tfgan_zoo.errors import InputError, check_num_classes
from tfgan_zoo.models.game import Game
from tfgan_zoo.models.mechanics import classes, parts
from tfgan_zoo.models.mechanics.functional import check_mixes
from tfgan_zoo.models.mechanics.keywords import check_known
from tfgan_zoo.serving.signatures import Endpoint, of_texts

#: The parts of a condition, in the order of `condition`; empty without one.
Given = tuple[tf.Tensor, ...]

#: How the labels of fakes are chosen.
FAKE_LABELS = ("shuffled", "real", "uniform")

FakeLabels = Literal["shuffled", "real", "uniform"]


class Conditional(Game):
    """A game whose networks may be told what to make, and what they judge.

    A class names the parts of its condition in `condition` and declares them in `batch_spec`; a
    model with `num_classes` has the condition `("label",)`, whatever its class.
    """

    #: Names of the parts of a batch that samples are conditional on.
    condition: tuple[str, ...] = ()
    #: Number of classes; None for a model that is not told classes.
    num_classes: int | None = None
    class_names: tuple[str, ...] = ()
    #: How labels of fakes are chosen unless `fake_labels` says so. A class whose losses score fakes
    #: under `self.asked(given, training)` may declare "shuffled". A class that overrides a loss or
    #: the train step below that declaration keeps to the labels of the real samples.
    default_fake_labels: FakeLabels = "real"
    fake_labels: FakeLabels | None = None
    #: Whether there is no such game without classes.
    needs_classes = False
    #: Whether the discriminator is told the condition of what it judges.
    judges_condition = True

    def _init_condition(
        self,
        num_classes: int | None,
        class_names: Sequence[str],
        fake_labels: FakeLabels | None,
    ) -> None:
        """Stores the arguments about classes, checked."""
        self.num_classes = check_num_classes(num_classes)
        if self.num_classes is None and self.needs_classes:
            raise InputError(
                f"num_classes: expected a whole number from 2 up for {type(self).__name__}, got "
                f"{num_classes!r}."
            )
        if self.num_classes is not None and self.condition:
            if "label" not in self.condition:
                raise InputError(
                    f"num_classes: expected None for {type(self).__name__}, whose condition is "
                    f"{' and '.join(self.condition)}, got {num_classes}."
                )
        elif self.num_classes is not None:
            self.condition = ("label",)
        names = () if class_names is None else class_names
        self.class_names = classes.check_class_names(names, self.num_classes)
        if self.class_names and "label" not in self.condition:
            raise InputError(
                "class_names: expected none for a model without num_classes, got "
                f"{len(self.class_names)}."
            )
        self.fake_labels = self._checked_fake_labels(fake_labels)

    def _checked_fake_labels(self, wanted: FakeLabels | None) -> FakeLabels | None:
        if wanted is not None and wanted not in FAKE_LABELS:
            raise InputError(
                f"fake_labels: expected one of {', '.join(FAKE_LABELS)}, got {wanted!r}."
            )
        if self.num_classes is None:
            if wanted not in (None, "real"):
                raise InputError(
                    f"fake_labels: expected None for a model without num_classes, got {wanted!r}."
                )
            return wanted
        overridden = self._overridden_below("default_fake_labels")
        if overridden is None:
            return wanted or self.default_fake_labels
        if wanted in (None, "real"):
            return "real"
        raise InputError(
            f"fake_labels: expected 'real', as {overridden} may score fakes under the labels of "
            f"real samples, got {wanted!r}; if it scores them under self.asked(given, training), "
            f"set default_fake_labels = {wanted!r} in that class."
        )

    @classmethod
    def _overridden_below(cls, attribute: str) -> str | None:
        """Returns the method of a subclass of the one that declares an attribute; None if none."""
        places = {name: i for i, c in reversed(list(enumerate(cls.__mro__))) for name in vars(c)}
        for name in ("train_step", "discriminator_loss", "generator_loss"):
            if places[name] < places[attribute]:
                return f"{cls.__mro__[places[name]].__name__}.{name}"
        return None

    # ------------------------------------------------------------------ data

    def batch_spec(self) -> dict[str, tf.TensorSpec]:
        """See `ZooModel.batch_spec`; with `num_classes`, "label" holds class numbers."""
        spec = super().batch_spec()
        if self.num_classes is not None:
            spec = spec | {"label": tf.TensorSpec([None], tf.int32)}
        return spec

    def condition_spec(self) -> dict[str, tf.TensorSpec]:
        """Returns what the networks take of each part of the condition, by name."""
        spec = self.batch_spec() if self.condition else {}
        return {name: spec[name] for name in self.condition}

    def as_declared(self, name: str, value: Any, called: str) -> tf.Tensor:
        """See `ZooModel.as_declared`: exactly one-hot labels are accepted too."""
        if name == "label" and self.num_classes is not None:
            return classes.class_numbers(value, self.num_classes, called)
        return super().as_declared(name, value, called)

    def check_condition(self, data: Any, called: str, advice: str = "") -> None:
        """Checks that the networks know the classes of labels; see `ZooModel.check_condition`."""
        spec = self.batch_spec()
        found = parts.named_parts(data, spec)
        networks = [network for role in self.roles().values() for network in role]
        for position, name in enumerate(self.condition, 1):
            labels = parts.values_of(found.get(name))
            shown = f"{called}, {name}" if called else name
            if labels is None or not spec[name].dtype.is_integer:
                continue
            if name == "label" and self.num_classes is not None:
                classes.class_numbers(labels, self.num_classes, shown)
            elif labels.dtype.kind in "iu":
                classes.check_labels(labels, networks, position, shown, advice)

    # ------------------------------------------------------------------ a train step

    def asked(self, given: Given, training: bool = True) -> Given:
        """Returns the condition of a step's fakes, of which `given` is that of the real samples.

        It depends on `given` and on `random_phase` alone: within a step, the fakes, the losses that
        score them and XLA get the same labels, and replicas together those of one device.

        Args:
            given: The condition of the real samples of this step, or of this share of them.
            training: Whether the networks train; in tests, fakes have the labels of real samples.
        """
        if not training or self.num_classes is None or self.fake_labels == "real":
            return given
        place = self.condition.index("label")
        labels, key = given[place], self.key("labels of fakes")
        if self.fake_labels == "shuffled":
            labels = noise.shuffle(key, labels)
        else:
            labels = noise.integers(key, tf.shape(labels)[0], self.num_classes)
        return (*given[:place], labels, *given[place + 1 :])

    # ------------------------------------------------------------------ use

    def signatures(self) -> dict[str, Endpoint]:
        """See `Saving.signatures`; of a model with `class_names`, one more tells a class' name."""
        found = super().signatures()
        if not self.class_names:
            return found
        return found | {"class_names": of_texts(self.class_names, "label", "class_name")}

    def condition_of(self, given: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Returns the condition that `generate` is given: each part with a batch axis.

        Args:
            given: Each part, an entry for each image or a single one for all. Of classes, numbers,
                names, or mixtures: rows of `num_classes` weights, which add up to 1.

        Raises:
            InputError: If a part is missing or no such part, or a class is not known.
        """
        spec = self.condition_spec()
        own = inspect.signature(self.generate).parameters
        check_known("generate", given, (*(n for n in own if n != "given"), *spec))
        found = {}
        for name, each in spec.items():
            values = np.asarray(given.get(name, ()))
            if name == "label" and values.dtype.kind == "U":
                values = classes.numbers_of_names(values, self.class_names, name)
            if values.ndim == each.shape.rank - 1:
                values = values[np.newaxis]
            if name not in given or len(values) == 0:
                raise InputError(
                    f"{name}: expected an entry for each image, or one for all, got none."
                )
            if name == "label" and self.num_classes is not None:
                found[name] = classes.numbers_or_mixtures(values, self.num_classes, name)
                if found[name].dtype.kind == "f":
                    generator, *_ = self.roles()["generator"]
                    check_mixes(generator, 1 + self.condition.index("label"))
                continue
            if each.dtype.is_integer and values.dtype.kind in "iu":
                # A negative number would count from the end of an embedding.
                low, high = int(values.min()), int(values.max())
                if low < 0 or high > each.dtype.max:
                    raise InputError(
                        f"{name}: expected numbers from 0 to {each.dtype.max}, got "
                        f"{low if low < 0 else high}."
                    )
                self.check_condition({name: values}, "", "choose from those")
            found[name] = parts.as_declared(values, each, name).numpy()
        return found
