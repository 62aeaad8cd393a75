"""Images of one domain from those of another."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo import pictures
from tfgan_zoo.data import (
    Domains,
    figures,
    fit_for,
    load_domains,
    load_pairs,
    open_domains,
    paired,
    parse_spec,
    unpaired,
)
from tfgan_zoo.data.fingerprints import Fingerprint, fingerprint
from tfgan_zoo.data.loading import load_size_for, usable_indices
from tfgan_zoo.data.spec import two_specs
from tfgan_zoo.errors import InputError
from tfgan_zoo.evaluation.pairs import PairMetric, score_targets
from tfgan_zoo.metrics.figures import translation_scores
from tfgan_zoo.metrics.lpips import open_lpips
from tfgan_zoo.metrics.registry import BY_NETWORK, TARGETS
from tfgan_zoo.metrics.sliced_wasserstein import sliced_wasserstein
from tfgan_zoo.metrics.ssim import SIDE as SSIM_SIDE
from tfgan_zoo.models import Classifier, ImageToImage
from tfgan_zoo.progress import counted
from tfgan_zoo.tasks.base import SHEET, Score, Task, caching_of, held_out_split, metrics_of_pairs
from tfgan_zoo.tasks.classification import ClassificationTask
from tfgan_zoo.tasks.comparison import (
    EvaluationTask,
    Subset,
    choose,
    image_batches,
    reference,
)
from tfgan_zoo.tasks.distribution_scores import DistributionScores
from tfgan_zoo.tasks.requests import Request


class TranslationTask(Task):
    """Images of two domains, in pairs or not."""

    data_entries: tuple[str, ...] = ("layout", "direction", "load_size")
    translates = True
    use = "translates images; use tfgan_zoo.translate"

    def __init__(self, config: ConfigDict, model: ImageToImage, like: Task | None = None):
        super().__init__(config, model, like)
        data = config.data
        if data.fit != "resize":
            raise InputError("data.fit: expected 'resize' for a model that translates.")
        shorter = min(model.image_shape[:2])
        if data.load_size is not None and data.load_size < shorter:
            raise InputError(
                f"data.load_size: expected at least the model's {shorter} pixels, got "
                f"{data.load_size}."
            )
        if getattr(model, "classifier", None) is not None:
            _check_is_trained(config)
        self.domains = self.opened(config, data.source, data.split, data.data_dir)
        for domain in self.domains[:2]:
            self.check_batch(domain.spec, len(domain))
        self._pipeline(self.domains, 0, cache=False)
        self.distributions = DistributionScores(config)
        self.by_network: dict[str, PairMetric] = {}
        settings = config.evaluate
        if "lpips" in settings.metrics and model.pairs:
            lpips = open_lpips(
                settings.get("lpips_backbone"), settings.get("lpips_heads"), "evaluate."
            )
            lpips.check_sides("model_args.image_shape", *model.image_shape[:2])
            self.by_network["lpips"] = lpips.of_pair
        self.held_out = self.domains
        if config.evaluate.split is not None:
            with held_out_split(config):
                self.held_out = self.opened(
                    config, data.source, config.evaluate.split, data.data_dir
                )

    @functools.cached_property
    def held_out_images(self) -> tuple[np.ndarray, np.ndarray]:
        """The first images of both domains, which sheets and scores use."""
        config, model = self.config, self.model
        return load_pairs(
            self.held if self.held_out is self.domains else self.held_out,
            max(config.train.samples, config.evaluate.samples),
            image_size=model.image_shape[:2],
            channels=(model.shape_a[-1], model.shape_b[-1]),
            crop=config.data.crop,
        )

    @property
    def a(self) -> np.ndarray:
        """The held-out images of domain a."""
        return self.held_out_images[0]

    @property
    def b(self) -> np.ndarray:
        """The held-out images of domain b; without pairs there may be more or fewer of them."""
        return self.held_out_images[1]

    @property
    def shown_images(self) -> tuple[np.ndarray, np.ndarray]:
        """The images of both domains that a sheet shows, row by row.

        Without pairs those of b are in an order of their own: where both domains show the same
        things in the same order, rows would look like pairs.
        """
        num, b = self.config.train.samples, self.b
        if not self.model.pairs:
            b = b[np.random.default_rng(0).permutation(len(b))[:num]]
        return self.a[:num], b[:num]

    @functools.cached_property
    def held(self) -> Domains:
        """The training domains; domains to be cached are decoded once."""
        return load_domains(self.domains, *self.holding())

    def holding(self) -> tuple[Any, ...]:
        """Returns how the training domains are held, the arguments of `load_domains`."""
        data, model = self.config.data, self.model
        size = model.image_shape[:2]
        return (
            size if data.load_size is None else load_size_for(data.load_size, size),
            (model.shape_a[-1], model.shape_b[-1]),
            data.crop,
            caching_of(data),
        )

    def pretraining(self) -> ConfigDict | None:
        """Returns the config of the classifier whose layer is a model's f, of domain a."""
        settings = self.config.get("pretraining", ConfigDict())
        if not settings.get("steps", 0):
            return None
        if getattr(self.model, "classifier", None) is None:
            raise InputError(
                "pretraining.steps: expected 0 without features='classifier:LAYER', whose "
                f"classifier is trained first, got {settings.steps}."
            )
        before = self.config.copy_and_resolve_references()
        with before.unlocked():
            before.model = "classifier"
            args = self.config.model_args
            before.model_args = {"image_shape": args.image_shape, "num_classes": args.num_classes}
            before.train.update(steps=settings.steps, export=False)
            before.data.batch_size = settings.batch_size
            before.data.source = _source_of_a(self.config)
            before.data.flip = False
            for entry in self.data_entries:
                del before.data[entry]
            before.evaluate.update(metrics=("held_out_accuracy",), main=None, patience=0)
            before.classifier = {"name": ""}
            if "classifier_optimizer" not in before:
                before.classifier_optimizer = {"name": ""}
            before.pretraining.steps = 0
        config_lib.check(before)
        ClassificationTask.resolve(Classifier, before, {})  # refuses other classes, or none
        return before

    def fingerprints(self) -> dict[str, Fingerprint]:
        """See `Task.fingerprints`."""
        source, found = self.config.data.source, {}
        for what, domains in (("training", self.domains), ("evaluation", self.held_out)):
            if what == "evaluation" and domains is self.domains:
                continue
            for name, domain in zip("ab", domains[:2], strict=True):
                found[f"{what} data, domain {name}"] = fingerprint(domain, source)
        return found

    def batches(self, start: int) -> tf.data.Dataset:
        """See `Task.batches`."""
        return self._pipeline(self.held, start, caching_of(self.config.data))

    def _pipeline(self, domains: Domains, start: int, cache: Any) -> tf.data.Dataset:
        data, model = self.config.data, self.model
        return (paired if model.pairs else unpaired)(
            domains,
            batch_size=data.batch_size,
            image_size=model.image_shape[:2],
            channels=(model.shape_a[-1], model.shape_b[-1]),
            load_size=data.load_size,
            crop=data.crop,
            flip=data.flip,
            seed=self.config.seed,
            start_step=start,
            cache=cache,
        )

    def prepare(self) -> None:
        """See `Task.prepare`."""
        self.held_out_images  # noqa: B018

    def describe(self) -> str:
        """See `Task.describe`."""
        a, b = self.domains.a, self.domains.b
        pairs = counted(len(a), "pair")
        num = pairs if self.model.pairs else f"{len(a):,} of a, {len(b):,} of b"
        return f"{self.config.data.source}: {num}"

    def sheet(self, model: Any) -> np.ndarray:
        """Draws rows of images.

        With pairs a row is input, translation and target; otherwise it is a, its translation and
        the way back, then the same from b. A model of one direction shows source and transferred
        image, then a target and, if it has the source's channels, what the model makes of that.
        Each column has a title.
        """
        a, b = self.shown_images
        columns = [a, pictures.to_uint8(model.translate(a))]
        titles = ["input", "translated", "target"]
        if self.model.pairs:
            columns.append(b)
        elif len(model.translators()) == 1:
            titles = ["source", "transferred", "target"]
            columns.append(b)
            if self.model.shape_a == self.model.shape_b:
                titles.append("itself")
                columns.append(pictures.to_uint8(model.translate(b)))
        else:
            titles = ["a", "a to b", "back to a", "b", "b to a", "back to b"]
            columns.append(pictures.to_uint8(model.translate(columns[-1], "b_to_a")))
            columns += [b, pictures.to_uint8(model.translate(b, "b_to_a"))]
            columns.append(pictures.to_uint8(model.translate(columns[-1])))
        return pictures.titled_rows(titles, columns, at_least=SHEET)

    def translations(self, model: Any, num: int) -> np.ndarray:
        """Returns translations of the first held-out images of a, floats in [-1, 1]."""
        return model.translate(self.a[:num])

    def known_scores(self, rehearse_on: int | None = None) -> dict[str, Score]:
        """See `Task.known_scores`.

        Without pairs one domain may have more images than the other; all of both are used.
        """
        num = min(rehearse_on or self.config.evaluate.samples, self.config.evaluate.samples)

        def swd(model: Any) -> dict[str, float]:
            a, b = self.a[:num], self.b[:num]
            there = sliced_wasserstein(self.translations(model, num), pictures.from_uint8(b))
            if len(self.model.translators()) == 1:
                return {"swd": there}
            back = sliced_wasserstein(model.translate(b, "b_to_a"), pictures.from_uint8(a))
            return {"swd": (there + back) / 2, "swd_a_to_b": there, "swd_b_to_a": back}

        known = {"swd": Score(swd, "swd", -1)}
        known |= self.distributions.known(
            min(num, *map(len, self.held_out[:2])),
            lambda: self.b[:num],
            lambda model: self.translations(model, num),
            rehearsal=rehearse_on is not None,
        )
        if self.model.pairs:
            known |= self._target_scores(num, rehearse_on is not None)
        split = self.config.evaluate.split or self.config.data.split
        # Both domains of the drawn figures have the same number of images.
        wanted = _wanted_figures(
            self.config, self.model, self.config.data.source, split, min(num, len(self.held_out.a))
        )
        if wanted:
            known["figures"] = Score(self._figures_score(wanted, num), "success", 1)
        return known

    def _target_scores(self, num: int, rehearsal: bool) -> dict[str, Score]:
        """Returns the scores against targets, which translate once for all that are asked for."""

        def scoring(names: Sequence[str]) -> Callable[[Any], dict[str, float]]:
            def score(model: Any) -> dict[str, float]:
                images = pictures.to_uint8(self.translations(model, num))
                return score_targets(names, images, self.b[:num], self.by_network)

            return score

        together = scoring([name for name in TARGETS if name in self.config.evaluate.metrics])
        return {
            name: Score(scoring([name]) if rehearsal else together, name, sign)
            for name, sign in TARGETS.items()
            if name not in BY_NETWORK or name in self.by_network
        }

    def _figures_score(
        self, wanted: Mapping[str, figures.Attributes], num: int
    ) -> Callable[[Any], dict[str, float]]:
        """Scores translations by what they show and what they should show."""

        def score(model: Any) -> dict[str, float]:
            found: dict[str, float] = {}
            success = []
            for direction in model.translators():
                given = (self.b if direction == "b_to_a" else self.a)[:num]
                images = model.translate(given, direction, batch_size=16)
                scores = translation_scores(pictures.to_uint8(images), _of(wanted, direction))
                found |= {f"{direction}_{name}": value for name, value in scores.items()}
                success.append(scores["all"])
            return {"success": float(np.mean(success)), **found}

        return score

    @classmethod
    def opened(cls, config: ConfigDict, source: str, split: str, data_dir: str | None) -> Domains:
        """Returns both domains of a source, opened by the rules of a config."""
        data = config.data
        return open_domains(
            source,
            split,
            layout=data.layout,
            direction=data.direction,
            resolution=max(config.model_args.image_shape[:2]),
            on_error=data.on_error,
            data_dir=data_dir,
            **config_lib.opening(data),
        )

    @classmethod
    def open_split(cls, config: ConfigDict, source: str, split: str) -> Domains:
        """See `Task.open_split`."""
        return cls.opened(config, source, split, config.data.data_dir)

    @classmethod
    def offline_metrics(cls, model: type[Any], config: ConfigDict, source: str) -> list[str]:
        """See `Task.offline_metrics`; of pairs, also scores against the targets."""
        if model.pairs:
            return metrics_of_pairs(config.model_args.image_shape)
        return super().offline_metrics(model, config, source)

    @classmethod
    def evaluation(cls, model: Any, config: ConfigDict, request: Request) -> EvaluationTask:
        """See `Task.evaluation`; translations of one domain are compared with the other."""
        direction, known = request.direction, model.translators()
        if direction == "a_to_b":  # A model of one direction may call it otherwise.
            direction = next(iter(known))
        if direction not in known:
            raise InputError(f"--direction: expected {' or '.join(known)}, got {direction!r}.")
        data_dir = request.data_dir or config.data.data_dir
        domains = cls.opened(config, request.source, request.split, data_dir)
        size = {"image_size": model.image_shape[:2], "crop": config.data.crop}
        sides = [
            (domain, fit_for(domain, channels=shape[-1], **size))
            for domain, shape in ((domains.a, model.shape_a), (domains.b, model.shape_b))
        ]
        (inputs, fit_in), (targets, fit_out) = sides[::-1] if direction == "b_to_a" else sides
        chosen = choose(len(inputs), request.num)
        if domains.matched:
            chosen = others = usable_indices([inputs, targets], [fit_in, fit_out], chosen)
        else:
            chosen = usable_indices([inputs], [fit_in], chosen)
            others = choose(len(targets), request.num)
            others = usable_indices([targets], [fit_out], others)
        given = Subset(inputs, chosen)

        def generated() -> Iterator[np.ndarray]:
            for images in image_batches(given, fit_in):
                yield model.translate(images, direction, batch_size=8)

        also: dict[str, Callable[[np.ndarray], Mapping[str, float]]] = {}
        notes = []
        if wanted := _wanted_figures(config, model, request.source, request.split):
            shown = _of(wanted, direction)[chosen]
            also["figures"] = lambda images: translation_scores(images, shown)
        if domains.matched:

            @functools.cache
            def wanted_images() -> np.ndarray:
                return np.concatenate(list(image_batches(Subset(targets, chosen), fit_out)))

            by_network: dict[str, PairMetric] = {}
            if "lpips" in request.metrics:
                settings = config.evaluate
                lpips = open_lpips(
                    request.lpips_backbone or settings.get("lpips_backbone"),
                    request.lpips_heads or settings.get("lpips_heads"),
                    "--",
                )
                lpips.check_sides("--metrics", *fit_out.size)
                by_network["lpips"] = lpips.of_pair
                notes.append(lpips.describe())

            def scoring(name: str) -> Callable[[np.ndarray], dict[str, float]]:
                def score(images: np.ndarray) -> dict[str, float]:
                    return {"": score_targets([name], images, wanted_images(), by_network)[name]}

                return score

            allowed = [name for name in TARGETS if name not in BY_NETWORK or name in by_network]
            also |= {name: scoring(name) for name in allowed}
            if "ssim" in request.metrics and min(fit_out.size) < SSIM_SIDE:
                raise InputError(
                    f"--metrics: ssim needs images of {SSIM_SIDE}x{SSIM_SIDE} pixels or more, and "
                    f"the model's have {'x'.join(map(str, fit_out.size))}."
                )
        compared = reference(targets, others, fit_out, request)
        what = {**compared.what, "direction": direction}
        return EvaluationTask(generated, len(given), compared._replace(what=what), also, notes)


