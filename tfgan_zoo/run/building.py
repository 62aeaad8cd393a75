"""Makes what a config names: networks, optimizers, and the model that holds them."""

import importlib
import inspect
import re
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any

import keras
from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.attributes import Attributes
from tfgan_zoo.config.check import KNOWN_GROUPS, check_reference, named_groups
from tfgan_zoo.errors import InputError, check_number, first_line
from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.models import MODELS, PRETRAINED, ZooModel
from tfgan_zoo.models.mechanics.arguments import constructor_arguments
from tfgan_zoo.networks import NETWORKS
from tfgan_zoo.schedules import Cosine, LinearDecay, ScheduledAdam, checked
from tfgan_zoo.suggestions import nearest

# ---------------------------------------------------------------------- names


def model_class(name: str) -> type[ZooModel]:
    """Returns the class that `config.model` names.

    Args:
        name: A key of `tfgan_zoo.models.MODELS`, or "package.module:Class" for a class of an
            installed package.

    Raises:
        InputError: If there is no such class, or it is not a model of the zoo.
    """
    if ":" not in name:
        if name not in MODELS:
            advice = f"choose from {', '.join(MODELS)}"
            raise InputError(f"model: there is no {name!r}{nearest(name, MODELS, advice)}")
        return MODELS[name]
    found = imported("model", name)
    if not (inspect.isclass(found) and issubclass(found, ZooModel)):
        what = "another class" if inspect.isclass(found) else f"a {type(found).__name__}"
        raise InputError(
            f"model: expected a subclass of a model of tfgan_zoo, got {name!r}, which is {what}."
        )
    return found


def network_function(name: str, role: str) -> Callable[..., keras.Model]:
    """Returns the function that makes a network.

    Args:
        name: A key of `tfgan_zoo.networks.NETWORKS`, or "package.module:function" for a function of
            an installed package.
        role: The group of the config, for messages.

    Raises:
        InputError: If there is no such function.
    """
    entry = f"{role}.name"
    if ":" not in name:
        if name not in NETWORKS:
            advice = f"choose from {', '.join(NETWORKS)}"
            raise InputError(f"{entry}: there is no {name!r}{nearest(name, NETWORKS, advice)}")
        return NETWORKS[name]
    found = imported(entry, name)
    if not callable(found):
        what = type(found).__name__
        raise InputError(f"{entry}: expected a function, got {name!r}, which is a {what}.")
    return found


def imported(entry: str, name: str) -> Any:
    """Returns what "package.module:attribute" names.

    Args:
        entry: The entry of the config, for messages.
        name: The name.

    Raises:
        InputError: If the module cannot be imported, or has no such attribute.
    """
    check_reference(entry, name)
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module_name}.".startswith(f"{missing}."):
            raise InputError(
                f"{entry}: there is no module {missing!r}, which {name!r} needs; install its "
                "package, or add its folder to PYTHONPATH."
            ) from error
        raise InputError(
            f"{entry}: cannot import {module_name!r} of {name!r} ({first_line(error)}); fix that "
            "module."
        ) from error
    if not hasattr(module, attribute):
        known = [each for each in vars(module) if not each.startswith("_")]
        near = nearest(attribute, known, "check the spelling")
        raise InputError(f"{entry}: there is no {attribute!r} in {module_name!r}{near}")
    return getattr(module, attribute)


def short_name(name: str) -> str:
    """Returns the name of a config's model in Keras, and of its folder of exports.

    Example:
        >>> short_name("dcgan"), short_name("my_package.games:HingeGAN")
        ('dcgan', 'hinge_gan')
    """
    name = name.rpartition(":")[2]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+", "_", words).lower()


# ---------------------------------------------------------------------- the model


