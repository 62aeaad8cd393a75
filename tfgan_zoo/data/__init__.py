"""Data: sources (`figures`, `points/ring`, `tfds:mnist`, `folder:photos`, ...) and tasks.

    source = open_source("folder:~/photos", on_error="skip")
    dataset = unconditional(source, batch_size=64, image_size=64, flip=True)

A source is a numbered list of samples, a task turns it into batches. Images are uint8 NHWC in
0..255 here; the models scale them to [-1, 1].
"""

from tfgan_zoo.data.images import Fit
from tfgan_zoo.data.sources import ArraySource, FileSource, Source, open_source, parse_spec
from tfgan_zoo.data.tasks import fit_for, load_images, unconditional, use_cache

__all__ = [
    "ArraySource",
    "FileSource",
    "Fit",
    "Source",
    "fit_for",
    "load_images",
    "open_source",
    "parse_spec",
    "unconditional",
    "use_cache",
]
