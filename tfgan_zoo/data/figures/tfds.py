"""`figures` as a TensorFlow Datasets builder.

Importing this module registers it: `tfds.load("figures/full", split="train")`. The configs are the
views at 32 and 64 pixels: `default`, `full`, `captions`, `paired`, `unpaired`, `transfer`,
`attributes`, and the same with `_64`. It exists for pipelines that speak TFDS;
`tfgan_zoo.data.figures.load` draws the same images in half a second and writes nothing.
"""

import dataclasses
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from tfgan_zoo.data import figures


def _png(image: np.ndarray) -> bytes:
    """Encodes a uint8 RGB or grey image; several times faster than TFDS's own session would."""
    height, width, channels = image.shape
    rows = np.zeros((height, 1 + channels * width), np.uint8)  # each row starts with 0: no filter
    rows[:, 1:] = image.reshape(height, -1)
    colour_type = 2 if channels == 3 else 0
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 1)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@dataclasses.dataclass(kw_only=True)
class FiguresConfig(tfds.core.BuilderConfig):
    """One view at one resolution.

    Args:
        view: A key of `figures.VIEWS`.
        resolution: Side of the images in pixels.
    """

    view: str = ""
    resolution: int = 32


class Figures(tfds.core.GeneratorBasedBuilder):
    """Coloured figures drawn from a seed, with labels and captions."""

    # TFDS 4.9.10 would look for this file by way of a package that it does not install.
    code_path = tfds.core.Path(__file__)
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [
        FiguresConfig(
            name=(view or "default") + ("" if resolution == 32 else f"_{resolution}"),
            description=spec.description,
            view=view,
            resolution=resolution,
        )
        for resolution in (32, 64)
        for view, spec in figures.VIEWS.items()
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        config = self.builder_config
        image = tfds.features.Image(
            shape=(config.resolution, config.resolution, 3), encoding_format="png"
        )
        names = [f"{colour} {shape}" for shape in figures.SHAPES for colour in figures.COLOURS]
        features = {
            "image": image,
            "a": image,
            "b": image,
            "label": tfds.features.ClassLabel(names=names),
            "caption": tfds.features.Text(),
            "held_out": np.bool_,
            "mask": tfds.features.Image(
                shape=(config.resolution, config.resolution, 1), encoding_format="png"
            ),
            **dict.fromkeys(figures.DESCRIBED, np.float64),
            "shape": tfds.features.ClassLabel(names=figures.SHAPES),
        }
        elements = figures.get_view(config.view).elements
        supervised = ("a", "b") if config.view == "paired" else None
        if "label" in elements:
            supervised = ("image", "label")
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({name: features[name] for name in elements}),
            supervised_keys=supervised,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator]:
        return {split: self._generate_examples(split) for split in figures.SPLIT_SIZES}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        config = self.builder_config
        data: dict[str, Any] = dict(figures.load(config.view, split, config.resolution))
        for name in {"image", "a", "b", "mask"} & set(data):
            data[name] = [_png(image) for image in data[name]]
        for name in {"label", "shape"} & set(data):
            data[name] = data[name].tolist()
        for index, values in enumerate(zip(*data.values(), strict=True)):
            yield index, dict(zip(data, values, strict=True))