def build_model(config: ConfigDict, trains: bool = True) -> ZooModel:
    """Makes the config's model, compiled; its initial weights follow from the seed.

    Args:
        config: The config.
        trains: Whether the model will be trained. One that is only used may have been trained on
            other devices, and is compiled without what these do not allow: XLA on a CPU that it
            would slow down, and on several replicas all that they take in training alone.
    """
    cls, args = model_class(config.model), config.model_args.to_dict()
    defaults = model_arguments(cls)
    config_lib.check_names("model_args", args, defaults)
    if names := _class_names(config, cls):
        args = {"class_names": names} | args
    if "attributes" in cls.from_data:
        declared = Attributes.parse(config.data.get("attributes", ()), "data.attributes")
        args = {"attributes": declared.declared} | args
    networks = cls.network_arguments(**(defaults | args))
    keras.utils.set_random_seed(config.seed)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.train.precision)
    try:
        built: dict[str, Any] = {
            argument: build_network(config, group, argument, *shapes)
            for argument, (group, shapes) in networks.items()
        }
        model = cls(**built, seed=config.seed, name=short_name(config.model), **args)
        _check_groups(config, model, [group for group, _ in networks.values()])
        alone = model.distribute_strategy.num_replicas_in_sync == 1
        if trains:
            synchronize(config, model)
        optimizers: dict[str, Any] = {
            f"{role}_optimizer": build_optimizer(config, role, updates)
            for role, updates in model.updates_per_step.items()
        }
        model.compile(
            **optimizers,
            jit_compile=config.train.jit_compile
            and (trains or (alone and not model.crawls_under_xla())),
            rematerialize=config.train.rematerialize and (trains or alone),
            steps_per_execution=config.train.steps_per_execution if trains or alone else 1,
        )
    finally:
        keras.config.set_dtype_policy(policy)
    return model


def _class_names(config: ConfigDict, cls: type[ZooModel]) -> tuple[str, ...]:
    """Returns the names of the classes of a config's data that its model is told; empty if none."""
    told = config.model_args.get("num_classes") or "label" in getattr(cls, "condition", ())
    return tuple(config.data.get("class_names", ())) if told else ()


def _check_groups(config: ConfigDict, model: ZooModel, networks: Collection[str]) -> None:
    """Checks that every network and optimizer of a config belongs to the model.

    Groups of the zoo's other models are ignored: a config may serve its pretraining as well.
    """
    known = [*networks, *(f"{role}_optimizer" for role in model.roles())]
    for group in named_groups(config):
        if group not in known and group not in KNOWN_GROUPS:
            near = nearest(group, known, f"there are {', '.join(known)}")
            raise InputError(f"{group}: {type(model).__name__} has no such network or role{near}")


def fitting(config: ConfigDict, given: Collection[str]) -> tuple[ConfigDict, list[str]]:
    """Drops a recipe's arguments of networks and optimizers that an override has replaced.

    A recipe's entries beside a `name` are arguments of what it names. If the command line names
    something else, arguments that it does not take are dropped. Those that the command line sets
    stay, and are refused later if they do not fit.

    Args:
        config: A recipe's config, with the overrides.
        given: The keys of the overrides, such as "text_encoder.name".

    Returns:
        The config, locked, and the keys that were dropped.
    """
    dropped = []
    config = config.copy_and_resolve_references()
    with config.unlocked():
        for group in [key.removesuffix(".name") for key in given if key.endswith(".name")]:
            known = _taken(config, group)
            if known is None:  # refused later
                continue
            for name in list(config[group]):
                key = f"{group}.{name}"
                if name != "name" and name not in known and key not in given:
                    del config[group][name]
                    dropped.append(key)
    config.lock()
    return config, dropped


def _taken(config: ConfigDict, group: str) -> Collection[str] | None:
    """Returns the entries that a group can have beside `name`; None if the name is unknown."""
    if not config[group].name:
        return []
    try:
        return arguments(config, group)
    except InputError:
        return None


def arguments(config: ConfigDict, group: str) -> dict[str, inspect.Parameter]:
    """Returns the arguments that a group of a config can have, by name.

    Args:
        config: The config.
        group: "model_args", or a group that names a network or an optimizer.

    Raises:
        InputError: If there is no such model, network or optimizer.
    """
    if group == "model_args":
        cls = model_class(config.model)
        hints: dict[str, inspect.Parameter] = {}
        for base in reversed(cls.__mro__):
            hints |= _parameters(vars(base).get("__init__", object.__init__))
        return {
            name: _keyword(name, default, hints[name].annotation if name in hints else None)
            for name, default in model_arguments(cls).items()
        }
    name = config[group].name
    if group.endswith("_optimizer"):
        taken = _parameters(_optimizer_class(name, group))
        return taken | {entry: _keyword(entry, default) for entry, default in _DECAY.items()}
    function, cls = network_function(name, group), model_class(config.model)
    # Which a model that is told classes passes, or whose samples are packed.
    passed = {"num_classes", "packing"} & model_arguments(cls).keys()
    # A network of the model, or of the one that it is pretrained with.
    for owner in (cls, *PRETRAINED.values()):
        for role, shapes in owner.network_arguments(**constructor_arguments(owner)).values():
            if role == group:
                taken = settable_arguments(function, shapes)
                return {name: each for name, each in taken.items() if name not in passed}
    return settable_arguments(function, ())


