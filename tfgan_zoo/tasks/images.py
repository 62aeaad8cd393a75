"""Single images, points or voxels: the data of models that imitate or encode them."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import pictures
from tfgan_zoo.data import (
    Fit,
    Source,
    fit_for,
    load_images,
    load_source,
    open_source,
    unconditional,
    use_cache,
)
from tfgan_zoo.data.fingerprints import Fingerprint, fingerprint
from tfgan_zoo.data.loading import usable_indices
from tfgan_zoo.data.voxels import VoxelRules
from tfgan_zoo.errors import InputError
from tfgan_zoo.progress import counted
from tfgan_zoo.samples import IMAGES, POINTS, VOXELS, SampleKind, kind_of
from tfgan_zoo.tasks.base import Task, caching_of, held_out_split, open_source_for
from tfgan_zoo.tasks.classes import check_number
from tfgan_zoo.tasks.comparison import Subset, choose
from tfgan_zoo.tasks.requests import Request


class ImagesTask(Task):
    """Single images, points or voxels, in training batches.

    Args:
        config: The run's config.
        model: The run's model.
        like: See `Task`.

    Raises:
        InputError: If the model cannot use the data.
    """

    def __init__(self, config: ConfigDict, model: Any, like: Task | None = None):
        super().__init__(config, model, like)
        data = config.data
        self.opened = open_images(
            config, data.source, data.split, data_dir=data.data_dir, on_error=data.on_error
        )
        if kind_of(model.image_shape) is not kind_of_source(self.opened):
            raise InputError(
                f"data.source: {data.source} holds {self.opened.holds}, which do not fit the "
                "model's "
                f"model_args.image_shape={model.image_shape}."
            )
        self.check_batch(data.source, len(self.opened))

    @property
    def parts(self) -> Sequence[str]:
        """What training batches hold besides images."""
        return ()

    @functools.cached_property
    def held(self) -> Source:
        """The source; a source that is cached is decoded and fitted once."""
        if self.opened.is_vector:
            return self.opened
        fitting = fit_for(self.opened, **self.fitting())
        if not use_cache(self.opened, fitting, caching_of(self.config.data)):
            return self.opened
        return load_source(self.opened, fitting)

    def fitting(self) -> dict[str, Any]:
        """How stored images become the model's: arguments of the data pipeline."""
        shape, data = self.model.image_shape, self.config.data
        if len(shape) == 1:
            return {}
        return {
            "image_size": shape[:-1],
            "channels": shape[-1],
            "crop": data.crop,
            "fit": data.fit,
        }

    def fingerprints(self) -> dict[str, Fingerprint]:
        """See `Task.fingerprints`."""
        found = fingerprint(self.opened, self.config.data.source, self.parts)
        return {"training data": found}

    def describe(self) -> str:
        """See `Task.describe`."""
        # Once the images are decoded, those that cannot be read are no longer counted.
        source = vars(self).get("held", self.opened)
        return f"{self.config.data.source}: {counted(len(source), 'sample')}"

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Task.batches`."""
        return self.pipeline(self.held, start, caching_of(self.config.data))

    def pipeline(self, source: Source, start: int, cache: Any) -> tf.data.Dataset:
        """Returns training batches of a source, beginning with that of step `start`."""
        data = self.config.data
        dataset = unconditional(
            source,
            batch_size=self.model.samples_per_step(data.batch_size),
            flip=data.flip,
            parts=self.parts,
            cache=cache,
            seed=self.config.seed,
            start_step=start,
            **self.fitting(),
        )
        check_fits(self.config, named(dataset.element_spec)["image"], self.model.image_shape)
        return dataset

    def real_samples(self, num: int) -> np.ndarray:
        """Returns the first `num` training samples as the model sees them, floats."""
        return self.first(num)["image"]

    def first(self, num: int) -> dict[str, np.ndarray]:
        """Returns all parts of the first `num` training samples, images as floats."""
        batches: list[dict[str, np.ndarray]] = []
        for batch in self.batches(0).as_numpy_iterator():
            batches.append(named(batch))
            if sum(len(each["image"]) for each in batches) >= num:
                break
        found = {name: np.concatenate([b[name] for b in batches])[:num] for name in batches[0]}
        real = found["image"]
        return found | {"image": real if real.dtype == np.float32 else pictures.from_uint8(real)}


class HeldOutImagesTask(ImagesTask):
    """Single images in training batches, and others that are held out, for sheets and scores.

    Args:
        config: The run's config. Without `evaluate.split`, training images are held out.
        model: The run's model.
        like: See `Task`.

    Raises:
        InputError: If the model cannot use the data.
    """

    def __init__(self, config: ConfigDict, model: Any, like: Task | None = None):
        super().__init__(config, model, like)
        self.pipeline(self.opened, 0, cache=False)
        self.opened_held_out = self.opened
        if config.evaluate.split is not None:
            with held_out_split(config):
                self.opened_held_out = self.open_split(
                    config, config.data.source, config.evaluate.split
                )

    @property
    def held_out(self) -> np.ndarray:
        """The held-out images, uint8."""
        return self.some_held_out[0]

    @functools.cached_property
    def some_held_out(self) -> tuple[np.ndarray, np.ndarray]:
        """The held-out images, and their indices in `held_out_source`."""
        source, settings = self.held_out_source, self.config
        num = max(settings.evaluate.samples, settings.train.samples)
        return self.load(source, choose(len(source), num))

    @property
    def held_out_source(self) -> Source:
        """The source of the held-out images; one in memory lacks those that cannot be read."""
        return self.held if self.opened_held_out is self.opened else self.opened_held_out

    def load(self, source: Source, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns those of a source's images that can be read, and their indices.

        They are in no order of classes, so that the first few are of several.
        """
        fitting = fit_for(source, **self.fitting())
        chosen = np.random.default_rng(0).permutation(usable_indices([source], [fitting], indices))
        return load_images(Subset(source, chosen), fitting), chosen

    def fingerprints(self) -> dict[str, Fingerprint]:
        """See `Task.fingerprints`."""
        found = super().fingerprints()
        if self.opened_held_out is not self.opened:
            found["evaluation data"] = fingerprint(
                self.opened_held_out, self.config.data.source, self.parts
            )
        return found

    def prepare(self) -> None:
        """See `Task.prepare`."""
        self.held_out  # noqa: B018

    @classmethod
    def open_split(cls, config: ConfigDict, source: str, split: str) -> Source:
        """See `Task.open_split`."""
        data = config.data
        return open_images(config, source, split, data_dir=data.data_dir, on_error=data.on_error)


def named(batch: Any) -> dict[str, Any]:
    """Returns the parts of a batch, or of its spec, by name."""
    return batch if isinstance(batch, dict) else {"image": batch}


def open_images(config: ConfigDict, source: str, split: str, **options: Any) -> Source:
    """Opens a source of images by a config's decoding rules."""
    shape = config.model_args.image_shape
    if kind_of(shape) is VOXELS:
        options["voxels"] = voxel_rules(config.data, max(shape[:3]))
    return open_source_for(open_source, source, split, max(shape[:2]), config.data, **options)


def voxel_rules(data: Mapping[str, Any], resolution: int) -> VoxelRules:
    """Returns how `config.data` has stored voxels read, for a model of a resolution."""
    crop = data.get("crop_to_object", False)
    return VoxelRules(data.get("axes", "auto"), data.get("threshold"), crop, resolution)


def kind_of_source(source: Source) -> SampleKind:
    """Returns what the samples of a source are."""
    return POINTS if source.is_vector else VOXELS if source.is_voxels else IMAGES


def open_to_evaluate(
    model: Any, config: ConfigDict, request: Request
) -> tuple[Source, Fit, np.ndarray]:
    """Opens what an evaluation compares a run of single images with.

    Args:
        model: The run's model.
        config: The run's config.
        request: What the flags say.

    Returns:
        The source, how its images become the model's, and the indices of those to take.

    Raises:
        InputError: If the source cannot be opened, or holds no images.
    """
    shape, data = model.image_shape, config.data
    source = open_images(
        config,
        request.source,
        request.split,
        data_dir=request.data_dir or data.data_dir,
        on_error=data.on_error,
    )
    if kind_of_source(source) is not kind_of(shape):
        raise InputError(
            f"--data: {request.source} holds {source.holds}, and the model is of "
            f"{kind_of(shape).name}."
        )
    fitting = fit_for(
        source, image_size=shape[:-1], channels=shape[-1], crop=data.crop, fit=data.fit
    )
    return source, fitting, usable_indices([source], [fitting], choose(len(source), request.num))


def with_class_names(
    config: ConfigDict, before: Mapping[str, Any], check: Callable[[Source], Any]
) -> ConfigDict:
    """Returns a config with the names of the classes of a run's data; see `Task.resolve`.

    Args:
        config: The run's.
        before: See `Task.resolve`.
        check: Raises `InputError` if a source has no classes.

    Raises:
        InputError: If there are none, or not as many as the model is told of.
    """
    names = config.data.get("class_names") or before.get("data", {}).get("class_names")
    if not names:
        data = config.data
        source = open_images(config, data.source, data.split, data_dir=data.data_dir)
        check(source)
        names = source.class_names
    check_number(config, names)
    config = config.copy_and_resolve_references()
    with config.unlocked():
        config.data.class_names = tuple(names)
    return config


def check_fits(config: ConfigDict, spec: tf.TensorSpec, shape: Iterable[int]) -> None:
    """Raises `InputError` unless samples have the shape that a model takes."""
    if not spec.shape[1:].is_compatible_with(tuple(shape)):
        raise InputError(
            f"data.source: {config.data.source} gives samples of shape {tuple(spec.shape[1:])}, "
            f"the model takes model_args.image_shape={tuple(shape)}."
        )
