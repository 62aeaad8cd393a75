"""Forward passes that several losses share, and the gradients that go through them."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import tensorflow as tf

#: For each variable or output its gradient, or None where none comes.
Gradients: TypeAlias = list[tf.Tensor | None]


class Recorded(NamedTuple):
    """A forward pass whose gradient has not been computed yet: see `ZooModel.record`."""

    value: Any
    tape: tf.GradientTape
    #: The role with whose variables it was made.
    role: str | None = None
    #: The passes that it continues.
    continued: tuple["Recorded", ...] = ()

    def leads_to(self, role: str) -> bool:
        """Returns whether a role's variables were used, here or in a pass that it continues."""
        return self.role == role or any(one.leads_to(role) for one in self.continued)


def value_of(argument: Any) -> Any:
    """Returns the value of a recorded pass; anything else as it is."""
    return argument.value if isinstance(argument, Recorded) else argument


def with_continued(passes: Sequence[Recorded]) -> list[Recorded]:
    """Returns passes and all that they continue, each after those that it continues."""
    found: dict[int, Recorded] = {}
    for one in passes:
        for each in (*with_continued(one.continued), one):
            found.setdefault(id(each), each)
    return list(found.values())


def through_passes(
    role: str, passes: Sequence[Recorded], outgoing: Sequence[Any], variables: list[Any]
) -> Gradients:
    """Returns the gradients of a loss that reach a role's variables through recorded passes.

    Args:
        role: The role.
        passes: The passes that the loss uses.
        outgoing: The gradients with respect to the value of each, of its structure.
        variables: Those of the role.
    """
    found: Gradients = [None] * len(variables)
    into = {id(one): tf.nest.flatten(each) for one, each in zip(passes, outgoing, strict=True)}
    for one in reversed(with_continued(passes)):
        if not one.leads_to(role):
            continue
        earlier = [each for each in one.continued if each.leads_to(role)]
        sources = [variables, *(tf.nest.flatten(each.value) for each in earlier)]
        own, *on = _through(one, into[id(one)], sources)
        found = sums(found, own)
        for each, more in zip(earlier, on, strict=True):
            into[id(each)] = sums(into[id(each)], more) if id(each) in into else more
    return found


def _through(one: Recorded, outgoing: Gradients, sources: list[list[Any]]) -> list[Gradients]:
    values = tf.nest.flatten(one.value)
    used = [pair for pair in zip(values, outgoing, strict=True) if pair[1] is not None]
    if not used:  # A tape takes None for ones.
        used = [(value, tf.zeros_like(value)) for value in values]
    targets, gradients = zip(*used, strict=True)
    return one.tape.gradient(targets, sources, output_gradients=gradients)


def sums(some: Gradients, others: Gradients) -> Gradients:
    """Returns the sums of gradients, either of which may be None.

    Example:
        >>> sums([None, tf.constant(1.0)], [None, tf.constant(2.0)])[1].numpy()
        np.float32(3.0)
    """
    return [
        b if a is None else a if b is None else a + b for a, b in zip(some, others, strict=True)
    ]