def _keyword(name: str, default: Any, hint: Any = None) -> inspect.Parameter:
    """Returns an argument of the type of its default; of an annotation, only None counts."""
    optional = default is not None and type(None) in typing.get_args(hint)
    annotation = type(default) | None if optional else inspect.Parameter.empty
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Returns the named arguments of a function or a class, with types as annotations."""
    try:
        signature = inspect.signature(function, eval_str=True)
    except (NameError, TypeError, SyntaxError):  # an annotation that is for type checkers alone
        signature = inspect.signature(function)
    parameters = signature.parameters.items()
    return {
        n: each
        for n, each in parameters
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    }


def synchronize(config: ConfigDict, model: ZooModel) -> None:
    """Shares batch statistics between replicas, unless the config says otherwise."""
    if model.distribute_strategy.num_replicas_in_sync == 1:
        return
    for role, networks in model.roles().items():
        if not config.distribution.synchronized_bn or "synchronized_bn" in config.get(role, {}):
            continue
        # Also in the paper's networks, which the model makes itself.
        for layer in (layer for network in networks for layer in layers_of(network)):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True


def model_arguments(cls: type[ZooModel]) -> dict[str, Any]:
    """Returns the entries of `model_args` with their defaults.

    They are the constructor's arguments except networks, the seed, the names of classes and
    attributes, which the data decide, the moving average of a model that has nothing to average,
    and the classes of one that has another condition.
    """
    defaults = constructor_arguments(cls)
    left_out = ["seed", "class_names", *cls.from_data, *cls.network_names(**defaults)]
    if "label" not in (getattr(cls, "condition", ()) or ("label",)):
        left_out += ["num_classes", "fake_labels"]
    if cls.shown is None:
        left_out += ["ema_half_life", "ema_ramp_up"]
    return {name: value for name, value in defaults.items() if name not in left_out}


def filled_like(written: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the config of a run with the entries that it lacks and another one has.

    Arguments of the model get their defaults, as the model is built with these.

    Args:
        written: The config of the run, from `config.stored_config`.
        config: The other one.
    """
    defaults = default_arguments(config["model"]) if written["model"] == config["model"] else {}
    return config_lib.with_later_entries(written, config, defaults)


def default_arguments(name: str) -> dict[str, Any]:
    """Returns the `model_args` that a model is built with where its config leaves them out."""
    arguments = model_arguments(model_class(name))
    return {n: v for n, v in arguments.items() if v is not inspect.Parameter.empty}


def build_network(
    config: ConfigDict, group: str, argument: str, *shapes: Any
) -> keras.Model | None:
    """Makes a network; returns None if the config does not name one.

    Args:
        config: Of the run.
        group: The group of the config that names the network.
        argument: The constructor's argument, which becomes the network's name.
        *shapes: What the network has to fit: the first arguments of its function.

    Raises:
        InputError: If there is no such network, or it does not take an argument.
    """
    args = config.get(group, ConfigDict()).to_dict()
    name = args.pop("name", "")
    if not name:
        config_lib.check_names(group, args, [])
        return None
    function = network_function(name, group)
    _check_takes(function, shapes, group, name)
    config_lib.check_names(group, args, settable_arguments(function, shapes))
    try:
        network = function(*shapes, name=argument, **args)
    except InputError as error:
        found = re.match(r"(\w+)[^:]*: ", str(error))
        if found is None or found[1] not in args:
            raise
        entry = f"{group}.{found[1]}"
        advice = "" if "; " in str(error) else f"; set it by --config.{entry}"
        raise InputError(f"{group}.{str(error).removesuffix('.')}{advice}.") from error
    if not isinstance(network, keras.Model):
        raise InputError(
            f"{group}.name: expected {name!r} to return a keras.Model, got {network!r}."
        )
    return network


