"""When something is due in a run."""

from typing import NamedTuple


class Schedule(NamedTuple):
    """Every n-th step, and the last one.

    Attributes:
        every: Steps from one time to the next.
        last: The last step.
    """

    every: int
    last: int

    def due(self, step: int) -> bool:
        """Returns whether something is due at a step."""
        return step % self.every == 0 or step == self.last
