"""Networks of https://github.com/XPixelGroup/BasicSR and https://github.com/xinntao.

They take and make images in [0, 1]. Networks here make images in [-1, 1], as `SRGAN` needs, so the
weights of their last layers are doubled.
"""

import functools
import math
from collections.abc import Callable

from tfgan_zoo.importing.plan import Builder, Plan, Shapes, count, doubled, shuffled, size
from tfgan_zoo.progress import counted

_DOUBLED = {"change": doubled, "change_bias": doubled}
_IN_FULL = {"change": doubled, "change_bias": functools.partial(doubled, offset=-1.0)}

#: Modules that ESRGAN's first code calls otherwise, in its order of layers.
_EARLIER = {
    "conv_body": "trunk_conv",
    "conv_up1": "upconv1",
    "conv_up2": "upconv2",
    "conv_hr": "HRconv",
}
_NUMBERED = {
    "conv_first": "model.0",
    "conv_up1": "model.3",
    "conv_up2": "model.6",
    "conv_hr": "model.8",
    "conv_last": "model.10",
}


def _rrdb_style(shapes: Shapes) -> tuple[str, Callable[[str], str]]:
    """Returns the pattern of the blocks' numbers in a file, and how it calls the modules."""
    if any(key.startswith("RRDB_trunk.") for key in shapes):
        return r"RRDB_trunk\.(\d+)\.RDB", lambda module: _EARLIER.get(
            module, module.replace("body.", "RRDB_trunk.").replace(".rdb", ".RDB")
        )
    if "model.0.weight" in shapes:
        pattern = r"model\.1\.sub\.(\d+)\.RDB"
        body = f"model.1.sub.{count(shapes, pattern)}"

        def numbered(module: str) -> str:
            inside = module.replace("body.", "model.1.sub.").replace(".rdb", ".RDB")
            found = {**_NUMBERED, "conv_body": body}
            return found.get(module, f"{inside}.0")

        return pattern, numbered
    return r"body\.(\d+)\.rdb", str


def rrdb(shapes: Shapes) -> Plan:
    """Returns the plan of an `RRDBNet`, by any of the names that its modules have had."""
    pattern, rename = _rrdb_style(shapes)
    first = f"{rename('conv_first')}.weight"
    filters = size(shapes, first, 0, 64)
    out = size(shapes, f"{rename('conv_last')}.weight", 0, 3)
    growth = size(shapes, f"{rename('body.0.rdb1.conv1')}.weight", 0, 32)
    blocks = count(shapes, pattern) or 23
    # Blocks of 2x2 or 4x4 pixels become channels first.
    area = size(shapes, first, 1, out) // out
    factor = {1: 1, 4: 2, 16: 4}.get(area, 1)
    builder = Builder(shapes, rename)

    def conv(module: str, width: int, before: int, **options) -> None:
        builder.conv(module, module, (width, before, 3, 3), bias=width, **options)

    conv("conv_first", filters, out * factor**2)
    for i in range(blocks):
        for j in (1, 2, 3):
            for k in range(1, 6):
                width = growth if k < 5 else filters
                conv(f"body.{i}.rdb{j}.conv{k}", width, filters + (k - 1) * growth)
    for module in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        conv(module, filters, filters)
    conv("conv_last", out, filters, **_IN_FULL)
    network = {"name": "rrdb_generator", "filters": filters, "blocks": blocks, "growth": growth}
    return builder.plan(
        network,
        channels=(out, out),
        scale=4 // factor,
        side=96,
        text=f"an RRDBNet of {counted(blocks, 'block')} and {filters} maps",
    )


def srvgg(shapes: Shapes) -> Plan:
    """Returns the plan of an `SRVGGNetCompact` with PReLU."""
    filters = size(shapes, "body.0.weight", 0, 64)
    channels = size(shapes, "body.0.weight", 1, 3)
    # Convolutions have biases, and the PReLUs between them have none.
    convs = max(count(shapes, r"body\.(\d+)\.bias$") - 2, 0) or 16
    last = 2 * convs + 2
    scale = math.isqrt(size(shapes, f"body.{last}.weight", 0, 16 * channels) // channels)
    scale = max(scale, 1)
    builder = Builder(shapes)
    builder.conv("body.0", "body.0", (filters, channels, 3, 3), bias=filters)
    for i in range(1, last, 2):
        builder.prelu(f"body.{i}", f"body.{i}", filters)
        if i + 1 < last:
            name = f"body.{i + 1}"
            builder.conv(name, name, (filters, filters, 3, 3), bias=filters)
    width = channels * scale**2

    def change(array):
        return doubled(shuffled(array, factor=scale))

    builder.conv(
        f"body.{last}",
        f"body.{last}",
        (width, filters, 3, 3),
        bias=width,
        change=change,
        change_bias=change,
    )
    return builder.plan(
        {"name": "srvgg_generator", "filters": filters, "convs": convs},
        channels=(channels, channels),
        scale=scale,
        side=96,
        text=f"a compact network of {counted(convs, 'inner convolution')} and {filters} maps",
    )


def msrresnet(shapes: Shapes) -> Plan:
    """Returns the plan of an `MSRResNet`, by either of the names that its modules have had."""
    earlier = any(key.startswith("recon_trunk.") for key in shapes)

    def rename(module: str) -> str:
        if not earlier:
            return module
        return _EARLIER.get(module, module.replace("body.", "recon_trunk."))

    filters = size(shapes, "conv_first.weight", 0, 64)
    channels = size(shapes, "conv_first.weight", 1, 3)
    blocks = count(shapes, rf"{rename('body.')}(\d+)\.conv1\.") or 16
    twice = "upconv2.weight" in shapes
    factor = math.isqrt(size(shapes, "upconv1.weight", 0, 4 * filters) // filters)
    factor = 2 if twice else max(factor, 1)
    builder = Builder(shapes, rename)

    def conv(module: str, width: int, before: int, **options) -> None:
        builder.conv(module, module, (width, before, 3, 3), bias=width, **options)

    conv("conv_first", filters, channels)
    for i in range(blocks):
        for j in (1, 2):
            conv(f"body.{i}.conv{j}", filters, filters)
    change = functools.partial(shuffled, factor=factor)
    for module in ("upconv1", "upconv2")[: 1 + twice]:
        conv(module, filters * factor**2, filters, change=change, change_bias=change)
    conv("conv_hr", filters, filters)
    conv("conv_last", channels, filters, **_DOUBLED)
    return builder.plan(
        {"name": "msrresnet_generator", "filters": filters, "blocks": blocks},
        channels=(channels, channels),
        scale=4 if twice else factor,
        side=96,
        text=f"an MSRResNet of {counted(blocks, 'block')} and {filters} maps",
    )