def _check_takes(
    function: Callable[..., Any], shapes: Collection[Any], group: str, name: str
) -> None:
    """Checks that a network's function takes the shapes and sizes that the model passes."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return
    taken = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(taken) < len(shapes):
        raise InputError(
            f"{group}.name: expected a function of {len(shapes)} arguments, "
            f"{', '.join(map(str, shapes))}, got {name!r}, which takes {', '.join(taken)}; the "
            "functions of conditional models take num_classes too, and discriminators packing or "
            "num_scales."
        )


def settable_arguments(
    function: Callable[..., Any], shapes: Collection[Any]
) -> dict[str, inspect.Parameter]:
    """Returns the arguments of a network's function that a config can set, by name.

    Args:
        function: The function.
        shapes: What the model passes: its first arguments.
    """
    taken = _parameters(function)
    positional = [n for n, each in taken.items() if each.kind is not each.KEYWORD_ONLY]
    left_out = {"name", *positional[: len(shapes)]}
    return {name: each for name, each in taken.items() if name not in left_out}


def build_optimizer(
    config: ConfigDict, role: str, updates_per_step: int = 1
) -> keras.optimizers.Optimizer | None:
    """Makes the optimizer of a role; returns None if the config does not name one.

    Args:
        config: Of the run.
        role: The role; its optimizer's group is `<role>_optimizer`.
        updates_per_step: Updates of the role in one step: an optimizer counts updates, a config
            steps.

    Raises:
        InputError: If there is no such optimizer, or it does not take an argument.
    """
    args = config.get(f"{role}_optimizer", ConfigDict()).to_dict()
    name = args.pop("name", "")
    decay, start = args.pop("decay", "constant"), args.pop("decay_start", 0.0)
    halve_every = args.pop("halve_every", 1)
    decay_every, decay_factor = args.pop("decay_every", 1), args.pop("decay_factor", 1.0)
    if not name:
        config_lib.check_names(f"{role}_optimizer", args, [])
        return None
    for entry in [entry for entry, value in args.items() if isinstance(value, Mapping)]:
        args[entry] = _schedule(role, name, entry, args[entry], updates_per_step)
    if not isinstance(args.get("learning_rate", 0.0), Cosine):
        check_number(f"{role}_optimizer.learning_rate", args.get("learning_rate", 0.0), least=0)
    elif decay != "constant":
        raise InputError(
            f"{role}_optimizer.decay: expected constant for a learning_rate with a schedule of its "
            f"own, got {decay!r}."
        )
    optimizer = _optimizer_class(name, f"{role}_optimizer")
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
    if isinstance(args.get("beta_2"), Cosine):
        optimizer = ScheduledAdam
    try:
        return optimizer(**args)
    except (TypeError, ValueError) as error:  # an unknown argument
        raise InputError(f"{role}_optimizer: {error}.") from error


def _schedule(
    role: str, name: str, entry: str, value: Mapping[str, Any], updates_per_step: int
) -> Cosine:
    """Returns the schedule of an optimizer's setting, over its updates.

    Raises:
        InputError: If the setting cannot have one, or it is no schedule.
    """
    can = ("learning_rate", "beta_2") if name.lower() == "adam" else ("learning_rate",)
    if entry not in can:
        raise InputError(
            f"{role}_optimizer.{entry}: expected a number, as schedules of {name} are for "
            f"{' and '.join(can)}, got {dict(value)!r}."
        )
    checked(f"{role}_optimizer.{entry}", value, least=0)
    for end in ("start", "end") if entry == "beta_2" else ():
        check_number(f"{role}_optimizer.{entry}.{end}", value[end], least=0, below=1)
    return Cosine(value["start"], value["end"], value["steps"] * updates_per_step)


#: Entries of an optimizer's group that change its learning rate over time, with an example of
#: each value.
_DECAY = {
    "decay": "constant",
    "decay_start": 0.0,
    "halve_every": 1,
    "decay_every": 1,
    "decay_factor": 1.0,
}


def _optimizer_class(name: str, group: str) -> Any:
    """Returns the class of Keras that a group of the config names.

    Raises:
        InputError: If there is no such optimizer.
    """
    known = {n.lower(): c for n, c in vars(keras.optimizers).items() if inspect.isclass(c)}
    known.pop("optimizer")
    if name.lower() not in known:
        advice = f"choose from {', '.join(known)}"
        raise InputError(
            f"{group}.name: there is no {name!r}{nearest(name.lower(), known, advice)}"
        )
    return known[name.lower()]