def _check_is_trained(config: ConfigDict) -> None:
    """Raises `InputError` if nobody trains the classifier that features come from."""
    if config.get("classifier", {}).get("name"):
        raise InputError(
            "classifier.name: expected none beside features='classifier:LAYER', which are of "
            f"image_classifier, got {config.classifier.name!r}."
        )
    begun = config.train.generator_from, config.train.start_from
    if not config.get("pretraining", {}).get("steps", 0) and begun == (None, None):
        raise InputError(
            f"model_args.features={config.model_args.features}: expected a classifier that is "
            "trained, got a new one; set pretraining.steps, or give the run of one by "
            "--config.train.generator_from."
        )


def _source_of_a(config: ConfigDict) -> str:
    """Returns the source of the images of domain a alone, with their labels.

    Raises:
        InputError: If it is one source of both domains, which has no labels.
    """
    source = config.data.source
    if specs := two_specs(source):
        return specs[config.data.direction == "b_to_a"]
    raise InputError(
        "data.source: expected two sources, SOURCE|SOURCE, to train a classifier on the labels of "
        f"the first, got {source!r}; or give model_args.features of a network that is trained."
    )


def _wanted_figures(
    config: ConfigDict, model: Any, source: str, split: str, num: int | None = None
) -> dict[str, figures.Attributes]:
    """Returns what translations should show by direction; nothing unless figures can be read."""
    if two_specs(source):
        return {}
    kind, view = parse_spec(source)
    height, width, _ = model.image_shape
    readable = height == width and model.shape_a[-1] == model.shape_b[-1] == 3
    if kind != "figures" or not readable or split not in figures.SPLIT_SIZES:
        return {}
    domains = "ba" if config.data.direction == "b_to_a" else "ab"
    a, b = (figures.attributes(view, split, num, domain=domain) for domain in domains)
    return {"a_to_b": figures.in_style_of(a, b), "b_to_a": figures.in_style_of(b, a)}


def _of(wanted: Mapping[str, figures.Attributes], direction: str) -> figures.Attributes:
    return wanted["b_to_a" if direction == "b_to_a" else "a_to_b"]
