"""Large images from small ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data.images import with_channels
from tfgan_zoo.data.imresize import imresize
from tfgan_zoo.data.super_resolution import (
    Resolutions,
    hold,
    load_pair,
    open_super_resolution,
    super_resolution,
)
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import by_model, score_images
from tfgan_zoo.models import SRGAN
from tfgan_zoo.workloads.base import CACHE, Score, Workload


class SuperResolutionWorkload(Workload):
    """Images to be enlarged."""

    def __init__(self, config: ConfigDict, model: SRGAN):
        super().__init__(config, model)
        self.square_side()
        for entry, wanted in (("fit", "resize"), ("crop", None)):
            if config.data[entry] != wanted:
                raise InputError(
                    f"data.{entry}: expected {str(wanted).lower()} for a model that enlarges."
                )
        if model.content == "vgg":
            model.feature_network()  # fails before any time is spent
        self.opened = self._open(config.data.source, config.data.split)
        self.held = hold(
            self.opened,
            crop_size=model.image_shape[0],
            channels=model.image_shape[-1],
            cache=CACHE[config.data.cache],
        )
        self.batches(0)
        held_out = (
            config.evaluate.source or config.data.source,
            (config.evaluate.split or config.data.split),
        )
        opened = self.opened
        if held_out != (config.data.source, config.data.split):
            opened = self._open(*held_out)
        count = min(len(opened.hr), max(config.evaluate.samples, config.train.samples))
        self.held_out = [load_pair(opened, i) for i in range(count)]

    def _open(self, source: str, split: str) -> Resolutions:
        data = self.config.data
        return open_super_resolution(
            source,
            split,
            scale=self.model.scale,
            resolution=self.model.image_shape[0],
            on_error=data.on_error,
            data_dir=data.data_dir,
            **config_lib.decoding(data),
        )

    def pretraining(self) -> ConfigDict | None:
        """SRResNet: the generator alone, on pixels."""
        settings = self.config.pretraining
        if not settings.steps:
            return None
        before = self.config.copy_and_resolve_references()
        before.unlock()
        before.model_args.update(adversarial_weight=0.0, content="pixel", content_loss="mse")
        before.model_args.skip_discriminator_above = None
        before.train.steps = settings.steps
        before.generator_optimizer.learning_rate = settings.learning_rate
        before.evaluate.best = True
        before.evaluate.patience = 0
        before.pretraining.steps = 0
        before.lock()
        config_lib.check(before)
        return before

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Workload.batches`."""
        data, shape = self.config.data, self.model.image_shape
        return super_resolution(
            self.opened,
            batch_size=data.batch_size,
            crop_size=shape[0],
            channels=shape[-1],
            flip=data.flip,
            seed=self.config.seed,
            start_step=start,
            cache=False,
            held=self.held,
        )

    def describe(self) -> str:
        """See `Workload.describe`."""
        return f"{self.config.data.source}: {len(self.opened.hr):,} images"

    def sheet(self, model: SRGAN) -> np.ndarray:
        """Draws rows of the middle of an image: enlarged bicubically, by the model, and itself."""
        pairs = self.held_out[: self.config.train.samples]
        side = min(32, *(n for small, _ in pairs for n in small.shape[:2]))
        columns: list[list[np.ndarray]] = [[], [], []]
        for small, large in pairs:
            top, left = ((n - side) // 2 for n in small.shape[:2])
            small = small[top : top + side, left : left + side]
            top, left, side_large = (n * model.scale for n in (top, left, side))
            made = by_model(model)(small)
            large = large[top : top + side_large, left : left + side_large]
            for column, image in zip(
                columns, (imresize(small, model.scale), made, large), strict=True
            ):
                column.append(with_channels(image, 3))
        return pictures.enlarge(pictures.rows([np.stack(column) for column in columns]))

    def known_scores(self) -> dict[str, Score]:
        """See `Workload.known_scores`."""

        def score(metric: str) -> Callable[[Any], dict[str, float]]:
            def scored(model: SRGAN) -> dict[str, float]:
                pairs = self.held_out[: self.config.evaluate.samples]
                upscale = by_model(model)
                compared = (
                    (str(i), with_channels(upscale(small), large.shape[-1]), large)
                    for i, (small, large) in enumerate(pairs)
                )
                return score_images(compared, [metric]).means()

            return scored

        return {name: (score(name), name, 1) for name in ("psnr", "ssim", "ssim_daala")}
