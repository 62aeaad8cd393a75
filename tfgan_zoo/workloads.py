"""What a run does that depends on the kind of model: its data, its sample sheets, its scores."""

import abc
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data import (
    ArraySource,
    Domains,
    Fit,
    Source,
    figures,
    fit_for,
    load_images,
    load_pairs,
    open_domains,
    open_source,
    paired,
    parse_spec,
    unconditional,
    unpaired,
    use_cache,
)
from tfgan_zoo.data.images import with_channels
from tfgan_zoo.data.imresize import imresize
from tfgan_zoo.data.super_resolution import (
    Resolutions,
    load_pair,
    open_super_resolution,
    super_resolution,
)
from tfgan_zoo.data.tasks import fits_memory
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation import by_model, score_images
from tfgan_zoo.metrics.figures import figure_scores, translation_scores
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.models import SRGAN, CycleGAN, GANModel, ImageToImage, NoiseToImage

#: A function that scores a model, the main one of its scores, and 1 if a higher one is better.
Score = tuple[Callable[[Any], Mapping[str, float]], str, int]


class Workload(abc.ABC):
    """A config's data, opened, and what to make of it.

    Args:
        config: of the run.
        model: of the run, for its shapes.

    Raises:
        InputError: if the data cannot be used for the model.
    """

    #: Entries of config.data besides those of every model.
    data_entries: tuple[str, ...] = ()

    def __init__(self, config: ConfigDict, model: GANModel):
        self.config = config
        self.model = model
        known = [*config_lib.default_config().data, *self.data_entries]
        config_lib.check_names("data", config.data, known)

    @abc.abstractmethod
    def batches(self, start: int) -> tf.data.Dataset:
        """Returns training batches without end, from those of step `start` on."""

    @abc.abstractmethod
    def describe(self) -> str:
        """Returns what the data is, in a few words."""

    @abc.abstractmethod
    def sheet(self, model: Any) -> np.ndarray:
        """Draws what a model makes now, always from the same inputs: uint8 (height, width, 3)."""

    @abc.abstractmethod
    def known_scores(self) -> dict[str, Score]:
        """Returns what can be scored with this data, by the names of config.evaluate.metrics."""

    @property
    def scores(self) -> list[Score]:
        """What the config asks for and the data allows; the first decides what is best."""
        known = self.known_scores()
        return [known[name] for name in self.config.evaluate.metrics if name in known]

    def score(self, model: Any) -> dict[str, float]:
        """Returns all scores of a model."""
        found: dict[str, float] = {}
        for function, _, _ in self.scores:
            found |= function(model)
        return found


def open_workload(config: ConfigDict, model: GANModel) -> Workload:
    """Opens the data of a config, in the way of its model.

    Raises:
        InputError: if the data cannot be used for the model.
    """
    for kind, workload in _WORKLOADS.items():
        if isinstance(model, kind):
            return workload(config, model)
    raise InputError(f"model: no workload is known for {type(model).__name__}.")


_CACHE: dict[str, bool | str] = {"auto": "auto", "yes": True, "no": False}


