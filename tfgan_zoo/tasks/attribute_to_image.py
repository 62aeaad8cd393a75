"""Images and masks from attributes."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import pictures
from tfgan_zoo.attributes import Attributes, explained
from tfgan_zoo.data import Attributed, attributed, figures, open_attributed, parse_spec
from tfgan_zoo.data.attributes.batches import fits, load_attributed, sources_of
from tfgan_zoo.data.fingerprints import Fingerprint, fingerprint
from tfgan_zoo.data.loading import fits_memory, usable_indices
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.distributions import Reference
from tfgan_zoo.evaluation.pairs import score_targets
from tfgan_zoo.metrics.figure_attributes import attribute_scores, mask_iou
from tfgan_zoo.metrics.registry import BY_NETWORK, TARGETS
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.metrics.ssim import SIDE as SSIM_SIDE
from tfgan_zoo.models import AttributeToImage
from tfgan_zoo.pictures.attribute_drawing import drawing_of
from tfgan_zoo.pictures.drawing import Drawing, DrawRequest
from tfgan_zoo.pixels import on_black
from tfgan_zoo.progress import counted
from tfgan_zoo.tasks.base import (
    SHEET,
    Score,
    Task,
    caching_of,
    held_out_split,
    metrics_of_pairs,
    open_source_for,
)
from tfgan_zoo.tasks.comparison import BATCH, EvaluationTask, Subset, choose
from tfgan_zoo.tasks.distribution_scores import DistributionScores
from tfgan_zoo.tasks.requests import Request

#: Scores of images against those that they should be.
_OF_PAIRS = {name: sign for name, sign in TARGETS.items() if name not in BY_NETWORK}


class AttributeToImageTask(Task):
    """Images with attributes and masks, and others that are held out to score on."""

    data_entries = ("attributes",)
    draws = takes_attributes = True
    own_metrics = ("mask_iou",)
    use = (
        "draws images from attributes; use tfgan_zoo.generate, with --attribute=NAME=VALUE or "
        "--sweep=NAME:FIRST:LAST:FRAMES"
    )

    def __init__(self, config: ConfigDict, model: AttributeToImage, like: Task | None = None):
        super().__init__(config, model, like)
        for entry, wanted, why in (
            ("fit", "resize", "whose masks are fitted alike"),
            ("flip", False, "as a mirrored image has other attributes"),
        ):
            if config.data[entry] != wanted:
                raise InputError(
                    f"data.{entry}: expected {wanted!r} for a model that draws from attributes, "
                    f"{why}, got {config.data[entry]!r}."
                )
        if "ssim" in config.evaluate.metrics and min(model.image_shape[:2]) < SSIM_SIDE:
            raise InputError(
                f"evaluate.metrics: ssim needs images of {SSIM_SIDE}x{SSIM_SIDE} pixels or more, "
                f"got model_args.image_shape={tuple(model.image_shape)}."
            )
        self.opened = _open(config, model, config.data.split)
        self.opened_held_out = self.opened
        if config.evaluate.split is not None:
            with held_out_split(config):
                self.opened_held_out = _open(config, model, config.evaluate.split)
        self.check_batch(config.data.source, len(self.opened.images))
        fits(self.opened, **self.fitting())  # checks the options
        self.distributions = DistributionScores(config)

    def fitting(self) -> dict[str, Any]:
        """Returns how stored images become the model's: arguments of the data pipeline."""
        return fitting_of(self.config, self.model)

    @functools.cached_property
    def held(self) -> Attributed:
        """The training data; data to be cached is decoded and fitted once."""
        cache, opened = caching_of(self.config.data), self.opened
        if not fits_memory(sources_of(opened), fits(opened, **self.fitting()), cache):
            return opened
        return load_attributed(opened, **self.fitting())

    @functools.cached_property
    def held_out(self) -> "Wanted":
        """Held-out attributes, and the images and masks that should be drawn from them."""
        settings = self.config
        num = max(settings.evaluate.samples, settings.train.samples)
        opened = self.held if self.opened_held_out is self.opened else self.opened_held_out
        return Wanted(opened, self.fitting(), num, shuffled=True)

    def fingerprints(self) -> dict[str, Fingerprint]:
        """See `Task.fingerprints`."""
        found = {"training data": self._fingerprint(self.opened)}
        if self.opened_held_out is not self.opened:
            found["evaluation data"] = self._fingerprint(self.opened_held_out)
        return found

    def _fingerprint(self, data: Attributed) -> Fingerprint:
        images = data.images
        codes = data.attributes.encode(data.values)
        with_codes = Subset(images, np.arange(len(images)))
        with_codes.extras = {"attributes": codes}
        if data.masks is None:
            with_codes.extras["masks"] = np.zeros(0)  # The same images with masks are other data.
        return fingerprint(with_codes, self.config.data.source, tuple(with_codes.extras))

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Task.batches`."""
        data = self.config.data
        return attributed(
            self.held,
            batch_size=self.model.samples_per_step(data.batch_size),
            seed=self.config.seed,
            start_step=start,
            cache=caching_of(data),
            **self.fitting(),
        )

    def prepare(self) -> None:
        """See `Task.prepare`."""
        self.held_out  # noqa: B018

    def describe(self) -> str:
        """See `Task.describe`."""
        data = self.opened
        masks = "with masks" if data.masks is not None else "without masks"
        what = explained(data.attributes)
        images = counted(len(data.images), "image")
        return f"{self.config.data.source}: {images} {masks}, from {what}"

    def sheet(self, model: Any) -> np.ndarray:
        """Draws held-out images and masks beside those that the model draws."""
        wanted = self.held_out
        num = min(self.config.train.samples, len(wanted.codes))
        images, masks = model.generate_with_masks(wanted.codes[:num])
        columns = [
            wanted.images[:num],
            pictures.to_uint8(images),
            wanted.masks[:num],
            pictures.to_uint8(2 * masks - 1),
        ]
        titles = ["real", "generated", "mask", "generated"]
        # Twice these columns side by side, so that the sheet is about square.
        half = (num + 1) // 2
        parts = [column[i : i + half] for i in (0, half) for column in columns if num > i]
        return pictures.titled_rows(titles * (len(parts) // 4), parts, at_least=SHEET)

    def known_scores(self, rehearse_on: int | None = None) -> dict[str, Score]:
        """See `Task.known_scores`."""
        rehearsal = rehearse_on is not None
        num = min(rehearse_on or self.config.evaluate.samples, self.config.evaluate.samples)

        def drawn(model: Any) -> tuple[np.ndarray, np.ndarray]:
            return model.generate_with_masks(self.held_out.codes[:num])

        def scoring(names: Sequence[str]) -> Callable[[Any], dict[str, float]]:
            def score(model: Any) -> dict[str, float]:
                images, masks = drawn(model)
                return scores_of(names, images, masks, self.held_out, num)

            return score

        def swd(model: Any) -> dict[str, float]:
            real = pictures.from_uint8(self.held_out.targets[:num])
            return {"swd": sliced_wasserstein(drawn(model)[0], real)}

        known = {"swd": Score(swd, "swd", -1)}
        known |= self.distributions.known(
            min(num, len(self.opened_held_out.images)),
            lambda: self.held_out.targets[:num],
            lambda model: drawn(model)[0],
            rehearsal=rehearsal,
        )
        own = {**_OF_PAIRS, "mask_iou": 1}
        if self.opened_held_out.masks is None:
            del own["mask_iou"]
        together = scoring([name for name in own if name in self.config.evaluate.metrics])
        known |= {
            name: Score(scoring([name]) if rehearsal else together, name, sign)
            for name, sign in own.items()
        }
        split = self.config.evaluate.split or self.config.data.split
        if wanted := wanted_figures(self.config.data.source, split, self.model):

            def figures_score(model: Any) -> dict[str, float]:
                chosen = self.held_out.chosen[:num]
                return attribute_scores(pictures.to_uint8(drawn(model)[0]), wanted[chosen])

            known["figures"] = Score(figures_score, "seen_all", 1)
        return known

    # ------------------------------------------------------------------ commands on a finished run

    @classmethod
    def open_split(cls, config: ConfigDict, source: str, split: str) -> Attributed:
        """See `Task.open_split`."""
        return open_data(config, source, split)

    @classmethod
    def resolve(cls, model: type[Any], config: ConfigDict, before: Mapping[str, Any]) -> ConfigDict:
        """Notes the attributes of the data; see `Task.resolve`."""
        del model
        if config.data.get("attributes"):
            return config
        texts = before.get("data", {}).get("attributes")
        if not texts:
            data = config.data
            texts = open_data(config, data.source, data.split).attributes.texts()
        config = config.copy_and_resolve_references()
        with config.unlocked():
            config.data.attributes = tuple(texts)
        return config

    @classmethod
    def drawing(cls, model: Any, request: DrawRequest) -> Drawing:
        """See `Task.drawing`."""
        return drawing_of(model, request)

    @classmethod
    def offline_metrics(cls, model: type[Any], config: ConfigDict, source: str) -> list[str]:
        """See `Task.offline_metrics`."""
        del model, source
        return metrics_of_pairs(config.model_args.image_shape)

    @classmethod
    def evaluation(cls, model: Any, config: ConfigDict, request: Request) -> EvaluationTask:
        """See `Task.evaluation`; an image is drawn from the attributes of each real one."""
        opened = _open(config, model, request.split, request.source, request.data_dir)
        wanted = Wanted(opened, fitting_of(config, model), request.num)
        num = len(wanted.codes)

        @functools.cache
        def masks() -> np.ndarray:
            return model.generate_with_masks(wanted.codes)[1]

        def generated() -> Iterator[np.ndarray]:
            for i in range(0, num, BATCH):
                yield model.generate(wanted.codes[i : i + BATCH])

        def scoring(name: str) -> Callable[[np.ndarray], Mapping[str, float]]:
            def score(images: np.ndarray) -> dict[str, float]:
                made = masks() if name == "mask_iou" else None
                return {"": scores_of([name], images, made, wanted, num)[name]}

            return score

        small = min(model.image_shape[:2]) < SSIM_SIDE
        names = [name for name in _OF_PAIRS if not (name == "ssim" and small)]
        names += ["mask_iou"] if opened.masks is not None else []
        also = {name: scoring(name) for name in names}
        if shown := wanted_figures(request.source, request.split, model):
            also["figures"] = lambda images: attribute_scores(images, shown[wanted.chosen])
        what = {
            "source": request.source,
            "split": request.split,
            "samples": num,
            "of": len(opened.images),
            "size": list(model.image_shape),
        }

        def real() -> Iterator[np.ndarray]:
            for i in range(0, num, BATCH):
                yield wanted.targets[i : i + BATCH]

        notes = ["Images are compared with the real ones times their masks, on black."]
        return EvaluationTask(generated, num, Reference(what, real, num), also, notes)


class Wanted:
    """Some attributes, and the images and masks that should be drawn from them.

    Args:
        data: The data.
        fitting: How stored images become the model's.
        num: Number of images; all if there are fewer.
        shuffled: Whether they are in an order in which the first few are of several classes.

    Attributes:
        chosen: Indices in the data.
        codes: float32 `[num, C]`.
        images: uint8 `[num, H, W, C]`.
        masks: uint8 `[num, H, W, 1]`; white without masks.
        targets: Images times masks, uint8.
    """

    def __init__(
        self, data: Attributed, fitting: Mapping[str, Any], num: int, shuffled: bool = False
    ):
        sources, fittings = sources_of(data), fits(data, **fitting)
        chosen = usable_indices(sources, fittings, choose(len(data.images), num))
        if shuffled:
            chosen = np.random.default_rng(0).permutation(chosen)
        part = data._replace(
            images=Subset(data.images, chosen),
            masks=None if data.masks is None else Subset(data.masks, chosen),
            values={name: np.asarray(each)[chosen] for name, each in data.values.items()},
        )
        # Those in memory are fitted already.
        same = {**fitting, "crop": None} if hasattr(data.images, "fitting") else fitting
        loaded = load_attributed(part, **same)
        self.chosen = getattr(data.images, "indices", np.arange(len(data.images)))[chosen]
        self.codes = data.attributes.encode(part.values)
        images = loaded.images.array
        assert images is not None
        self.images = images
        self.masks = np.full((*images.shape[:3], 1), 255, np.uint8)
        if loaded.masks is not None and loaded.masks.array is not None:
            self.masks = loaded.masks.array
        self.targets = on_black(self.images, self.masks)


def scores_of(
    names: Sequence[str],
    images: np.ndarray,
    masks: np.ndarray | None,
    wanted: Wanted,
    num: int,
) -> dict[str, float]:
    """Returns scores of images and masks against those that they should be.

    Args:
        names: Of `TARGETS`, or "mask_iou".
        images: Images, floats in [-1, 1] or uint8.
        masks: Masks, floats in [0, 1]; None if they are not scored.
        wanted: What should be drawn.
        num: How many of these.
    """
    pixels = images if images.dtype == np.uint8 else pictures.to_uint8(images)
    found = score_targets([n for n in names if n != "mask_iou"], pixels, wanted.targets[:num])
    if "mask_iou" in names and masks is not None:
        found["mask_iou"] = float(mask_iou(masks, wanted.masks[:num]).mean())
    return found


def fitting_of(config: ConfigDict, model: Any) -> dict[str, Any]:
    """Returns how stored images become a model's: arguments of `attributed`."""
    shape = model.image_shape
    return {"image_size": shape[:2], "channels": shape[-1], "crop": config.data.crop}


def open_data(
    config: ConfigDict, source: str, split: str, data_dir: str | None = None
) -> Attributed:
    """Opens images with attributes by a config's rules."""
    data, side = config.data, max(config.model_args.image_shape[:2])
    declared = None
    if texts := data.get("attributes"):
        declared = Attributes.parse(texts, "data.attributes").declared
    return open_source_for(
        open_attributed,
        source,
        split,
        side,
        data,
        data_dir=data_dir or data.data_dir,
        on_error=data.on_error,
        attributes=declared,
    )


def _open(
    config: ConfigDict,
    model: Any,
    split: str,
    source: str | None = None,
    data_dir: str | None = None,
) -> Attributed:
    """Opens images with the attributes that a model draws from."""
    opened = open_data(config, source or config.data.source, split, data_dir)
    if opened.attributes.declared != model.coding.declared:
        raise InputError(
            f"data.attributes: expected those of the model, {', '.join(model.coding.texts())}, got "
            f"{', '.join(opened.attributes.texts())}; begin a new run for other attributes."
        )
    return opened


def wanted_figures(source: str, split: str, model: Any) -> figures.Attributes | None:
    """Returns the drawn figures of a split that can be read back; None for other data."""
    kind, view = parse_spec(source)
    height, width, channels = model.image_shape
    readable = height == width >= 16 and channels == 3
    if (kind, view) != ("figures", "attributes") or not readable:
        return None
    return figures.attributes(view, split) if split in figures.SPLIT_SIZES else None
