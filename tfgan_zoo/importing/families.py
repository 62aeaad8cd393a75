"""The families of networks whose weights can be imported, and what is wrong with a file."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tfgan_zoo.errors import InputError
from tfgan_zoo.importing import super_resolution, translation
from tfgan_zoo.importing.plan import Plan, Shapes
from tfgan_zoo.suggestions import nearest
from tfgan_zoo.weight_files import State, printable


class Family(NamedTuple):
    """Networks of one architecture.

    Attributes:
        plan: Function from the shapes of a file to what the file should have.
        enlarges: Whether the networks enlarge images; the others translate them.
        text: Description for people.
    """

    plan: Callable[[Shapes], Plan]
    enlarges: bool
    text: str


FAMILIES: Mapping[str, Family] = {
    "cyclegan": Family(translation.cyclegan, False, "CycleGAN's ResNets"),
    "pix2pix": Family(translation.pix2pix, False, "pix2pix's U-Nets"),
    "esrgan": Family(super_resolution.rrdb, True, "ESRGAN's RRDBNet"),
    "realesrgan": Family(super_resolution.rrdb, True, "Real-ESRGAN's RRDBNet"),
    "srvgg": Family(super_resolution.srvgg, True, "Real-ESRGAN's compact networks"),
    "msrresnet": Family(super_resolution.msrresnet, True, "BasicSR's MSRResNet"),
}

#: Beginnings of the keys of well-known networks that no family includes.
_OTHERS = {
    "SwinIR or HAT": ("layers.0.residual_group.",),
    "EDSR": ("head.0.", "body.0.body.0."),
    "SRResNet of BasicSR's first code": ("model.1.sub.0.res.0.",),
    "ESPCN or FSRCNN": ("first_part.",),
    "pix2pixHD's generator": ("model.1.weight", "model.16.conv_block."),
    "a U-Net discriminator of Real-ESRGAN": ("conv0.weight", "conv1.weight_orig"),
    "VGG": ("features.0.",),
    "a PatchGAN discriminator": ("model.0.weight", "model.2.", "model.11."),
}


def check_family(name: str) -> Family:
    """Returns a family by its name.

    Raises:
        InputError: If there is none; the message suggests the nearest.
    """
    if name not in FAMILIES:
        advice = f"the families are {', '.join(FAMILIES)}"
        raise InputError(f"--family: there is no {name!r}{nearest(name, FAMILIES, advice)}")
    return FAMILIES[name]


# ---------------------------------------------------------------------- which tensors


#: Keys of dicts of tensors in a file, the best first: a moving average before what it averages.
_BEST = ("params_ema", "params", "generator_ema", "generator", "netG", "net_g", "state_dict", "")
#: Of `DataParallel`, of `torch.compile`, and of what holds a network.
_PREFIXES = ("module.", "_orig_mod.", *(f"{key}." for key in _BEST if key))


def choose(groups: Mapping[str, State], key: str | None, name: str) -> tuple[str, State]:
    """Returns the tensors of a file that belong to one network, and the key of their dict.

    Args:
        groups: Tensors by the key of their dict.
        key: A key to take; None for the best.
        name: The file, for messages.

    Raises:
        InputError: If the file has no tensors, not the key, or several dicts and no known key.
    """
    groups = _by_prefix({each: state for each, state in groups.items() if state})
    if not groups:
        raise InputError(f"--input: expected tensors, got {name!r} without any.")
    found = ", ".join(repr(each[:100]) for each in groups)
    if key is not None and key not in groups:
        raise InputError(f"--key: expected one of {found}, the keys of {name!r}, got {key!r}.")
    if key is None:
        best = [each for each in _BEST if each in groups]
        if not best and len(groups) > 1:
            raise InputError(
                f"--key: expected one of {found}, as {name!r} holds several sets of weights."
            )
        key = best[0] if best else next(iter(groups))
    return key, _without_prefix(groups[key])


def _by_prefix(groups: dict[str, State]) -> dict[str, State]:
    """Adds dicts for parts of a dict of several networks, such as "generator_ema." of MMagic."""
    parts = {
        key: {name: each for name, each in state.items() if name.startswith(f"{key}.")}
        for state in reversed(groups.values())  # The first one stays.
        for key in _BEST
        if key and not all(name.startswith(f"{key}.") for name in state)
    }
    return groups | {key: part for key, part in parts.items() if part and key not in groups}


def _without_prefix(state: State) -> State:
    """Returns tensors without prefixes of all names."""
    while True:
        common = [each for each in _PREFIXES if all(name.startswith(each) for name in state)]
        if not common:
            return state
        state = {name.removeprefix(common[0]): each for name, each in state.items()}


# ---------------------------------------------------------------------- what does not fit


class Misfit(NamedTuple):
    """What differs between a file and a plan.

    Attributes:
        missing: Keys that the file lacks.
        left_over: Keys that only the file has.
        reshaped: Keys of another shape, with both shapes.
        fitting: How many keys fit.
    """

    missing: list[str]
    left_over: list[str]
    reshaped: list[str]
    fitting: int

    def __bool__(self) -> bool:
        return bool(self.missing or self.left_over or self.reshaped)

    @property
    def share(self) -> float:
        """Returns the share of all keys that fit."""
        num = self.fitting + len(self.missing) + len(self.left_over) + len(self.reshaped)
        return self.fitting / max(num, 1)

    def __str__(self) -> str:
        parts = (
            (self.missing, "missing"),
            (self.left_over, "left over"),
            (self.reshaped, "of another shape"),
        )
        return "; ".join(f"{len(keys)} {what}: {_some(keys)}" for keys, what in parts if keys)


def _some(keys: list[str], most: int = 4) -> str:
    shown = ", ".join(printable(key[:100]) for key in keys[:most])
    return f"{shown}, ..." if len(keys) > most else shown


def misfit(plan: Plan, shapes: Shapes) -> Misfit:
    """Compares a file with what a plan expects."""
    wanted = {entry.key: entry.shape for entry in plan.entries}
    return Misfit(
        [key for key in wanted if key not in shapes],
        [key for key in shapes if key not in wanted and key not in plan.unused],
        [
            f"{key} {shapes[key]} instead of {shape}"
            for key, shape in wanted.items()
            if key in shapes and shapes[key] != shape
        ],
        sum(shapes.get(key) == shape for key, shape in wanted.items()),
    )


def checked_plan(family: str, state: State, name: str) -> Plan:
    """Returns the plan by which a file becomes a network.

    Args:
        family: A key of `FAMILIES`.
        state: The file's tensors.
        name: The file, for messages.

    Raises:
        InputError: If the file has other keys or shapes than networks of this family; the message
            lists them, and says which family they look like.
    """
    shapes = {key: each.shape for key, each in state.items()}
    plan = check_family(family).plan(shapes)
    if found := misfit(plan, shapes):
        raise InputError(
            f"--input: expected the weights of {FAMILIES[family].text}, got {name!r} ({found})"
            f"{_advice(family, shapes)}"
        )
    whole = [e.key for e in plan.entries if not state[e.key].dtype.startswith(("float", "bfloat"))]
    if whole:
        raise InputError(f"--input: expected floats, got {name!r} with others: {_some(whole)}.")
    return plan


def _advice(family: str, shapes: Shapes) -> str:
    """Ends a message about a file that does not fit with the family that it looks like."""
    found = {name: misfit(each.plan(shapes), shapes) for name, each in FAMILIES.items()}
    fitting = [name for name, each in found.items() if not each]
    if fitting:
        return f"; its keys are those of {' and '.join(fitting)}: give --family={fitting[-1]}."
    for other, beginnings in _OTHERS.items():
        if all(any(key.startswith(each) for key in shapes) for each in beginnings):
            return f"; it looks like {other}, which cannot be imported."
    best = max(found, key=lambda name: found[name].share)
    if found[best].share > 0.5 and found[family].share < found[best].share:
        return f"; it looks most like {best}: give --family={best} to see what differs."
    if found[best].share > 0.5:
        return "; it looks like a variant of that network, which cannot be imported."
    return f"; it looks like none of the families, which are {', '.join(FAMILIES)}."
