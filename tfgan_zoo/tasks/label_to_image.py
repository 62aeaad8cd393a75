"""Images from label maps."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data import Domains, load_pairs, open_label_maps, parse_spec
from tfgan_zoo.data.figures import scenes
from tfgan_zoo.data.label_maps import check_class_numbers
from tfgan_zoo.data.pairs import are_held
from tfgan_zoo.data.pipeline import mapped
from tfgan_zoo.data.splits import Part
from tfgan_zoo.data.storage import EAGER
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.scenes import scene_scores
from tfgan_zoo.pictures.label_maps import draw_label_maps
from tfgan_zoo.tasks.base import SHEET, Score
from tfgan_zoo.tasks.comparison import EvaluationTask, choose
from tfgan_zoo.tasks.requests import Request
from tfgan_zoo.tasks.translation import TranslationTask

#: Images whose instances styles are learned from, at most, and their pixels together.
STYLED, STYLED_PIXELS = 500, 1 << 26
#: Maps that are translated together.
BATCH = 8


class LabelToImageTask(TranslationTask):
    """Label maps, or images of another domain, and the images that belong to them."""

    data_entries = (*TranslationTask.data_entries, "classes", "ignored")

    @classmethod
    def opened(cls, config: ConfigDict, source: str, split: str, data_dir: str | None) -> Domains:
        """See `TranslationTask.opened`."""
        args, data = config.model_args, config.data
        if args.num_classes is None:
            for entry, unused in (("classes", "values"), ("ignored", None)):
                if data[entry] != unused:
                    raise InputError(
                        f"data.{entry}: expected {unused} without model_args.num_classes, got "
                        f"{data[entry]!r}; give the number of classes."
                    )
            return super().opened(config, source, split, data_dir)
        return open_label_maps(
            source,
            split,
            num_classes=args.num_classes,
            classes=data.classes,
            ignored=data.ignored,
            instances=bool(args.boundaries or args.style_size),
            layout=data.layout,
            direction=data.direction,
            resolution=max(args.image_shape[:2]) if parse_spec(source)[0] == "figures" else None,
            on_error=data.on_error,
            data_dir=data_dir,
            **config_lib.opening(data),
        )

    @classmethod
    def refusal(cls, workdir: str, model: Any = None) -> InputError:
        """See `Task.refusal`."""
        if model is not None and model.takes_labels:
            return InputError(
                f"--workdir: {workdir!r} makes images from label maps; use tfgan_zoo.translate."
            )
        return super().refusal(workdir, model)

    def rehearse(self, model: Any) -> None:
        """See `Task.rehearse`; label maps that training would decode later are read once."""
        super().rehearse(model)
        source, data = self.domains.a, self.config.data
        if (
            self.model.takes_labels
            and data.classes == "values"
            and self.model.steps_done == 0
            and not (source.is_array or source.on_error == "skip")
            and len(source) <= EAGER
            and not are_held(self.domains, *self.holding())
        ):
            files = tuple(map(source.name, range(len(source))))
            check_class_numbers(files, self.model.num_classes, data.ignored, source.spec)

    def _pipeline(self, domains: Domains, start: int, cache: bool | str) -> tf.data.Dataset:
        dataset = super()._pipeline(domains, start, cache)
        if not self.model.takes_labels:
            return dataset
        has_instances = self.model.takes_instances

        def named(maps: tf.Tensor, images: tf.Tensor) -> dict[str, tf.Tensor]:
            parts = {"label": maps[..., 0], "image": images}
            return parts | ({"instance": maps[..., 1]} if has_instances else {})

        return mapped(dataset, named).prefetch(tf.data.AUTOTUNE)

    def translations(self, model: Any, num: int) -> np.ndarray:
        """See `TranslationTask.translations`; instances have the styles of the true images."""
        if not self.model.takes_labels:
            return super().translations(model, num)
        maps, styles = self.a[:num], None
        if model.style_size:
            styles = model.encode_styles(self.b[:num], maps[..., 1], batch_size=BATCH)
        return model.translate(maps, styles=styles, batch_size=BATCH)

    def complete(self, model: Any) -> None:
        """See `Task.complete`: the styles of each class, from images of the training data."""
        if model.style_size:
            height, width = model.image_shape[:2]
            model.learn_styles(
                *load_pairs(
                    self.held,
                    min(STYLED, max(1, STYLED_PIXELS // (height * width))),
                    image_size=model.image_shape[:2],
                    channels=(1, model.shape_b[-1]),
                    crop=self.config.data.crop,
                ),
                seed=self.config.seed,
            )

    def sheet(self, model: Any) -> np.ndarray:
        """Draws rows of a label map, what the model makes of it, and the true image."""
        if not self.model.takes_labels:
            return super().sheet(model)
        num = self.config.train.samples
        columns = [
            draw_label_maps(self.a[:num], self.model.num_classes),
            pictures.to_uint8(self.translations(model, num)),
            self.b[:num],
        ]
        return pictures.titled_rows(["labels", "translated", "target"], columns, at_least=SHEET)

    def known_scores(self, rehearse_on: int | None = None) -> dict[str, Score]:
        """See `Task.known_scores`; of `figures/labels`, what instances show is read back."""
        known = super().known_scores(rehearse_on)
        num = min(rehearse_on or self.config.evaluate.samples, self.config.evaluate.samples)
        split = self.config.evaluate.split or self.config.data.split
        drawn = drawn_scenes(self.model, self.config.data.source, split)
        if drawn is not None:
            wanted = drawn[: min(num, len(self.held_out.a))]
            known["figures"] = Score(self._scenes_score(wanted), "clean", 1)
        return known

    def _scenes_score(self, wanted: scenes.Scenes) -> Callable[[Any], Mapping[str, float]]:
        def score(model: Any) -> dict[str, float]:
            images = pictures.to_uint8(self.translations(model, len(wanted)))
            return scene_scores(images, wanted, colours=bool(model.style_size))

        return score

    def pretraining(self) -> ConfigDict | None:
        """Returns the config of the stage before: the enhancer alone, or the global generator."""
        settings = self.config.pretraining
        if not settings.steps and not settings.frozen_steps:
            return None
        if self.config.generator.name != "local_enhancer":
            raise InputError(
                "pretraining: expected 0 steps without generator.name=local_enhancer, which the "
                f"stages before are for, got steps={settings.steps} and "
                f"frozen_steps={settings.frozen_steps}."
            )
        given = (self.config.train.generator_from, self.config.train.start_from)
        if not settings.steps and given == (None, None):
            raise InputError(
                "pretraining.frozen_steps: expected 0 without pretraining.steps, as nothing has "
                f"trained the global generator that stays frozen, got {settings.frozen_steps}; "
                "give steps too, or train.generator_from, a run of a global generator."
            )
        before = self.config.copy_and_resolve_references()
        with before.unlocked():
            before.train.export = False
            before.evaluate.patience = 0
            if settings.frozen_steps:
                before.train.steps = settings.frozen_steps
                before.model_args.freeze_global = True
                before.pretraining.frozen_steps = 0
            else:
                before.train.steps = settings.steps
                before.model_args.freeze_global = False
                before.model_args.image_shape = _halved(self.config.model_args.image_shape)
                if before.data.load_size is not None:
                    before.data.load_size //= 2
                before.generator = _global_of(self.config.generator)
                before.pretraining.steps = 0
        config_lib.check(before)
        return before

    @classmethod
    def evaluation(cls, model: Any, config: ConfigDict, request: Request) -> EvaluationTask:
        """See `TranslationTask.evaluation`; instances have the first style of their class."""
        task = super().evaluation(model, config, request)
        drawn = drawn_scenes(model, request.source, request.split)
        if drawn is None:
            return task
        wanted = drawn[choose(len(drawn), request.num)]
        return task._replace(
            also={**task.also, "figures": lambda images: scene_scores(images, wanted)}
        )


def drawn_scenes(model: Any, source: str, split: str) -> scenes.Scenes | None:
    """Returns what is drawn in a split of `figures/labels`; None of any other source."""
    part = Part.parse(split)
    height, width, channels = model.shape_b
    readable = height == width >= 16 and channels == 3 and model.takes_labels
    if parse_spec(source) != ("figures", scenes.VIEW) or not readable:
        return None
    if part.name not in scenes.SPLIT_SIZES or not part.is_whole:
        return None
    return scenes.scenes(part.name)


def _halved(shape: Any) -> tuple[int, ...]:
    height, width, channels = shape
    if height % 2 or width % 2:
        raise InputError(
            f"model_args.image_shape: expected even sides for the stage before, got {shape}."
        )
    return height // 2, width // 2, channels


def _global_of(enhancer: ConfigDict) -> ConfigDict:
    """Returns the config of the global generator within a local enhancer."""
    given = dict(enhancer)
    filters = given.get("filters", 32)
    alike = ("normalization", "upsampling", "synchronized_bn")
    kept = {key: given[key] for key in alike if key in given}
    return ConfigDict(
        {
            "name": "global_generator",
            "filters": 2 * filters,
            "downsamplings": given.get("global_downsamplings", 4),
            "blocks": given.get("global_blocks", 9),
            **kept,
        }
    )
