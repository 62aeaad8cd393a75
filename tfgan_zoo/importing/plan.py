"""How the arrays of a file become the variables of a network here."""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

#: Shapes of the tensors of a file, by key.
Shapes = Mapping[str, tuple[int, ...]]
Change = Callable[[np.ndarray], np.ndarray]


class Entry(NamedTuple):
    """One array of a file, and the variable that it becomes.

    Attributes:
        key: Its key in the file.
        shape: Its shape there.
        layer: Name of the layer here.
        variable: Name of the layer's variable, such as "kernel".
        convert: Function from the array to the value of the variable.
    """

    key: str
    shape: tuple[int, ...]
    layer: str
    variable: str
    convert: Change


class Plan(NamedTuple):
    """A network as a file describes it.

    Attributes:
        network: Its function in `tfgan_zoo.networks` as "name", and the function's arguments.
        entries: All arrays that the file should have.
        zeros: Variables, as (layer, variable), that are 0 because the network in the file has none.
        unused: Keys that the file may have besides, and that change no output.
        channels: Channels of its input and output.
        scale: Factor by which it enlarges images.
        side: Side of the images that it was trained on, as far as a file tells.
        text: Description for people, such as "23 blocks of 64 maps".
    """

    network: dict[str, Any]
    entries: tuple[Entry, ...]
    zeros: tuple[tuple[str, str], ...]
    unused: frozenset[str]
    channels: tuple[int, int]
    scale: int
    side: int
    text: str


def same(array: np.ndarray) -> np.ndarray:
    """Returns an array unchanged."""
    return array


def doubled(array: np.ndarray, *, offset: float = 0.0) -> np.ndarray:
    """Returns the weights of a last layer whose outputs go from [0, 1] to [-1, 1].

    Args:
        array: The kernel or bias.
        offset: -1 for the bias, unless something else moves the outputs.
    """
    return 2.0 * array + offset


def shuffled(array: np.ndarray, *, factor: int) -> np.ndarray:
    """Returns the weights before a `PixelShuffle`, whose channels have another order in PyTorch.

    Args:
        array: The kernel or bias, with the output channels first.
        factor: The factor of the shuffle.
    """
    rest = array.shape[1:]
    return array.reshape(-1, factor**2, *rest).swapaxes(0, 1).reshape(-1, *rest)


def halves_swapped(array: np.ndarray) -> np.ndarray:
    """Returns a kernel whose first axis joins two groups of maps in the other order."""
    half = len(array) // 2
    return np.concatenate([array[half:], array[:half]])


def _kernel(array: np.ndarray, change: Change) -> np.ndarray:
    # [out, in, height, width] of a convolution, [in, out, ...] of a transposed one: Keras reverses
    # each of them to height, width and the other two.
    return change(array).transpose(2, 3, 1, 0)


def _slopes(array: np.ndarray) -> np.ndarray:
    return array.reshape(1, 1, -1)


class Builder:
    """Collects the entries of a plan, layer by layer.

    Args:
        shapes: Of the file.
        key_of: Function from the key of a module in the family's own style to that of the file.
    """

    def __init__(self, shapes: Shapes, key_of: Callable[[str], str] = str):
        self.shapes, self.key_of = shapes, key_of
        self.entries: list[Entry] = []
        self.zeros: list[tuple[str, str]] = []
        self.unused: set[str] = set()

    def conv(
        self,
        module: str,
        layer: str,
        shape: tuple[int, ...],
        *,
        bias: int | None = None,
        keeps_bias: bool = True,
        change: Change = same,
        change_bias: Change = same,
    ) -> None:
        """Adds a convolution, transposed or not.

        Args:
            module: Its name in the family's own style.
            layer: Its name here.
            shape: Shape of its weight in the file.
            bias: Size of its bias in the file; None if there is none.
            keeps_bias: Whether the layer here has one.
            change: What happens to the weight before its axes are reordered.
            change_bias: What happens to the bias.
        """
        key = self.key_of(module)
        kernel = functools.partial(_kernel, change=change)
        self.entries.append(Entry(f"{key}.weight", shape, layer, "kernel", kernel))
        if bias is not None and keeps_bias:
            self.entries.append(Entry(f"{key}.bias", (bias,), layer, "bias", change_bias))
        elif bias is not None:
            self.unused.add(f"{key}.bias")
        elif keeps_bias:
            self.zeros.append((layer, "bias"))

    def norm(self, module: str, layer: str, size: int, kind: str) -> None:
        """Adds a normalisation.

        Args:
            module: Its name in the family's own style.
            layer: Its name here.
            size: Number of feature maps.
            kind: "batch"; "instance", which has no weights; or "none".
        """
        key = self.key_of(module)
        self.unused.add(f"{key}.num_batches_tracked")
        if kind == "batch":
            for name, variable in _NORMALIZATION.items():
                self.entries.append(Entry(f"{key}.{name}", (size,), layer, variable, same))
        else:  # PyTorch 0.3 saved statistics of instance normalisation, and never used them.
            self.unused |= {f"{key}.running_mean", f"{key}.running_var"}

    def prelu(self, module: str, layer: str, size: int) -> None:
        """Adds a PReLU with a slope for each of `size` maps."""
        key = f"{self.key_of(module)}.weight"
        self.entries.append(Entry(key, (size,), layer, "alpha", _slopes))

    def plan(self, network: dict[str, Any], **about: Any) -> Plan:
        """Returns the plan; see `Plan` for what it is told about the network."""
        return Plan(
            network, tuple(self.entries), tuple(self.zeros), frozenset(self.unused), **about
        )


_NORMALIZATION = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def size(shapes: Shapes, key: str, axis: int, default: int) -> int:
    """Returns the size of an axis of a tensor; a default where there is no such tensor or axis."""
    shape = shapes.get(key, ())
    return max(1, shape[axis]) if axis < len(shape) else default


def count(shapes: Shapes, pattern: str) -> int:
    """Returns how many different numbers the first group of a pattern has in the keys.

    Example:
        >>> count({"body.0.a": (), "body.0.b": (), "body.2.a": ()}, "body[.]([0-9]+)[.]")
        2
    """
    return len({found[1] for key in shapes if (found := re.match(pattern, key))})
