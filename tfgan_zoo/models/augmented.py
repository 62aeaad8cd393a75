"""Games whose discriminator sees augmented samples: always, or with a probability that adapts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tfgan_zoo import schedules
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.layers.adaptive_augment import adaptive_augment, check_kinds
from tfgan_zoo.layers.diff_augment import check_policy
from tfgan_zoo.models.game import Game
from tfgan_zoo.samples import kind_of

#: A probability, or a function from the number of train steps to one, such as a Keras schedule.
Probability = float | Callable[[tf.Tensor], tf.Tensor]


class Augmented(Game):
    """A game that augments what the discriminator sees, real and fake.

    Either always (DiffAugment), or each sample with a probability by each kind: a fixed one, or one
    that follows a schedule or adapts to the discriminator (ADA, Karras et al. 2020,
    https://arxiv.org/abs/2006.06676). ADA's probability p begins at 0 and rises while the
    discriminator's verdicts on real samples are surer than `ada_target`, a sign that it memorises
    them, and falls otherwise. After every 4 updates of the discriminator,

        p += sign(E[sign C(x)] - ada_target) * images / ada_speed,

    within [0, 1], where `images` are the real ones of these updates. Of games whose scores have no
    zero, such as WGAN's, the sign is that of C(x) - E[C(G(z))]; that rule is not the paper's. p is
    logged as `d_augment`, E[sign C(x)] as `d_sign`.

    Args:
        diff_augment: Any of "color", "translation", "cutout": augments all samples (Zhao et al.
            2020, https://arxiv.org/abs/2006.10738).
        augment_probability: The probability of each of `ada_kinds`, or a schedule of it: a function
            of the train step, registered with Keras, such as `schedules.Cosine`. None for no such
            augmentation.
        ada_target: The E[sign C(x)] that adapts the probability of each of `ada_kinds`; the paper
            has 0.6. None for no such augmentation.
        ada_kinds: What to do with that probability, see `layers.adaptive_augment.KINDS`; "hue:0.5"
            has half the probability. Empty for flips, quarter turns, shifts, scales, stretches and
            colours.
        ada_speed: Number of images in which the probability goes from 0 to 1.
        **kwargs: See `Game`.

    Raises:
        InputError: If an argument is out of range, or two of them exclude each other.
    """

    packing: int
    #: Updates of the discriminator between changes of the probability.
    ada_interval = 4

    def __init__(
        self,
        *,
        diff_augment: Sequence[str] = (),
        augment_probability: Probability | None = None,
        ada_target: float | None = None,
        ada_kinds: Sequence[str] = (),
        ada_speed: float = 500_000,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.diff_augment = check_policy(diff_augment)
        other = callable(augment_probability) and not isinstance(
            augment_probability, schedules.Cosine
        )
        if augment_probability is not None and not other:
            augment_probability = schedules.checked(
                "augment_probability", augment_probability, least=0
            )
            ends = [
                getattr(augment_probability, end, augment_probability) for end in ("start", "end")
            ]
            if max(ends) > 1:
                raise InputError(
                    "augment_probability: expected a number from 0 to 1, or a schedule, got "
                    f"{augment_probability}."
                )
        if ada_target is not None:
            check_number("ada_target", ada_target, least=0, below=1)
        check_number("ada_speed", ada_speed, above=0)
        kinds = check_kinds(ada_kinds)
        if ada_target is not None and augment_probability is not None:
            raise InputError(
                "augment_probability: expected None beside ada_target, which adapts it, got "
                f"{augment_probability}."
            )
        adapts = "augment_probability" if ada_target is None else "ada_target"
        if self.diff_augment and not ada_target is augment_probability is None:
            raise InputError(
                f"diff_augment: expected none beside {adapts}, got {', '.join(self.diff_augment)}; "
                "give these names in ada_kinds, or leave them out."
            )
        self.augment_probability = augment_probability
        self.ada_target = ada_target
        self.ada_kinds = kinds if ada_kinds else ()
        self.ada_speed = float(ada_speed)
        self._augmentations = kinds
        if ada_target is not None:
            self.probability, self._signs, self._sign_updates, self._sign_images = (
                self.add_weight(name=name, dtype="float32", initializer="zeros", trainable=False)
                for name in ("augment_probability", "ada_signs", "ada_updates", "ada_images")
            )

    def check_augmentation(self) -> None:
        """Checks that samples can be augmented.

        Raises:
            InputError: If they are not images.
        """
        kind = kind_of(self.image_shape)
        for name in ("diff_augment", "augment_probability", "ada_target"):
            if getattr(self, name) not in (None, ()) and not kind.is_drawn:
                empty = "it empty" if name == "diff_augment" else "it out"
                raise InputError(f"{name}: expected image data, got {kind.name}; leave {empty}.")

    def build_state(self) -> None:
        """See `Game.build_state`."""
        if self._has_probability:
            self.log_names = (*self.log_names, "d_augment")
        if self.ada_target is not None:
            self.log_names = (*self.log_names, "d_sign")
            self.uses_global_means |= not self.scores_have_zero
        super().build_state()

    # ------------------------------------------------------------------ inside a train step

    @property
    def _has_probability(self) -> bool:
        return self.ada_target is not None or self.augment_probability is not None

    def current_probability(self) -> tf.Tensor:
        """Returns the probability of augmentation in this step, float32."""
        if self.ada_target is not None:
            return tf.convert_to_tensor(self.probability.value)
        value = self.augment_probability
        if callable(value):
            value = tf.clip_by_value(tf.cast(value(self.step.value), tf.float32), 0.0, 1.0)
        return tf.constant(0.0) if value is None else tf.cast(value, tf.float32)

    def augment(self, images: tf.Tensor, purpose: str, training: bool = True) -> tf.Tensor:
        """Augments images if asked for; within a step, the same way for the same purpose."""
        if not (self._has_probability and training):
            return super().augment(images, purpose, training)
        key = self.key(f"augment {purpose}")
        return adaptive_augment(images, self._augmentations, self.current_probability(), key)

    def accuracy_logs(
        self,
        real: tf.Tensor,
        fake: tf.Tensor,
        boundary: float = 0.0,
        relative_to: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ) -> dict[str, tf.Tensor]:
        """See `Game.accuracy_logs`; with `ada_target`, E[sign C(x)] too."""
        logs = super().accuracy_logs(real, fake, boundary, relative_to)
        if self.ada_target is None:
            return logs
        zero = boundary if self.scores_have_zero else self.global_mean(fake)
        return logs | {"d_sign": tf.reduce_mean(tf.sign(tf.cast(real - zero, tf.float32)))}

    def apply(self, role: str, gradients: list[tf.Tensor | None], logs: Any) -> Any:
        """See `Game.apply`; the discriminator's verdicts on real samples are counted."""
        if role == "discriminator" and self.ada_target is not None:
            if "d_sign" not in logs:
                raise InputError(
                    f"ada_target: expected None, as {type(self).__name__}.discriminator_loss does "
                    f"not log its verdicts, got {self.ada_target}; add "
                    "**self.accuracy_logs(real_scores, fake_scores) to its logs."
                )
            sign = self.global_mean(logs["d_sign"])
            known = tf.math.is_finite(sign)
            self._signs.assign_add(tf.where(known, sign, 0.0))
            self._sign_updates.assign_add(tf.cast(known, tf.float32))
        return super().apply(role, gradients, logs)

    def end_step(self, logs: Mapping[str, tf.Tensor], images: tf.Tensor) -> dict[str, tf.Tensor]:
        """See `ZooModel.end_step`; the probability changes, for the next step, when it is due."""
        if self._has_probability:
            logs = {**logs, "d_augment": self.current_probability()}
        found = super().end_step(logs, images)
        if self.ada_target is not None:
            replicas = tf.distribute.get_strategy().num_replicas_in_sync
            # A step may take more real samples than the discriminator's updates.
            share = self.discriminator_steps * self.packing / self.samples_per_step(1)
            self._adapt(share * tf.cast(tf.shape(images)[0] * replicas, tf.float32))
        return found

    def _adapt(self, images: tf.Tensor) -> None:
        images += self._sign_images.value
        updates, p = self._sign_updates.value, self.probability.value
        sign = self._signs.value / tf.maximum(updates, 1.0)
        moved = p + tf.sign(sign - self.ada_target) * images / self.ada_speed
        due = updates >= self.ada_interval
        self.probability.assign(tf.where(due, tf.clip_by_value(moved, 0.0, 1.0), p))
        for sum_, value in (
            (self._signs, self._signs.value),
            (self._sign_updates, updates),
            (self._sign_images, images),
        ):
            sum_.assign(tf.where(due, 0.0, value))

    def log(
        self, logs: Mapping[str, tf.Tensor], weight: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """See `ZooModel.log`; the probability is added in tests too."""
        if self._has_probability and "d_augment" not in logs:
            logs = {**logs, "d_augment": self.current_probability()}
        return super().log(logs, weight)
