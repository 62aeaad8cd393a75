"""Random numbers by index, the same on every machine: what drawn data sets are made from.

The numbers of a stream follow from (seed, name of the stream, index) by an integer hash, so that
any slice can be drawn alone.
"""

import numpy as np

_MASK64 = (1 << 64) - 1


def _mix(z: np.ndarray) -> np.ndarray:
    """SplitMix64's output function (Steele et al. 2014), uint64 -> uint64."""
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def bits(seed: int, stream: str, index: np.ndarray) -> np.ndarray:
    """Returns 64 random bits for each index of a named stream."""
    key = 0xCBF29CE484222325  # FNV-1a, because Python's hash() differs from run to run
    for byte in stream.encode():
        key = ((key ^ byte) * 0x100000001B3) & _MASK64
    start = _mix(np.array([(key + seed) & _MASK64], np.uint64))
    return _mix(_mix(start ^ np.uint64(key)) + index)


def pick(random: np.ndarray, options: int) -> np.ndarray:
    """Returns uniform int32 in 0..options-1."""
    return (((random >> np.uint64(32)) * np.uint64(options)) >> np.uint64(32)).astype(np.int32)


def uniform(random: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
    """Returns uniform float64 in [low, high)."""
    return low + (high - low) * ((random >> np.uint64(11)).astype(np.float64) * 2.0**-53)
