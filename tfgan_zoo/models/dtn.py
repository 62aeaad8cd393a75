"""Domain Transfer Network."""

import itertools
import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import losses, networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.base import ZooModel
from tfgan_zoo.models.classifier import Classifier, required_num_classes
from tfgan_zoo.models.image_to_image import ImageToImage, check_weights, domain_shapes
from tfgan_zoo.models.mechanics.frozen import Frozen, check_features_file
from tfgan_zoo.models.mechanics.network_checks import check_networks, check_shape
from tfgan_zoo.networks.features import (
    check_features,
    feature_shape,
    features_of_classifier,
    features_of_model,
    made_for,
)

#: What D tells apart: G of a source image, G of a target image, and a target image.
FROM_SOURCE, FROM_TARGET, TARGET = range(3)


@keras.saving.register_keras_serializable("tfgan_zoo")
class DTN(ImageToImage):
    """Domain transfer without pairs. Taigman et al. 2016, https://arxiv.org/abs/1611.02200.

    G = g(f(x)): f is a frozen network, and only g is trained. An image of the source domain s gets
    the looks of the target domain t, and keeps what f sees. A discriminator D tells three classes
    apart, of which D_i is the probability:

        L_D = -E_s[log D_1(G(s))] - E_t[log D_2(G(t))] - E_t[log D_3(t)],
        L_G = L_GANG + alpha L_CONST + beta L_TID + gamma L_TV,
        L_GANG = -E_s[log D_3(G(s))] - E_t[log D_3(G(t))],
        L_CONST = E_s |f(s) - f(G(s))|^2,  L_TID = E_t |t - G(t)|^2.

    L_TV is `losses.total_variation` with beta 1. Squares are means over values. f computes as at
    inference everywhere; the gradient of L_CONST passes through f(G(s)) to g.

    The authors published no code to depart from. What `dtn_generator` and `dtn_discriminator`
    choose is said there. A generator with batch normalisation sees f(s) and f(t) as one batch, so
    that its moving averages fit both. A port that is often copied (yunjey's) has a D of two
    classes, trains f by L_CONST and normalises within f by batches.

    As in the paper, f can be a classifier that learns the labels of the source first: a
    `Classifier`, of which `features="classifier:conv4"` names a layer. `start_from` takes it over,
    as runs with `pretraining` do, and it is saved with the model.

    A training batch is `(s, t)` or `{"a": s, "b": t}`: two batches of images, uint8 or floats in
    [-1, 1], of as many images each.

    Args:
        image_shape: (height, width, channels) of the source domain.
        channels_b: Channels of the target domain; None for the same.
        generator: g, from f's features to images; None for `dtn_generator`.
        discriminator: From images to three logits `[B, 3]`; None for `dtn_discriminator`.
        features: f: a network and one of its layers, such as "figures_v1:conv4", see
            `networks.features`; it is loaded at once and not saved with the model. Or a Keras model
            from images in [-1, 1] to features, which is saved with the model. Or
            "classifier:LAYER", a layer of `classifier`.
        features_file: File of VGG19's weights, if `features` are its; None to download them.
        classifier: With features="classifier:LAYER", from source images to logits of
            `num_classes`; None for `image_classifier`.
        num_classes: Number of classes of the source that the classifier knows.
        const_weight: The weight alpha.
        identity_weight: The weight beta.
        tv_weight: The weight gamma.
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `Game`.

    Raises:
        InputError: If an argument is out of range, a network's shapes do not fit, f does not take
            images of both domains, or the generator trains a part of f.

    Example:
        >>> model = tfgan_zoo.DTN((32, 32, 3), features="figures_v1:conv4")
        >>> model.compile()
        >>> model.fit(dataset, epochs=10)  # of (source, target), unpaired
        >>> transferred = model.translate(photos)
    """

    pairs = False
    has_accuracy = True
    log_names: tuple[str, ...] = ("d_loss", "g_loss", "g_gan", "g_const", "g_tid")
    #: The paper does not name its optimizer; this is DCGAN's.
    paper_optimizer = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5, "epsilon": 1e-8}
    _phi: Callable[[], keras.Model]

    def __init__(
        self,
        image_shape: Sequence[int] = (32, 32, 3),
        channels_b: int | None = None,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        features: str | keras.Model = "figures_v1:conv4",
        features_file: str | os.PathLike | None = None,
        classifier: keras.Model | None = None,
        num_classes: int | None = None,
        const_weight: float = 15.0,
        identity_weight: float = 15.0,
        tv_weight: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.set_shapes(image_shape, channels_b)
        check_weights(
            const_weight=const_weight, identity_weight=identity_weight, tv_weight=tv_weight
        )
        self.const_weight = float(const_weight)
        self.identity_weight = float(identity_weight)
        self.tv_weight = float(tv_weight)
        if self.tv_weight:
            self.log_names = (*self.log_names, "g_tv")
        self.features = features
        self.features_file = check_features_file(features_file, features)
        a, b = self.shape_a, self.shape_b
        self.num_classes = num_classes
        self.classifier = _classifier_of(features, a, classifier, num_classes)
        code = _code_shape(features, a, b, self.classifier)
        if generator is None:
            generator = networks.dtn_generator(code, b)
        if discriminator is None:
            discriminator = networks.dtn_discriminator(b)
        self.generator, self.discriminator = generator, discriminator
        check_networks(generator=generator, discriminator=discriminator)
        check_shape("generator", "input", generator.input_shape, code)
        made = generator.compute_output_shape((None, *code))
        check_shape("generator", "output", made, b)
        check_shape("discriminator", "input", discriminator.input_shape, b)
        check_shape("discriminator", "output", discriminator.output_shape, (3,))
        phi = features
        if self.classifier is not None:
            self.classifier.trainable = False
            phi = features_of_classifier(self.classifier, _layer(features))
        elif isinstance(phi, str):
            phi = networks.feature_network(phi, weights=features_file or "imagenet")
        _check_apart(phi, generator)
        # Keras would track and save it as an attribute.
        self._phi = lambda: phi

    @classmethod
    def network_names(cls, **arguments: Any) -> tuple[str, ...]:
        """See `ZooModel.network_names`: without f, whose features decide about shapes."""
        return ("generator", "discriminator", "classifier")

    @classmethod
    def network_arguments(cls, **arguments: Any) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """See `ZooModel.network_arguments`."""
        a, b = domain_shapes(arguments["image_shape"], arguments["channels_b"])
        features = arguments["features"]
        classifier = _classifier_of(
            features, a, arguments.get("classifier"), arguments.get("num_classes")
        )
        code = _code_shape(features, a, b, classifier)
        return {"generator": ("generator", (code, b)), "discriminator": ("discriminator", (b,))}

    def roles(self) -> dict[str, list[keras.Model]]:
        """Returns the networks of each role."""
        return {"generator": [self.generator], "discriminator": [self.discriminator]}

    def frozen_networks(self) -> dict[str, Frozen]:
        """See `ZooModel.frozen_networks`: f, which is loaded already."""
        own = isinstance(self.features, keras.Model) or self.classifier is not None
        return {"features": Frozen(self._phi, saved=own)}

    def training_warnings(self, batch_size: int) -> list[str]:
        """See `ZooModel.training_warnings`: whether the classifier has its initial weights.

        Args:
            batch_size: Unused.
        """
        if self.classifier is None or not _is_initial(self.classifier):
            return []
        return [
            f"classifier: expected a trained one, of which {self.features!r} is a layer, got "
            "initial weights, whose features keep nothing in particular; call start_from with a "
            "Classifier."
        ]

    def start_from(self, other: ZooModel) -> None:
        """Takes over a `Classifier` as f, or all that another DTN transfers with.

        Raises:
            InputError: If f is another network, which g has not learned to decode.
            ValueError: If they are other networks.
        """
        if isinstance(other, Classifier):
            if self.classifier is None:
                raise InputError(
                    f"features: expected 'classifier:LAYER' to start from a classifier, got "
                    f"{self.features!r}."
                )
            self._take_frozen("classifier", other.sampling_network(other.classifier))
            return
        theirs = getattr(other, "classifier", None)
        if self.classifier is not None and theirs is None:
            raise InputError(
                f"features: expected a model with a classifier to start from, whose layer is "
                f"{self.features!r}, got a {type(other).__name__} without one."
            )
        if isinstance(other, DTN):
            self._check_same_features(other)
        super().start_from(other)
        if self.classifier is not None:
            self._take_frozen("classifier", theirs)
        elif isinstance(other, DTN) and isinstance(self.features, keras.Model):
            self._take_frozen("features", other.features)

    def _check_same_features(self, other: "DTN") -> None:
        """Raises `InputError` unless f is, or will be, that of another DTN."""
        mine, theirs = self.features, other.features
        if isinstance(mine, str) and isinstance(theirs, str):
            if mine == theirs:
                return
            # The same weights in another place.
            layer, there = (name.rpartition(":")[2] for name in (mine, theirs))
            weights = self._phi().get_weights(), other._phi().get_weights()
            if layer == there and _equal(*weights):
                return
        elif isinstance(mine, keras.Model) and isinstance(theirs, keras.Model):
            return
        mine, theirs = (x if isinstance(x, str) else f"the model {x.name}" for x in (mine, theirs))
        raise InputError(
            f"features: expected {theirs!r}, which the generator to start from decodes, got "
            f"{mine!r}."
        )

    def _take_frozen(self, argument: str, network: keras.Model) -> None:
        mine = getattr(self, argument)
        for here, there in itertools.zip_longest(mine.weights, network.weights):
            if here is None or there is None or here.shape != there.shape:
                weight = mine.weights[-1] if here is None else here
                got = "without it" if there is None else f"where it has {tuple(there.shape)}"
                advice = "; that of a run is image_classifier with the default number of filters"
                raise InputError(
                    f"{argument}: expected one with the layers of this model's, of which "
                    f"{weight.path} has the shape {tuple(weight.shape)}, got one {got}"
                    f"{advice if argument == 'classifier' else ''}."
                )
        mine.set_weights(network.get_weights())

    def translators(self) -> dict[str, keras.Model]:
        """Returns g, which takes f's features of an image."""
        return {"source_to_target": self.generator}

    def as_translator(self, network: keras.Model) -> Any:
        """See `ImageToImage.as_translator`: g after f."""
        return _Composed(self._phi(), network, self._made_for())

    def _made_for(self) -> tuple[int | None, int | None, int]:
        """Returns the (height, width, channels) of images; g makes one size alone from vectors."""
        height, width, channels = made_for(self._phi())
        if self._has_vectors:
            height, width = self.shape_a[:2]
        return height, width, channels

    @property
    def _has_vectors(self) -> bool:
        return len(self._phi().output_shape) == 2

    def network_input(self, images: tf.Tensor) -> tf.Tensor:
        """Returns f(x), from which g makes an image."""
        if self._has_vectors:
            # A global pooling would take any size, of which g would not make images.
            images = tf.ensure_shape(images, (None, *self.shape_a[:2], None))
        return self.run(self.frozen("features"), images, training=False)

    def translate(
        self, images: np.ndarray, direction: str | None = None, *, batch_size: int = 1
    ) -> np.ndarray:
        """Transfers images; see `ImageToImage.translate`.

        Args:
            images: Images `[num, H, W, C]` of the source, uint8 or floats in [-1, 1]. If f has
                vectors as features, they are at most as large as in training.
            direction: "source_to_target" or None.
            batch_size: Number of images at a time.

        Returns:
            float32 `[num, H, W, C]` of the target, in [-1, 1].

        Raises:
            InputError: If the direction is unknown, or the images have another shape or type.
        """
        images = self.checked_images(images, shape=(None, None, self.shape_a[-1]))
        most = self._made_for()[:2]
        shape = tuple(np.shape(images)[1:3])
        if any(n is not None and side > n for side, n in zip(shape, most, strict=False)):
            raise InputError(
                f"images: expected at most {'x'.join(map(str, most))} pixels, the size that "
                f"features={self.features!r} are computed from, got {'x'.join(map(str, shape))}; "
                "resize them."
            )
        return super().translate(images, direction, batch_size=batch_size)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step of the discriminator, then one of g on the same translations of both domains."""
        a, b = self.pair(data)
        of_a, of_b = self.network_input(a), self.network_input(b)
        fakes = self.record(self.run, self.generator, tf.concat([of_a, of_b], axis=0), True)
        d_logs = self.update("discriminator", self.discriminator_loss, b, fakes.value)
        g_logs = self.update("generator", self.generator_loss, of_a, b, fakes)
        return self.end_step(d_logs | g_logs, a)

    def discriminator_loss(self, b: tf.Tensor, fakes: tf.Tensor, training: bool = True):
        """-E[log D_1(G(s))] - E[log D_2(G(t))] - E[log D_3(t)].

        Args:
            b: t.
            fakes: G(s), then G(t).
            training: Whether D trains.
        """
        scores = self.scores(fakes, training)
        from_a, from_b = scores[: -tf.shape(b)[0]], scores[-tf.shape(b)[0] :]
        real = self.scores(b, training)
        loss = (
            _cross_entropy(FROM_SOURCE, from_a)
            + _cross_entropy(FROM_TARGET, from_b)
            + _cross_entropy(TARGET, real)
        )
        wrong = tf.concat([-_lead(FROM_SOURCE, from_a), -_lead(FROM_TARGET, from_b)], axis=0)
        return loss, {"d_loss": loss, **self.accuracy_logs(_lead(TARGET, real), wrong)}

    def d_loss_bounds(self) -> tuple[float, float]:
        """See `ZooModel.d_loss_bounds`."""
        return 0.0, 3 * math.log(3)

    def generator_loss(
        self, of_a: tf.Tensor, b: tf.Tensor, fakes: tf.Tensor, training: bool = True
    ):
        """L_GANG + alpha L_CONST + beta L_TID + gamma L_TV.

        Args:
            of_a: f(s).
            b: t.
            fakes: G(s), then G(t).
            training: Whether g trains.
        """
        fake_a, fake_b = fakes[: -tf.shape(b)[0]], fakes[-tf.shape(b)[0] :]
        scores = self.scores(fakes, training)
        gan = sum(
            _cross_entropy(TARGET, each)
            for each in (scores[: -tf.shape(b)[0]], scores[-tf.shape(b)[0] :])
        )
        const = losses.mse(self.network_input(fake_a), of_a)
        tid = losses.mse(fake_b, b)
        loss = gan + self.const_weight * const + self.identity_weight * tid
        logs = {"g_gan": gan, "g_const": const, "g_tid": tid}
        if self.tv_weight:
            logs["g_tv"] = losses.total_variation(fake_a, beta=1.0)
            loss += self.tv_weight * logs["g_tv"]
        return loss, {"g_loss": loss, **logs}

    def scores(self, images: tf.Tensor, training: bool) -> tf.Tensor:
        """Returns D's logits of the three classes."""
        return self.run(self.discriminator, images, training)

    def test_losses(self, a: tf.Tensor, b: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `ImageToImage.test_losses`."""
        of_a, of_b = self.network_input(a), self.network_input(b)
        fakes = self.run(self.generator, tf.concat([of_a, of_b], axis=0), training=False)
        _, d_logs = self.discriminator_loss(b, fakes, training=False)
        _, g_logs = self.generator_loss(of_a, b, fakes, training=False)
        return d_logs | g_logs


def _cross_entropy(label: int, logits: tf.Tensor) -> tf.Tensor:
    return losses.class_cross_entropy(tf.fill(tf.shape(logits)[:1], label), logits)


def _lead(label: int, logits: tf.Tensor) -> tf.Tensor:
    """Returns by how much a class leads the others; below 0 if it does not."""
    others = [logits[:, i] for i in range(3) if i != label]
    return logits[:, label] - tf.maximum(*others)


def _is_initial(network: keras.Model) -> bool:
    """Returns whether nothing has moved a network's biases and statistics from 0 and 1."""
    vectors = [w.numpy() for w in network.weights if len(w.shape) == 1 and "float" in w.dtype]
    return bool(vectors) and all(np.all(v == 0) or np.all(v == 1) for v in vectors)


def _equal(weights: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return len(weights) == len(others) and all(map(np.array_equal, weights, others))


def _layer(features: Any) -> str:
    """Returns the layer of "classifier:LAYER"; empty for other features."""
    chosen, _, layer = features.partition(":") if isinstance(features, str) else ("", "", "")
    return layer if chosen == "classifier" else ""


def _classifier_of(
    features: Any, shape: tuple[int, ...], given: keras.Model | None, num_classes: int | None
) -> keras.Model | None:
    """Returns the classifier that features name a layer of; None for other features.

    Raises:
        InputError: If an argument is missing, or for other features.
    """
    if not _layer(features):
        if given is None and num_classes is None:
            return None
        argument = "num_classes" if given is None else "classifier"
        raise InputError(
            f"{argument}: expected None unless features='classifier:LAYER', got features="
            f"{features!r}."
        )
    if num_classes is None:
        raise InputError(
            "num_classes: expected the number of classes of the source with features="
            f"{features!r}, got None."
        )
    num = required_num_classes(num_classes)
    if given is None:
        return networks.image_classifier(shape, num)
    check_networks(classifier=given)
    check_shape("classifier", "input", given.input_shape, shape)
    check_shape("classifier", "output", given.output_shape, (num,))
    return given


def _code_shape(
    features: Any, a: tuple[int, ...], b: tuple[int, ...], classifier: keras.Model | None
) -> tuple[int, ...]:
    """Returns the shape of f's features, after checking that f takes images of both domains."""
    if classifier is not None:
        network = features_of_classifier(classifier, _layer(features))
        for shape in (a, b):
            code = network.compute_output_shape((None, *shape))[1:]
        return tuple(code)
    if isinstance(features, keras.Model):
        network = features_of_model(features)
        for domain, shape in (("source", a), ("target", b)):
            check_shape(f"features, {domain} domain", "input", network.input_shape, shape)
        return tuple(network.compute_output_shape((None, *a))[1:])
    check_features(features, a)
    check_features(features, b)
    return feature_shape(features, a)


def _check_apart(phi: keras.Model, generator: keras.Model) -> None:
    trained = {id(variable) for variable in generator.variables}
    for layer in phi.layers:
        if any(id(variable) in trained for variable in layer.variables):
            raise InputError(
                f"features: expected a frozen network, got one whose layer {layer.name!r} is the "
                "generator's too, which trains it; give a copy of that network."
            )


class _Composed:
    """g(f(x)), as far as sizes are concerned: see `size_multiple`."""

    def __init__(
        self, phi: keras.Model, generator: keras.Model, image: tuple[int | None, int | None, int]
    ):
        self.phi, self.generator, self.name = phi, generator, generator.name
        self.input_shape = (None, *image)

    def compute_output_shape(self, shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return self.generator.compute_output_shape(self.phi.compute_output_shape(shape))
