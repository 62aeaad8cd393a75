"""Game: what models with a generator and a discriminator share."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import losses, schedules
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.layers.diff_augment import diff_augment
from tfgan_zoo.models.base import ZooModel
from tfgan_zoo.models.mechanics import output_ranges


class Game(ZooModel):
    """A game between the roles "generator" and "discriminator".

    Args:
        skip_discriminator_above: Skip discriminator updates while its accuracy, averaged over about
            the last ten updates, is above this value (0.5 <= value < 1); None for never.
            `d_accuracy` and `d_idle`, the share of skipped updates, are then logged. (Of no paper;
            DCGAN's authors had it in their code.)
        **kwargs: `seed`, `ema_half_life`, `ema_ramp_up`, `name`; see `ZooModel`.
    """

    shown = "generator"
    log_names: tuple[str, ...] = ("d_loss", "g_loss")
    main_logs: tuple[str, ...] = ("d_loss", "g_loss")
    log_prefixes = {"generator": "g_", "discriminator": "d_"}
    generator_optimizer: keras.optimizers.Optimizer | None
    discriminator_optimizer: keras.optimizers.Optimizer | None
    #: Updates of the discriminator, each on fresh data, in one train step.
    discriminator_steps = 1
    #: Weight of an R1 penalty on the discriminator, applied in every n-th step n times as strong.
    r1_gamma: schedules.Setting = 0.0
    r1_every = 1
    #: Weight of the same penalty at fakes.
    r2_gamma: schedules.Setting = 0.0
    #: How the discriminator's inputs are augmented: see `Augmented`.
    diff_augment: tuple[str, ...] = ()
    #: Whether the discriminator tells real from fake, so that it can be right or wrong.
    has_accuracy = False
    #: Whether 0 lies between the scores of real and fake, so that a score's sign is a verdict.
    #: Otherwise real samples are compared with the mean fake.
    scores_have_zero = False
    #: Whether losses take the discriminator's output as it is, so that no activation may bound it.
    takes_logits = False
    #: Decay of the moving average of the discriminator's accuracy.
    accuracy_memory = 0.9

    def __init__(self, *, skip_discriminator_above: float | None = None, **kwargs):
        super().__init__(**kwargs)
        self.skip_discriminator_above = skip_discriminator_above
        if skip_discriminator_above is not None:
            check_number("skip_discriminator_above", skip_discriminator_above, least=0.5, below=1)
            self.accuracy = self.add_weight(
                name="accuracy",
                dtype="float32",
                initializer=keras.initializers.Constant(0.5),
                trainable=False,
            )

    def build_state(self) -> None:
        """Builds what depends on the networks: see `ZooModel.build_state`.

        Raises:
            InputError: If a discriminator returns probabilities, or waits while it is ahead though
                it is neither right nor wrong.
        """
        output_ranges.check_endings(self)
        if self.skip_discriminator_above is not None:
            if not self.has_accuracy:
                raise InputError(
                    f"skip_discriminator_above: expected None for {self.name!r}, which has no "
                    f"discriminator that is right or wrong, got {self.skip_discriminator_above}."
                )
            self.log_names = (*self.log_names, "d_accuracy", "d_idle")
        super().build_state()

    def compile(self, *optimizers: Any, **settings: Any) -> None:
        """Prepares the game for training.

        Args:
            *optimizers: The generator's optimizer, then the discriminator's; see
                `generator_optimizer` and `discriminator_optimizer`.
            **settings: See `Compiling.compile`. Optimizers are Keras optimizers, their names or
                their configs; None for the paper's.

        Raises:
            InputError: If there is an R1 or R2 penalty and replicas share batch statistics, or as
                `Compiling.compile` says.
        """
        for name in ("r1_gamma", "r2_gamma"):
            if getattr(self, name):
                # Second derivatives of shared statistics come out wrong, by a percent.
                self.check_not_synchronized(f"{name} above 0", "discriminator")
        super().compile(*optimizers, **settings)

    # ------------------------------------------------------------------ what a subclass declares

    @property
    def updates_per_step(self) -> dict[str, int]:
        """See `ZooModel.updates_per_step`."""
        steps = {"discriminator": self.discriminator_steps}
        return {role: steps.get(role, 1) for role in self.roles()}

    # ------------------------------------------------------------------ inside a train step

    def accuracy_logs(
        self,
        real: tf.Tensor,
        fake: tf.Tensor,
        boundary: float = 0.0,
        relative_to: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ) -> dict[str, tf.Tensor]:
        """Returns a discriminator's logs of its accuracy: see `skip_discriminator_above`.

        Args:
            real: Scores of real samples, of any shape; those above the boundary are right.
            fake: Scores of fakes; those below the boundary are right.
            boundary: The score between real and fake.
            relative_to: Returns what one side is compared with, given the other's scores; None for
                nothing.
        """
        if self.skip_discriminator_above is None:
            return {}
        if relative_to is not None:
            real, fake = real - relative_to(fake), fake - relative_to(real)
        right = [tf.cast(x, tf.float32) for x in (real > boundary, fake < boundary)]
        accuracy = tf.add_n([0.5 * tf.reduce_mean(x) for x in right])
        return {"d_accuracy": accuracy, "d_idle": tf.zeros([])}

    def apply(self, role: str, gradients: list[tf.Tensor | None], logs: Any) -> Any:
        """Applies a role's gradients, except a discriminator's that is ahead; returns its logs."""
        if role == "discriminator" and self.skip_discriminator_above is not None:
            return self._apply_unless_ahead(gradients, logs)
        return super().apply(role, gradients, logs)

    def _apply_unless_ahead(
        self, gradients: list[tf.Tensor | None], logs: dict[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        ahead = self.is_ahead(self.global_mean(logs["d_accuracy"]))
        self.apply_unless(ahead, "discriminator", gradients)
        return logs | {"d_idle": tf.cast(ahead, tf.float32)}

    def is_ahead(self, accuracy: tf.Tensor) -> tf.Tensor:
        """Notes the discriminator's accuracy on a batch, and returns whether it skips its update.

        Args:
            accuracy: Over all replicas.
        """
        keep = self.accuracy_memory
        self.accuracy.assign(keep * self.accuracy.value + (1 - keep) * accuracy)
        return self.accuracy.value > self.skip_discriminator_above

    def apply_unless(self, rests: tf.Tensor, role: str, gradients: list[tf.Tensor | None]) -> None:
        """Applies a role's gradients unless it rests in this step, for use in `apply`.

        Args:
            rests: Whether it does, a scalar that is the same on all replicas.
            role: A key of `roles`.
            gradients: One for each of `role_variables`.
        """
        apply = super().apply
        replica = tf.distribute.get_replica_context()

        def across_replicas(strategy, rests, gradients):
            # A branch that gathers gradients must be taken by all replicas at once.
            tf.cond(
                strategy.experimental_local_results(rests)[0],
                lambda: None,
                lambda: strategy.extended.call_for_each_replica(apply_role, args=(gradients,)),
            )

        def apply_role(gradients):
            apply(role, gradients, None)

        if replica is None or replica.num_replicas_in_sync == 1:
            tf.cond(rests, lambda: None, lambda: apply_role(gradients))
        else:
            replica.merge_call(across_replicas, args=(rests, gradients))

    def augment(self, images: tf.Tensor, purpose: str, training: bool = True) -> tf.Tensor:
        """Augments images if asked for; within a step, the same way for the same purpose."""
        if not (self.diff_augment and training):
            return images
        return diff_augment(images, self.diff_augment, self.key(f"augment {purpose}"))

    def weighted_r1(
        self,
        logits: Callable[[tf.Tensor], tf.Tensor],
        images: tf.Tensor,
        training: bool,
        gamma: schedules.Setting | None = None,
    ) -> tf.Tensor:
        """Returns the weighted R1 penalty of `logits` at images, or zero if it is not due.

        Args:
            logits: From images to their scores.
            images: Where: real images, or fakes for R2.
            training: Whether the discriminator trains.
            gamma: The weight; None for `r1_gamma`.
        """
        gamma = self.r1_gamma if gamma is None else gamma
        if not gamma or not training:
            return tf.zeros([])
        weight = schedules.value_at(gamma, self.step.value)

        def penalty() -> tf.Tensor:
            return weight * self.r1_every * losses.r1_penalty(logits, images)

        if self.r1_every == 1:
            return penalty()
        due = tf.equal(self.step.value % self.r1_every, 0)
        if self.jit_updates:  # XLA fails on some second derivatives of a branch.
            return tf.where(due, penalty(), 0.0)
        return tf.cond(due, penalty, lambda: tf.zeros([]))


def check_r1(gamma: Any, every: int) -> tuple[schedules.Setting, int]:
    """Returns an R1 penalty's weight and interval, as models hold them.

    Raises:
        InputError: If one is out of range.
    """
    gamma = schedules.checked("r1_gamma", gamma, least=0)
    check_number("r1_every", every, least=1, whole=True)
    return gamma, int(every)


def generator_objective(name: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the loss of a generator, of the logits of its samples, by the game's name.

    Raises:
        InputError: If there is no such game.
    """
    if name == "minimax":
        return losses.minimax_generator
    if name == "non_saturating":
        return losses.non_saturating_generator
    raise InputError(f"objective: expected 'non_saturating' or 'minimax', got {name!r}.")


#: The name that `Game` had in earlier versions.
GANModel = Game
