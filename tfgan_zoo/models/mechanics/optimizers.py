"""Updates of Keras' optimizers in one operation per variable.

Epsilon means something else in papers whose code is in PyTorch. The kernels here follow Keras:

- Adam adds epsilon before the correction of bias, w -= rate c m / (sqrt(v) + epsilon) with
  c = sqrt(1 - beta2^t) / (1 - beta1^t), as TensorFlow and Torch do too. PyTorch adds it after, and
  epsilon / sqrt(1 - beta2^t) has the same effect there: with beta2 0.999, Keras' 1e-8 acts like
  PyTorch's 3.2e-7 in the first step, and like its 1e-8 after some thousands.
- RMSprop adds epsilon under the root, w -= rate g / sqrt(v + epsilon). PyTorch adds it to the root,
  so that Keras' 1e-8 acts, on gradients near 0, like PyTorch's 1e-4, and Keras' 1e-16 like
  PyTorch's 1e-8.

Either matters only to weights whose gradients are about that small.
"""

import weakref
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from tfgan_zoo import keras_internals
from tfgan_zoo.schedules import ScheduledAdam


def apply_gradients(
    optimizer: keras.optimizers.Optimizer,
    gradients: Sequence[tf.Tensor | None],
    variables: Sequence[keras.Variable],
) -> None:
    """Does what `optimizer.apply` does, faster where TensorFlow has a kernel for it.

    Keras updates each variable by about a dozen small operations, which can take longer than a
    small network's gradients. For Adam, SGD and RMSprop without further options, TensorFlow's
    kernels update the optimizer's own variables, with the same result except for rounding. Keras
    does the rest: AMSGrad, weight decay, clipping, averaging, accumulation, loss scaling,
    constraints, types other than float32, sparse or missing gradients, optimizers whose slots are
    not where `keras_internals` expects them; and on several replicas RMSprop without momentum.

    Args:
        optimizer: An optimizer built with `variables`.
        gradients: Gradients of this replica; they are summed over all replicas.
        variables: One variable per gradient.

    Example:
        >>> weight = keras.Variable([1.0, 2.0])
        >>> sgd = keras.optimizers.SGD(0.1)
        >>> sgd.build([weight])
        >>> apply_gradients(sgd, [tf.constant([1.0, 1.0])], [weight])
        >>> weight.numpy().round(2).tolist()
        [0.9, 1.9]
    """
    kernel = _KERNELS.get(type(optimizer))
    slots = keras_internals.slots_of(optimizer)
    replica = tf.distribute.get_replica_context()
    covered = slots is not None and _is_plain(optimizer) and _fit(gradients, variables)
    if kernel is None or replica is None or not covered:
        optimizer.apply(gradients, variables)
        return
    if replica.num_replicas_in_sync > 1:
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients))
    rate = tf.cast(optimizer.learning_rate, tf.float32)
    kernel(optimizer, slots, rate, gradients, variables)
    optimizer.iterations.assign_add(1)


def prepare(optimizer: keras.optimizers.Optimizer) -> None:
    """Creates variables that the kernels need besides the optimizer's own.

    The kernel of RMSprop writes a momentum even if that is 0. Without this call, Keras does its
    updates.

    Args:
        optimizer: A built optimizer.
    """
    rmsprop = type(optimizer) is keras.optimizers.RMSprop and not optimizer.momentum
    slots = keras_internals.slots_of(optimizer) if rmsprop else None
    if slots is not None and not tf.distribute.has_strategy():
        _SCRATCH[optimizer] = [tf.Variable(tf.zeros(v.shape)) for v in slots["velocities"]]


def unknown_to(
    optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable]
) -> list[keras.Variable]:
    """Returns the variables that an optimizer was not built with.

    Example:
        >>> weight, other = keras.Variable([1.0]), keras.Variable([2.0])
        >>> sgd = keras.optimizers.SGD(0.1)
        >>> sgd.build([weight])
        >>> unknown_to(sgd, [weight]), unknown_to(sgd, [weight, other]) == [other]
        ([], True)
    """
    return [v for v in variables if not keras_internals.is_built_with(optimizer, v)]


def _is_plain(optimizer: keras.optimizers.Optimizer) -> bool:
    """Returns whether an optimizer has no options besides its rule."""
    if any(getattr(optimizer, name, None) for name in _EXTRAS):
        return False
    if isinstance(optimizer, keras.optimizers.Adam):
        return not optimizer.amsgrad
    if isinstance(optimizer, keras.optimizers.RMSprop):
        return optimizer.momentum > 0 or optimizer in _SCRATCH
    return True


def _fit(gradients: Sequence[tf.Tensor | None], variables: Sequence[keras.Variable]) -> bool:
    return all(
        isinstance(gradient, tf.Tensor)
        and gradient.dtype == tf.float32
        and variable.dtype == "float32"
        and variable.constraint is None
        and not variable.overwrite_with_gradient
        for gradient, variable in zip(gradients, variables, strict=True)
    )


def _handle(variable: keras.Variable) -> tf.Tensor:
    return variable.value.handle  # This replica's, if the variable is mirrored.


def _adam(optimizer, slots, rate, gradients, variables) -> None:
    step = tf.cast(optimizer.iterations.value + 1, tf.float32)
    betas = optimizer.beta_1, optimizer.beta_2
    powers = tf.pow(betas[0], step), tf.pow(betas[1], step)
    for gradient, variable in zip(gradients, variables, strict=True):
        index = keras_internals.slot_index(optimizer, variable)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(slots["momentums"][index]),
            v=_handle(slots["velocities"][index]),
            beta1_power=powers[0],
            beta2_power=powers[1],
            lr=rate,
            beta1=betas[0],
            beta2=betas[1],
            epsilon=optimizer.epsilon,
            grad=gradient,
        )


def _sgd(optimizer, slots, rate, gradients, variables) -> None:
    for gradient, variable in zip(gradients, variables, strict=True):
        if not optimizer.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(
                var=_handle(variable), alpha=rate, delta=gradient
            )
            continue
        index = keras_internals.slot_index(optimizer, variable)
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=_handle(variable),
            accum=_handle(slots["momentums"][index]),
            lr=rate,
            grad=gradient,
            momentum=optimizer.momentum,
            use_nesterov=optimizer.nesterov,
        )


def _rmsprop(optimizer, slots, rate, gradients, variables) -> None:
    momentums = [m.value for m in slots["momentums"]] or _SCRATCH[optimizer]
    for gradient, variable in zip(gradients, variables, strict=True):
        index = keras_internals.slot_index(optimizer, variable)
        if not slots["momentums"]:  # A momentum of NaN would stay, even times 0.
            momentums[index].assign(gradient)
        settings = {
            "var": _handle(variable),
            "ms": _handle(slots["velocities"][index]),
            "mom": momentums[index].handle,
            "lr": rate,
            "rho": optimizer.rho,
            "momentum": optimizer.momentum,
            "epsilon": optimizer.epsilon,
            "grad": gradient,
        }
        if optimizer.centered:
            average = _handle(slots["average_gradients"][index])
            tf.raw_ops.ResourceApplyCenteredRMSProp(mg=average, **settings)
        else:
            tf.raw_ops.ResourceApplyRMSProp(**settings)


_SCRATCH: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()

_EXTRAS = (
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)

_KERNELS: dict[type, Callable] = {
    keras.optimizers.Adam: _adam,
    ScheduledAdam: _adam,
    keras.optimizers.SGD: _sgd,
    keras.optimizers.RMSprop: _rmsprop,
}
