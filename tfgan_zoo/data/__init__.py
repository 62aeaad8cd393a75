"""Data: sources (`figures`, `points/ring`, `tfds:mnist`, `folder:photos`, ...) and pipelines.

    source = open_source("folder:~/photos", on_error="skip")
    dataset = unconditional(source, batch_size=64, image_size=64, flip=True)

    source = open_source("idx:~/fashion_mnist")  # source.labels, source.class_names
    dataset = unconditional(source, batch_size=64, parts=("label",))

    domains = open_domains("folder:~/horse2zebra")
    dataset = unpaired(domains, batch_size=1, image_size=256, load_size=286, flip=True)

    opened = open_super_resolution("folder:~/DIV2K", scale=4)
    dataset = super_resolution(opened, batch_size=16, crop_size=96)

    data = open_captioned("folder:~/birds")
    dataset = captioned(data, batch_size=64, image_size=64, load_size=76, flip=True)

    data = open_attributed("figures/attributes")
    dataset = attributed(data, batch_size=64)

A source is a numbered list of samples, two of them are domains or resolutions, and a pipeline makes
batches of them. Images are uint8 NHWC in 0..255 here; the models scale them to [-1, 1].
"""

from typing import TYPE_CHECKING

from tfgan_zoo.data.attributes import Attributed, open_attributed
from tfgan_zoo.data.captions import Captioned, distinct_captions, open_captioned
from tfgan_zoo.data.domains import Domains, open_domains
from tfgan_zoo.data.images import Fit
from tfgan_zoo.data.imresize import imresize, imresize_graph
from tfgan_zoo.data.label_maps import open_label_maps
from tfgan_zoo.data.loading import fit_for, load_images, load_source, use_cache
from tfgan_zoo.data.opening import open_source
from tfgan_zoo.data.resolutions import Resolutions, load_pair, open_super_resolution
from tfgan_zoo.data.source import (
    ArraySource,
    FileSource,
    FittedSource,
    PartSource,
    SliceSource,
    Source,
    ViewSource,
)
from tfgan_zoo.data.spec import parse_spec
from tfgan_zoo.data.splits import parse_split
from tfgan_zoo.lazy import names_from

if TYPE_CHECKING:
    from tfgan_zoo.data.attributes.batches import attributed, load_attributed
    from tfgan_zoo.data.captions.batches import captioned
    from tfgan_zoo.data.pairs import epoch_size, load_domains, load_pairs, paired, unpaired
    from tfgan_zoo.data.pipeline import unconditional
    from tfgan_zoo.data.squares import hold, preload, super_resolution

__all__ = [
    "ArraySource",
    "Attributed",
    "Captioned",
    "Domains",
    "FileSource",
    "Fit",
    "FittedSource",
    "PartSource",
    "Resolutions",
    "SliceSource",
    "Source",
    "ViewSource",
    "attributed",
    "captioned",
    "distinct_captions",
    "epoch_size",
    "fit_for",
    "hold",
    "imresize",
    "imresize_graph",
    "load_attributed",
    "load_domains",
    "load_images",
    "load_pair",
    "load_pairs",
    "load_source",
    "open_attributed",
    "open_captioned",
    "open_domains",
    "open_label_maps",
    "open_source",
    "open_super_resolution",
    "paired",
    "parse_spec",
    "parse_split",
    "preload",
    "super_resolution",
    "unconditional",
    "unpaired",
    "use_cache",
]

# These import TensorFlow, which takes seconds; opening and scoring images does without.
__getattr__ = names_from(
    __name__,
    {
        "tfgan_zoo.data.attributes.batches": ("attributed", "load_attributed"),
        "tfgan_zoo.data.captions.batches": ("captioned",),
        "tfgan_zoo.data.pairs": ("epoch_size", "load_domains", "load_pairs", "paired", "unpaired"),
        "tfgan_zoo.data.pipeline": ("unconditional",),
        "tfgan_zoo.data.squares": ("hold", "preload", "super_resolution"),
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
