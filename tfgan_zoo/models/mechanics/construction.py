"""What happens when a model's class is defined and when its constructor has returned."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras

from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.registration import check_name

#: Earlier names of hooks. A subclass may define and call a hook by either name.
RENAMED_HOOKS = {
    "players": "roles",
    "network_slots": "network_arguments",
    "judged": "accuracy_logs",
    "made_and_real": "samples_and_targets",
    "d_loss_range": "d_loss_bounds",
    "now": "random_phase",
    "moment": "random_phase_of",
}

#: Hooks of earlier versions that `batch_spec` replaces.
REPLACED_HOOKS = ("batch_parts", "image_parts")


class Construction(keras.Model):
    """Builds a model's state once the whole constructor has run.

    A constructor may go on after `super().__init__(...)` and need not call anything last: each
    class' `__init__` is wrapped, and the outermost one calls `build_state`.
    """

    _is_finished = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for hook in REPLACED_HOOKS:
            # Also a hook that a plain mixin brings.
            owner = next((c for c in cls.__mro__ if {hook, "batch_spec"} & vars(c).keys()), cls)
            if hook in vars(owner) and "batch_spec" not in vars(owner):
                raise InputError(
                    f"{cls.__name__}.{hook}: expected batch_spec, which replaces it, got {hook}; "
                    "return {name: tf.TensorSpec} of all parts of a batch from batch_spec()."
                )
        # Also an inherited one, which a plain mixin may bring.
        if not hasattr(cls.__init__, "builds_state"):
            cls.__init__ = _with_state(cls.__init__)  # type: ignore[method-assign]
        for earlier, name in RENAMED_HOOKS.items():
            owner = next((c for c in cls.__mro__ if {earlier, name} & vars(c).keys()), cls)
            if earlier not in vars(owner) and name in vars(owner):
                setattr(cls, earlier, vars(owner)[name])
            elif earlier in vars(owner) and name not in vars(owner):
                setattr(cls, name, vars(owner)[earlier])

    def build_state(self) -> None:
        """Builds what depends on the networks, when they are all attributes."""

    def finish_init(self) -> None:
        """Calls `build_state` unless it has been called.

        Constructors had to call it last in earlier versions, and still may.
        """
        if not self._is_finished:
            self._is_finished = True
            self.build_state()


def _with_state(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def init_and_build_state(self, *args, **kwargs):
        is_outermost = "_is_under_construction" not in vars(self)
        if is_outermost:
            check_name(type(self))
        vars(self)["_is_under_construction"] = True
        try:
            init(self, *args, **kwargs)
        finally:
            if is_outermost:
                del vars(self)["_is_under_construction"]
        if is_outermost:
            self.finish_init()

    init_and_build_state.builds_state = True  # type: ignore[attr-defined]
    # Keras reads the signature both with and without following what is wrapped.
    init_and_build_state.__signature__ = inspect.signature(init)  # type: ignore[attr-defined]
    return init_and_build_state
