"""What an experiment is, and how its figures are set beside the published ones."""

from collections.abc import Callable
from typing import NamedTuple

from absl import flags


class Experiment(NamedTuple):
    """A published table, done again.

    Attributes:
        define: defines its flags; all have --workdir and --output besides.
        run: does it, and returns its table as Markdown.
    """

    define: Callable[[flags.FlagValues], None]
    run: Callable[[flags.FlagValues], str]


def verdict(ours: float, published: float, band: float) -> str:
    """Says whether a figure is as near to the published one as it should be.

    Example:
        >>> verdict(28.44, 28.43, 0.02), verdict(28.40, 28.43, 0.02)
        ('pass', 'FAIL')
    """
    return "pass" if abs(ours - published) <= band + 1e-9 else "FAIL"
