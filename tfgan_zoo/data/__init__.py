"""Data: sources (`figures`, `points/ring`, `tfds:mnist`, `folder:photos`, ...) and tasks.

    source = open_source("folder:~/photos", on_error="skip")
    dataset = unconditional(source, batch_size=64, image_size=64, flip=True)

    domains = open_domains("folder:~/horse2zebra")
    dataset = unpaired(domains, batch_size=1, image_size=256, load_size=286, flip=True)

    opened = open_super_resolution("folder:~/DIV2K", scale=4)
    dataset = super_resolution(opened, batch_size=16, crop_size=96)

    data = open_captioned("folder:~/birds")
    dataset = captioned(data, batch_size=64, image_size=64, load_size=76, flip=True)

A source is a numbered list of samples, two of them are domains or resolutions, a task turns them
into batches. Images are uint8 NHWC in 0..255 here; the models scale them to [-1, 1].
"""

import importlib
from typing import TYPE_CHECKING, Any

from tfgan_zoo.data.captions import Captioned, captioned, distinct_captions, open_captioned
from tfgan_zoo.data.domains import Domains, open_domains
from tfgan_zoo.data.images import Fit
from tfgan_zoo.data.imresize import imresize, imresize_graph
from tfgan_zoo.data.resolutions import (
    Resolutions,
    hold,
    load_pair,
    open_super_resolution,
    super_resolution,
)
from tfgan_zoo.data.source import (
    ArraySource,
    FileSource,
    SliceSource,
    Source,
    ViewSource,
    open_source,
    parse_spec,
    parse_split,
)

if TYPE_CHECKING:
    from tfgan_zoo.data.pairs import epoch_size, load_pairs, paired, unpaired
    from tfgan_zoo.data.pipeline import fit_for, load_images, unconditional, use_cache

__all__ = [
    "ArraySource",
    "Captioned",
    "Domains",
    "FileSource",
    "Fit",
    "Resolutions",
    "SliceSource",
    "Source",
    "ViewSource",
    "captioned",
    "distinct_captions",
    "epoch_size",
    "fit_for",
    "hold",
    "imresize",
    "imresize_graph",
    "load_images",
    "load_pair",
    "load_pairs",
    "open_captioned",
    "open_domains",
    "open_source",
    "open_super_resolution",
    "paired",
    "parse_spec",
    "parse_split",
    "super_resolution",
    "unconditional",
    "unpaired",
    "use_cache",
]

_TASKS = {
    "tasks": ("fit_for", "load_images", "unconditional", "use_cache"),
    "translation": ("epoch_size", "load_pairs", "paired", "unpaired"),
}


def __getattr__(name: str) -> Any:
    # These import TensorFlow, which takes seconds; to look at images or to score them needs none.
    for module, names in _TASKS.items():
        if name in names:
            return getattr(importlib.import_module(f"tfgan_zoo.data.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
