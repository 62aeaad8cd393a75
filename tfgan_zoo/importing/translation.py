"""Networks of https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix, in `latest_net_G.pth`."""

from tfgan_zoo.importing.plan import (
    Builder,
    Plan,
    Shapes,
    count,
    halves_swapped,
    same,
    size,
)
from tfgan_zoo.progress import counted

#: Kinds of normalisation, for people.
_NAMES = {"batch": "batch", "instance": "instance", "none": "no"}


def cyclegan(shapes: Shapes) -> Plan:
    """Returns the plan of a `ResnetGenerator`: `resnet_9blocks`, `resnet_6blocks` and the like."""
    filters = size(shapes, "model.1.weight", 0, 64)
    channels = size(shapes, "model.1.weight", 1, 3)
    blocks = count(shapes, r"model\.(\d+)\.conv_block\.1\.weight$") or 9
    normalization = "none"
    if "model.2.weight" in shapes:
        normalization = "batch"
    elif "model.1.bias" in shapes:  # Its only sign: it has no weights.
        normalization = "instance"
    # Dropout, which does nothing at inference, shifts the numbers of what follows it. Without it,
    # 6 is a normalisation, which has a weight, too.
    dropout = "model.10.conv_block.5.weight" not in shapes
    second = 6 if dropout and "model.10.conv_block.6.weight" in shapes else 5
    end = 10 + blocks
    out = size(shapes, f"model.{end + 7}.weight", 0, 3)
    builder = Builder(shapes)

    def conv(module: str, layer: str, norm: str, shape: tuple[int, ...], width: int) -> None:
        """Adds a convolution and its normalisation, which cancels the bias."""
        bias = width if normalization == "instance" else None
        keeps_bias = normalization == "none"
        builder.conv(module, layer, shape, bias=bias, keeps_bias=keeps_bias)
        builder.norm(norm, f"{layer}_norm", width, normalization)

    conv("model.1", "input", "model.2", (filters, channels, 7, 7), filters)
    for i in (1, 2):
        width, place = filters * 2**i, 1 + 3 * i
        shape = (width, width // 2, 3, 3)
        conv(f"model.{place}", f"down_{i}", f"model.{place + 1}", shape, width)
    width = 4 * filters
    for i in range(1, blocks + 1):
        inside = f"model.{9 + i}.conv_block"
        for j, place in ((1, 1), (2, second)):
            norm = f"{inside}.{place + 1}"
            shape = (width, width, 3, 3)
            conv(f"{inside}.{place}", f"block_{i}_conv_{j}", norm, shape, width)
    for i in (1, 2):
        width, place = 4 * filters // 2**i, end + 3 * (i - 1)
        shape = (2 * width, width, 3, 3)
        conv(f"model.{place}", f"up_{i}", f"model.{place + 1}", shape, width)
    builder.conv(f"model.{end + 7}", "output", (out, filters, 7, 7), bias=out)
    text = f"a ResNet of {counted(blocks, 'block')} and {filters} maps"
    return builder.plan(
        {
            "name": "translation_resnet",
            "filters": filters,
            "blocks": blocks,
            "normalization": normalization,
            "padding": "symmetric",
        },
        channels=(channels, out),
        scale=1,
        side=256 if blocks >= 9 else 128,
        text=f"{text}, {_NAMES[normalization]} normalisation",
    )


def _level(i: int) -> str:
    """Returns the module of the i-th level of a U-Net, from the outermost, 1."""
    return "model.model" if i == 1 else "model.model.1.model" + ".3.model" * (i - 2)


def pix2pix(shapes: Shapes) -> Plan:
    """Returns the plan of a `UnetGenerator`: `unet_256`, `unet_128` and the like."""
    filters = size(shapes, "model.model.0.weight", 0, 64)
    channels = size(shapes, "model.model.0.weight", 1, 3)
    out = size(shapes, "model.model.3.weight", 1, 3)
    depth = 1
    while f"{_level(depth + 1)}.1.weight" in shapes:
        depth += 1
    depth = 8 if depth == 1 else depth
    second = _level(2)
    normalization = "none"
    if f"{second}.2.weight" in shapes:
        normalization = "batch"
    elif f"{second}.1.bias" in shapes:
        normalization = "instance"
    with_bias = normalization == "instance"
    builder = Builder(shapes)
    for i in range(1, depth + 1):
        level, outermost, innermost = _level(i), i == 1, i == depth
        width = filters * min(2 ** (i - 1), 8)
        before = channels if outermost else filters * min(2 ** (i - 2), 8)
        builder.conv(
            f"{level}.0" if outermost else f"{level}.1",
            f"down_{i}",
            (width, before, 4, 4),
            bias=width if with_bias else None,
            keeps_bias=outermost or innermost or normalization == "none",
        )
        if not outermost and not innermost:
            builder.norm(f"{level}.2", f"down_{i}_norm", width, normalization)
        after = out if outermost else before
        builder.conv(
            f"{level}.3" if outermost or innermost else f"{level}.5",
            "output" if outermost else f"up_{i}",
            (width if innermost else 2 * width, after, 4, 4),
            bias=after if outermost or with_bias else None,
            keeps_bias=outermost or normalization == "none",
            # There, maps from the way down come before those from the way up.
            change=same if innermost else halves_swapped,
        )
        if not outermost:
            norm = f"{level}.4" if innermost else f"{level}.6"
            builder.norm(norm, f"up_{i}_norm", after, normalization)
    return builder.plan(
        {
            "name": "unet_generator",
            "filters": filters,
            "depth": depth,
            "normalization": normalization,
            "innermost_dropout": False,
        },
        channels=(channels, out),
        scale=1,
        side=2**depth,
        text=f"a U-Net of depth {depth} and {filters} maps, {_NAMES[normalization]} normalisation",
    )