class NoiseToImageWorkload(Workload):
    """Images, or points, to be imitated."""

    def __init__(self, config: ConfigDict, model: NoiseToImage):
        super().__init__(config, model)
        self.source = self._open()
        self.batches(0)
        samples = max(config.train.samples, config.evaluate.samples)
        self.reference = self.real_samples(samples)

    def _open(self) -> Source:
        """Opens the source; what is to be cached is decoded here, once."""
        config, shape = self.config, self.model.image_shape
        kind, _ = parse_spec(config.data.source)
        source = open_source(
            config.data.source,
            config.data.split,
            resolution=shape[0] if kind == "figures" else None,
            on_error=config.data.on_error,
            data_dir=config.data.data_dir,
        )
        if source.is_vector != (len(shape) == 1):
            kind = "vectors" if source.is_vector else "images"
            raise InputError(
                f"data.source: {config.data.source} holds {kind}, which do not fit the model's "
                f"model_args.image_shape={shape}."
            )
        if not source.is_vector:
            fitting = fit_for(source, **self._fitting())
            if use_cache(source, fitting, _CACHE[config.data.cache]):
                source = ArraySource(source.spec, load_images(source, fitting))
        return source

    def _fitting(self) -> dict[str, Any]:
        """How stored images become the model's: arguments of the data pipeline."""
        shape, data = self.model.image_shape, self.config.data
        if len(shape) == 1:
            return {}
        return {
            "image_size": shape[0],
            "channels": shape[-1],
            "crop": data.crop,
            "fit": data.fit,
        }

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Workload.batches`."""
        data = self.config.data
        dataset = unconditional(
            self.source,
            batch_size=self.model.samples_per_step(data.batch_size),
            flip=data.flip,
            cache=_CACHE[data.cache],
            seed=self.config.seed,
            start_step=start,
            **({} if self.source.array is not None else self._fitting()),
        )
        _check_fits(self.config, dataset.element_spec, self.model.image_shape)
        return dataset

    def real_samples(self, num: int) -> np.ndarray:
        """Returns the first `num` of the training data as the model sees them, floats."""
        found: list[np.ndarray] = []
        for batch in self.batches(0).as_numpy_iterator():
            found.extend(batch)
            if len(found) >= num:
                break
        real = np.stack(found[:num])
        return real if real.dtype == np.float32 else pictures.from_uint8(real)

    def describe(self) -> str:
        """See `Workload.describe`."""
        return f"{self.config.data.source}: {len(self.source):,} samples"

    def sheet(self, model: NoiseToImage) -> np.ndarray:
        """Draws samples from fixed latents."""
        return pictures.sheet(model.generate(self.config.train.samples), self.reference)

    def known_scores(self) -> dict[str, Score]:
        """See `Workload.known_scores`."""
        kind, view = parse_spec(self.config.data.source)
        num = self.config.evaluate.samples

        def scored(function: Callable[[np.ndarray], Mapping[str, float]]) -> Any:
            return lambda model: function(model.generate(num, seed=1))

        known: dict[str, Score] = {
            "swd": (
                scored(lambda x: {"swd": sliced_wasserstein(x, self.reference[:num])}),
                "swd",
                -1,
            )
        }
        if kind == "figures" and self.model.image_shape[-1] == 3:
            known["figures"] = (
                scored(lambda x: figure_scores(pictures.to_uint8(x), view)),
                "validity",
                1,
            )
        return known


class TranslationWorkload(Workload):
    """Images of two domains, in pairs or not."""

    data_entries = ("layout", "direction", "load_size")

    def __init__(self, config: ConfigDict, model: ImageToImage):
        super().__init__(config, model)
        self.paired = not isinstance(model, CycleGAN)
        if config.data.fit != "resize":
            raise InputError("data.fit: expected 'resize' for a model that translates.")
        height, width, _ = model.image_shape
        if height != width:
            raise InputError(
                "model_args.image_shape: expected a square for training from files, got "
                f"{model.image_shape}."
            )
        if config.data.load_size is not None and config.data.load_size < height:
            raise InputError(
                f"data.load_size: expected at least the model's {height} pixels, got "
                f"{config.data.load_size}."
            )
        self.domains = self._held(self._open(config.data.split))
        self.batches(0)
        held_out = config.evaluate.split
        self.held_out = self.domains if held_out is None else self._open(held_out)
        self.a, self.b = load_pairs(
            self.held_out,
            max(config.train.samples, config.evaluate.samples),
            image_size=height,
            channels=(model.shape_a[-1], model.shape_b[-1]),
            crop=config.data.crop,
        )

    def _open(self, split: str) -> Domains:
        data = self.config.data
        return open_domains(
            data.source,
            split,
            layout=data.layout,
            direction=data.direction,
            resolution=self.model.image_shape[0],
            on_error=data.on_error,
            data_dir=data.data_dir,
        )

    def _held(self, domains: Domains) -> Domains:
        """Decodes what is to be cached, once."""
        data, model = self.config.data, self.model
        size = data.load_size or model.image_shape[0]
        channels = model.shape_a[-1], model.shape_b[-1]
        fittings = [Fit(size, n, data.crop) for n in channels]
        sources = (domains.a, domains.b)
        if not fits_memory(sources, fittings, _CACHE[data.cache]):
            return domains
        if self.paired and not domains.matched:
            return domains  # to be refused with the reason
        arrays = load_pairs(domains, None, size, channels, data.crop)
        held = [ArraySource(s.spec, array) for s, array in zip(sources, arrays, strict=True)]
        return domains._replace(a=held[0], b=held[1])

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Workload.batches`."""
        data, model = self.config.data, self.model
        return (paired if self.paired else unpaired)(
            self.domains,
            batch_size=data.batch_size,
            image_size=model.image_shape[0],
            channels=(model.shape_a[-1], model.shape_b[-1]),
            load_size=data.load_size,
            crop=data.crop,
            flip=data.flip,
            seed=self.config.seed,
            start_step=start,
            cache=_CACHE[data.cache],
        )

    def describe(self) -> str:
        """See `Workload.describe`."""
        a, b = self.domains.a, self.domains.b
        counted = f"{len(a):,} pairs" if self.paired else f"{len(a):,} of a, {len(b):,} of b"
        return f"{self.config.data.source}: {counted}"

    def sheet(self, model: ImageToImage) -> np.ndarray:
        """Draws rows of input, translation and target; or of a, b and back, and b, a and back."""
        num = self.config.train.samples
        a, b = self.a[:num], self.b[:num]
        columns = [a, pictures.to_uint8(model.translate(a))]
        if self.paired:
            columns.append(b)
        else:
            columns.append(pictures.to_uint8(model.translate(columns[-1], "b_to_a")))
            columns += [b, pictures.to_uint8(model.translate(b, "b_to_a"))]
            columns.append(pictures.to_uint8(model.translate(columns[-1])))
        return pictures.enlarge(pictures.rows(columns))

    def known_scores(self) -> dict[str, Score]:
        """See `Workload.known_scores`."""
        kind, view = parse_spec(self.config.data.source)
        num = self.config.evaluate.samples
        a, b = self.a[:num], self.b[:num]

        def mae(model: ImageToImage) -> dict[str, float]:
            error = pictures.to_uint8(model.translate(a)).astype(np.float32) - b
            return {"mae": float(np.abs(error).mean() / 255)}

        def swd(model: ImageToImage) -> dict[str, float]:
            found = {"swd": sliced_wasserstein(model.translate(a), pictures.from_uint8(b))}
            if not self.paired:
                back = model.translate(b, "b_to_a")
                found["swd_b_to_a"] = sliced_wasserstein(back, pictures.from_uint8(a))
                found = {
                    "swd": (found["swd"] + found["swd_b_to_a"]) / 2,
                    "swd_a_to_b": found["swd"],
                    "swd_b_to_a": found["swd_b_to_a"],
                }
            return found

        known: dict[str, Score] = {"swd": (swd, "swd", -1)}
        if self.paired:
            known["mae"] = (mae, "mae", -1)
        split = self.config.evaluate.split or self.config.data.split
        colour = self.model.shape_a[-1] == self.model.shape_b[-1] == 3
        if kind == "figures" and colour and split in figures.SPLIT_SIZES:
            known["figures"] = (self._figures(view, split, len(a)), "success", 1)
        return known

    def _figures(self, view: str, split: str, num: int) -> Callable[[Any], dict[str, float]]:
        """Scores translations by what they show, against what they ought to."""
        swapped = self.config.data.direction == "b_to_a"
        drawn = {
            name: figures.attributes(view, split, num, domain=domain)
            for name, domain in zip("ab", "ba" if swapped else "ab", strict=True)
        }
        inputs = {"a_to_b": (self.a[:num], "a", "b"), "b_to_a": (self.b[:num], "b", "a")}

        def score(model: ImageToImage) -> dict[str, float]:
            found: dict[str, float] = {}
            for direction in model.translators():
                images, source, target = inputs[direction]
                wanted = dataclasses.replace(drawn[source], fill=drawn[target].fill)
                made = pictures.to_uint8(model.translate(images, direction, batch_size=16))
                for name, value in translation_scores(made, wanted).items():
                    found[f"{direction}_{name}"] = value
            success = [v for name, v in found.items() if name.endswith("_all")]
            return {"success": float(np.mean(success)), **found}

        return score


class SuperResolutionWorkload(Workload):
    """Images to be enlarged."""

    def __init__(self, config: ConfigDict, model: SRGAN):
        super().__init__(config, model)
        height, width, _ = model.image_shape
        if height != width:
            raise InputError(
                "model_args.image_shape: expected a square for training from files, got "
                f"{model.image_shape}."
            )
        for entry, wanted in (("fit", "resize"), ("crop", None)):
            if config.data[entry] != wanted:
                raise InputError(
                    f"data.{entry}: expected {str(wanted).lower()} for a model that enlarges."
                )
        if model.content == "vgg":
            model.feature_network()  # fails before any time is spent
        self.opened = self._open(config.data.source, config.data.split)
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
        )

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
            cache=_CACHE[data.cache],
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


_WORKLOADS: dict[type[GANModel], Callable[..., Workload]] = {
    NoiseToImage: NoiseToImageWorkload,
    SRGAN: SuperResolutionWorkload,
    ImageToImage: TranslationWorkload,
}


def _check_fits(config: ConfigDict, spec: tf.TensorSpec, shape: Iterable[int]) -> None:
    if not spec.shape[1:].is_compatible_with(tuple(shape)):
        raise InputError(
            f"data.source: {config.data.source} gives samples of shape {tuple(spec.shape[1:])}, "
            f"the model takes model_args.image_shape={tuple(shape)}."
        )
