"""Makes what a config names: networks, optimizers, and the model that holds them."""

import inspect
from collections.abc import Collection
from typing import Any

import keras
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.errors import InputError, check_number
from tfgan_zoo.models import MODELS, PRETRAINED, GANModel
from tfgan_zoo.models.mechanics.arguments import constructor_arguments
from tfgan_zoo.networks import NETWORKS
from tfgan_zoo.schedules import LinearDecay


def build_model(config: ConfigDict) -> GANModel:
    """Makes the config's model, compiled; its initial weights follow from the seed."""
    if config.model not in MODELS | PRETRAINED:
        raise InputError(
            f"model: there is no {config.model!r}"
            + config_lib.nearest(config.model, MODELS, f"choose from {', '.join(MODELS)}")
        )
    cls, args = (MODELS | PRETRAINED)[config.model], config.model_args.to_dict()
    defaults = model_arguments(cls)
    config_lib.check_names("model_args", args, defaults)
    keras.utils.set_random_seed(config.seed)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.train.precision)
    try:
        networks: dict[str, Any] = {
            slot: build_network(config, role, slot, *shapes)
            for slot, (role, shapes) in cls.network_slots(**(defaults | args)).items()
        }
        model = cls(**networks, seed=config.seed, name=config.model, **args)
        synchronize(config, model)
        updates = {"discriminator": getattr(model, "discriminator_steps", 1)}
        optimizers = {
            f"{role}_optimizer": build_optimizer(config, role, updates.get(role, 1))
            for role in model.players()
        }
        model.compile(
            **optimizers,
            jit_compile=config.train.jit_compile,
            rematerialize=config.train.rematerialize,
            steps_per_execution=config.train.steps_per_execution,
        )
    finally:
        keras.config.set_dtype_policy(policy)
    return model


def fitting(config: ConfigDict, given: Collection[str]) -> tuple[ConfigDict, list[str]]:
    """Drops entries that are of another network or optimizer than the one chosen instead.

    A recipe's entries beside a `name` are arguments of what it names. Where a command line names
    another one, those that this does not take have no meaning. What the command line itself sets
    stays, and is refused later if it does not fit.

    Args:
        config: of a recipe, with the overrides.
        given: the keys of the overrides, such as "text_encoder.name".

    Returns:
        The config, locked, and the keys that were dropped.
    """
    dropped = []
    config = config.copy_and_resolve_references()
    with config.unlocked():
        for group in [key.removesuffix(".name") for key in given if key.endswith(".name")]:
            known = _taken(config, group)
            if known is None:  # no such name, which is refused later
                continue
            for name in list(config[group]):
                key = f"{group}.{name}"
                if name != "name" and name not in known and key not in given:
                    del config[group][name]
                    dropped.append(key)
    config.lock()
    return config, dropped


def _taken(config: ConfigDict, group: str) -> list[str] | None:
    """Returns what a group can hold beside `name`, by its name; None if there is no such name."""
    name = config[group].name
    if not name:
        return []
    if group.endswith("_optimizer"):
        optimizer = _optimizers().get(name.lower())
        if optimizer is None:
            return None
        return [*inspect.signature(optimizer).parameters, *_DECAY]
    if name not in NETWORKS:
        return None
    taken = list(inspect.signature(NETWORKS[name]).parameters)
    # A role of the model, or of the one that it is pretrained with.
    for cls in filter(None, (MODELS.get(config.model), *PRETRAINED.values())):
        defaults = constructor_arguments(cls)
        for role, shapes in cls.network_slots(**defaults).values():
            if role == group:
                return [n for n in taken[len(shapes) :] if n != "name"]
    return taken


def synchronize(config: ConfigDict, model: GANModel) -> None:
    """Has several replicas share the statistics of a batch, unless the config says otherwise."""
    if model.distribute_strategy.num_replicas_in_sync == 1:
        return
    for role, networks in model.players().items():
        if not config.distribution.synchronized_bn or "synchronized_bn" in config.get(role, {}):
            continue
        # In the paper's networks too, which the model makes itself.
        for layer in (layer for network in networks for layer in network._flatten_layers()):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True


def model_arguments(cls: type[GANModel]) -> dict[str, Any]:
    """Returns what `model_args` can hold: the constructor's arguments but networks and seed.

    Returns:
        Their defaults, by name.
    """
    defaults = constructor_arguments(cls)
    for name in ("seed", *cls.network_slots(**defaults)):
        del defaults[name]
    return defaults


def build_network(config: ConfigDict, role: str, slot: str, *shape: Any) -> keras.Model | None:
    """Makes a network of a role; None without a name.

    Args:
        config: of the run.
        role: the group of the config that says which.
        slot: which one it is, where a role has several: the constructor's argument.
        *shape: what the network has to fit, as its function takes it.
    """
    args = config[role].to_dict()
    name = args.pop("name")
    if not name:
        config_lib.check_names(role, args, [])
        return None
    if name not in NETWORKS:
        raise InputError(
            f"{role}.name: there is no {name!r}"
            + config_lib.nearest(name, NETWORKS, f"choose from {', '.join(NETWORKS)}")
        )
    taken = list(inspect.signature(NETWORKS[name]).parameters)
    config_lib.check_names(role, args, [n for n in taken[len(shape) :] if n != "name"])
    return NETWORKS[name](*shape, name=slot, **args)


def build_optimizer(
    config: ConfigDict, role: str, updates_per_step: int = 1
) -> keras.optimizers.Optimizer | None:
    """Makes a role's optimizer; None without a name.

    Args:
        config: of the run.
        role: the group of the config that says which.
        updates_per_step: of this role: an optimizer counts its own updates, a config steps.
    """
    args = config[f"{role}_optimizer"].to_dict()
    name = args.pop("name")
    decay, start = args.pop("decay", "constant"), args.pop("decay_start", 0.0)
    halve_every = args.pop("halve_every", 1)
    decay_every, decay_factor = args.pop("decay_every", 1), args.pop("decay_factor", 1.0)
    if not name:
        config_lib.check_names(f"{role}_optimizer", args, [])
        return None
    if "learning_rate" in args:
        check_number(f"{role}_optimizer.learning_rate", args["learning_rate"], least=0)
    known = _optimizers()
    if name.lower() not in known:
        raise InputError(
            f"{role}_optimizer.name: there is no {name!r}"
            + config_lib.nearest(name.lower(), known, f"choose from {', '.join(known)}")
        )
    if decay == "linear":
        updates = config.train.steps * updates_per_step
        args["learning_rate"] = LinearDecay(args["learning_rate"], updates, int(start * updates))
    elif decay in ("halving", "staircase"):
        every, factor = (
            (halve_every, 0.5) if decay == "halving" else (decay_every, float(decay_factor))
        )
        args["learning_rate"] = keras.optimizers.schedules.ExponentialDecay(
            args["learning_rate"], every * updates_per_step, factor, staircase=True
        )
    try:
        return known[name.lower()](**args)
    except (TypeError, ValueError) as error:  # an argument that it does not take
        raise InputError(f"{role}_optimizer: {error}.") from error


#: Entries of an optimizer's group that say how its learning rate changes.
_DECAY = ("decay", "decay_start", "halve_every", "decay_every", "decay_factor")


def _optimizers() -> dict[str, Any]:
    known = {n.lower(): c for n, c in vars(keras.optimizers).items() if inspect.isclass(c)}
    known.pop("optimizer")
    return known
