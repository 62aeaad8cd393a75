"""Experiments and their comparison with published figures."""

from collections.abc import Callable
from typing import NamedTuple

from absl import flags


class Experiment(NamedTuple):
    """Reproduction of a published table.

    Attributes:
        define: Defines its flags, in addition to --workdir and --output.
        run: Runs it and returns its table as Markdown.
    """

    define: Callable[[flags.FlagValues], None]
    run: Callable[[flags.FlagValues], str]


def verdict(ours: float, published: float, band: float) -> str:
    """Returns "pass" if a figure is within a band around the published one, else "FAIL".

    Example:
        >>> verdict(28.44, 28.43, 0.02), verdict(28.40, 28.43, 0.02)
        ('pass', 'FAIL')
    """
    return "pass" if abs(ours - published) <= band + 1e-9 else "FAIL"
