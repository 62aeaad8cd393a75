"""Large images from small ones."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures, progress
from tfgan_zoo.data.fingerprints import Fingerprint, fingerprint
from tfgan_zoo.data.images import with_channels
from tfgan_zoo.data.imresize import imresize
from tfgan_zoo.data.loading import size_of
from tfgan_zoo.data.resolutions import Resolutions, open_super_resolution, usable_pairs
from tfgan_zoo.data.squares import Cut, preload, super_resolution
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import by_model, score_images
from tfgan_zoo.evaluation.pairs import PairMetric, at_scale
from tfgan_zoo.metrics.lpips import open_lpips
from tfgan_zoo.models import SRGAN
from tfgan_zoo.progress import counted
from tfgan_zoo.tasks.base import SHEET, Score, Task, caching_of, held_out_split

#: Images on which a rehearsal computes scores, and the side of the crops of small images it uses.
_REHEARSAL_IMAGES, _REHEARSAL_SIDE = 2, 32


class SuperResolutionTask(Task):
    """Images to enlarge."""

    translates = True
    evaluates = "pairs"
    use = "enlarges images; use tfgan_zoo.translate"

    def __init__(self, config: ConfigDict, model: SRGAN, like: Task | None = None):
        super().__init__(config, model, like)
        if model.image_shape[-1] not in (1, 3):
            raise InputError(
                "model_args.image_shape: expected 1 (grey) or 3 (colour) channels for a model that "
                f"enlarges, got {tuple(model.image_shape)}."
            )
        for entry, wanted in (("fit", "resize"), ("crop", None)):
            if config.data[entry] != wanted:
                raise InputError(
                    f"data.{entry}: expected {str(wanted).lower()} for a model that enlarges."
                )
        self.like: SuperResolutionTask | None = None
        if isinstance(like, SuperResolutionTask):
            self.like = like
            self.opened: Resolutions = like.opened
            self.opened_held_out: Resolutions = like.opened_held_out
        else:
            self.opened = self.open_split(config, config.data.source, config.data.split)
            held_out = (
                config.evaluate.source or config.data.source,
                (config.evaluate.split or config.data.split),
            )
            self.opened_held_out = self.opened
            if held_out != (config.data.source, config.data.split):
                with held_out_split(config):
                    self.opened_held_out = self.open_split(config, *held_out)
        self.by_network: dict[str, PairMetric] = {}
        if "lpips" in config.evaluate.metrics:
            lpips = open_lpips(
                config.evaluate.get("lpips_backbone"),
                config.evaluate.get("lpips_heads"),
                "evaluate.",
            )
            self.by_network["lpips"] = lpips.of_pair
        self._pipeline(0, None)

    @functools.cached_property
    def held(self) -> Cut | None:
        """Cuts crops out of images in memory; None if they are not held there."""
        size = size_of("model_args.image_shape", self.model.image_shape[:2])
        try:
            return preload(
                self.opened,
                crop_size=size,
                channels=self.model.image_shape[-1],
                cache=caching_of(self.config.data),
            )
        except InputError as error:  # It names the pipeline's argument.
            shape = ",".join(map(str, self.model.image_shape[:2]))
            message = str(error).replace(f"crop_size={size}", f"model_args.image_shape={shape}")
            raise InputError(message) from error

    @property
    def num_held_out(self) -> int:
        """The number of images that sheets and scores use."""
        settings = self.config
        wanted = max(settings.evaluate.samples, settings.train.samples)
        return min(len(self.opened_held_out.hr), wanted)

    @functools.cached_property
    def held_out(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Images in both resolutions, which sheets and scores use."""
        opened, count = self.opened_held_out, self.num_held_out
        if self.like is not None and self.like.num_held_out == count:
            return self.like.held_out  # holds them in memory once
        pairs = progress.bar(usable_pairs(opened, count), opened.hr.spec, count, "images")
        return [(lr, hr) for _, lr, hr in pairs]

    @classmethod
    def open_split(cls, config: ConfigDict, source: str, split: str) -> Resolutions:
        """See `Task.open_split`."""
        data, args = config.data, config.model_args
        return open_super_resolution(
            source,
            split,
            scale=args.scale,
            resolution=max(args.image_shape[:2]),
            on_error=data.on_error,
            data_dir=data.data_dir,
            **config_lib.opening(data),
        )

    def pretraining(self) -> ConfigDict | None:
        """Returns the config of SRResNet: the generator alone, on pixels."""
        settings = self.config.pretraining
        if not settings.steps:
            return None
        before = self.config.copy_and_resolve_references()
        before.unlock()
        before.model_args.update(adversarial_weight=0.0, content="pixel", content_loss="mse")
        before.model_args.skip_discriminator_above = None
        if before.model_args.get("pixel_weight"):
            before.model_args.pixel_weight = 0.0
        before.train.steps = settings.steps
        before.generator_optimizer.learning_rate = settings.learning_rate
        before.evaluate.best = True
        before.evaluate.patience = 0
        before.pretraining.steps = 0
        before.lock()
        config_lib.check(before)
        return before

    def fingerprints(self) -> dict[str, Fingerprint]:
        """See `Task.fingerprints`."""
        data, settings, found = self.config.data, self.config.evaluate, {}
        sources = [("training", self.opened, data.source)]
        if self.opened_held_out is not self.opened:
            held_out = settings.source or data.source
            sources.append(("evaluation", self.opened_held_out, held_out))
        for what, opened, spec in sources:
            found[f"{what} data"] = fingerprint(opened.hr, spec)
            if opened.lr is not None:
                found[f"{what} data, low resolution"] = fingerprint(opened.lr, spec)
        return found

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Task.batches`."""
        return self._pipeline(start, self.held)

    def _pipeline(self, start: int, held: Cut | None) -> tf.data.Dataset:
        data, shape = self.config.data, self.model.image_shape
        return super_resolution(
            self.opened,
            batch_size=data.batch_size,
            crop_size=size_of("model_args.image_shape", shape[:2]),
            channels=shape[-1],
            flip=data.flip,
            seed=self.config.seed,
            start_step=start,
            cache=False,
            held=held,
        )

    def prepare(self) -> None:
        """See `Task.prepare`."""
        self.held_out  # noqa: B018

    def describe(self) -> str:
        """See `Task.describe`."""
        return f"{self.config.data.source}: {counted(len(self.opened.hr), 'image')}"

    def sheet(self, model: Any) -> np.ndarray:
        """Draws rows of image centres: bicubic, by the model, and the original."""
        pairs = self.held_out[: self.config.train.samples]
        side = min(32, *(n for small, _ in pairs for n in small.shape[:2]))
        columns: list[list[np.ndarray]] = [[], [], []]
        for pair in pairs:
            small, large = _middle(pair, side)
            upscaled = by_model(model)(small)
            for column, image in zip(
                columns, (imresize(small, model.scale), upscaled, large), strict=True
            ):
                column.append(with_channels(image, 3))
        stacked = [np.stack(column) for column in columns]
        return pictures.titled_rows(["bicubic", "model", "original"], stacked, at_least=SHEET)

    def known_scores(self, rehearse_on: int | None = None) -> dict[str, Score]:
        """See `Task.known_scores`.

        A rehearsal scores only the centres of the smallest images: a score that can be computed on
        these can be computed on all.
        """

        def pairs() -> list[tuple[np.ndarray, np.ndarray]]:
            pairs = self.held_out[: self.config.evaluate.samples]
            if rehearse_on is None:
                return pairs
            smallest = sorted(pairs, key=lambda pair: min(pair[1].shape[:2]))
            return [_middle(pair, _REHEARSAL_SIDE) for pair in smallest[:_REHEARSAL_IMAGES]]

        also = at_scale(self.model.scale) | self.by_network

        def score(metric: str) -> Callable[[Any], dict[str, float]]:
            def scored(model: Any) -> dict[str, float]:
                upscale = by_model(model)
                compared = (
                    (str(i), with_channels(upscale(small), large.shape[-1]), large)
                    for i, (small, large) in enumerate(pairs())
                )
                return score_images(compared, [metric], also=also).means()

            return scored

        known = {name: Score(score(name), name, 1) for name in ("psnr", "ssim", "ssim_daala")}
        lower = ("checkerboard", *self.by_network)
        return known | {name: Score(score(name), name, -1) for name in lower}


def _middle(pair: tuple[np.ndarray, np.ndarray], side: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops the centre of an image in both resolutions, up to `side` pixels of the low one."""
    small, large = pair
    scale = large.shape[0] // small.shape[0]
    height, width = (min(n, side) for n in small.shape[:2])
    top, left = (small.shape[0] - height) // 2, (small.shape[1] - width) // 2
    small = small[top : top + height, left : left + width]
    top, left, height, width = (n * scale for n in (top, left, height, width))
    return small, large[top : top + height, left : left + width]
