"""Pretrained presets: what there is, and the files that hold it.

A preset is a `.keras` file of the networks that a finished run shows, and a card beside it. The
card, `NAME.json`, says what it was trained on and by which command, how good it is, and the SHA-256
of the file. `benchmarks.make_preset` writes both. `tfgan_zoo.from_preset` loads one.
"""

from tfgan_zoo.hashes import sha256_of
from tfgan_zoo.presets.cards import Preset, Presets, find, is_preset, list_presets
from tfgan_zoo.presets.files import (
    NOTE,
    RUN,
    PresetPath,
    file_of,
    hint,
    note_of,
    path_of,
)

__all__ = [
    "NOTE",
    "RUN",
    "Preset",
    "PresetPath",
    "Presets",
    "file_of",
    "find",
    "hint",
    "is_preset",
    "list_presets",
    "note_of",
    "path_of",
    "sha256_of",
]
