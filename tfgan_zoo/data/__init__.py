"""Data: sources (`figures`, `points/ring`, `tfds:mnist`, `folder:photos`, ...) and tasks.

    source = open_source("folder:~/photos", on_error="skip")
    dataset = unconditional(source, batch_size=64, image_size=64, flip=True)

    domains = open_domains("folder:~/horse2zebra")
    dataset = unpaired(domains, batch_size=1, image_size=256, load_size=286, flip=True)

A source is a numbered list of samples, two of them are domains, a task turns them into batches.
Images are uint8 NHWC in 0..255 here; the models scale them to [-1, 1].
"""

from tfgan_zoo.data.domains import Domains, open_domains
from tfgan_zoo.data.images import Fit
from tfgan_zoo.data.sources import (
    ArraySource,
    FileSource,
    SliceSource,
    Source,
    ViewSource,
    open_source,
    parse_spec,
    parse_split,
)
from tfgan_zoo.data.tasks import fit_for, load_images, unconditional, use_cache
from tfgan_zoo.data.translation import epoch_size, load_pairs, paired, unpaired

__all__ = [
    "ArraySource",
    "Domains",
    "FileSource",
    "Fit",
    "SliceSource",
    "Source",
    "ViewSource",
    "epoch_size",
    "fit_for",
    "load_images",
    "load_pairs",
    "open_domains",
    "open_source",
    "paired",
    "parse_spec",
    "parse_split",
    "unconditional",
    "unpaired",
    "use_cache",
]
