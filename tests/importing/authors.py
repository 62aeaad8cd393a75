"""The networks that are imported, as their authors wrote them, in NumPy and PyTorch's layout.

Images are [C, H, W]; weights have the names and shapes of `state_dict()`. Each network is a
function that draws a state, and one that applies it.
"""

import numpy as np

# ---------------------------------------------------------------------- PyTorch's layers


def conv(x, state, name, stride=1, padding=1):
    weight = state[f"{name}.weight"].astype("float64")
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    size = weight.shape[2]
    height, width = ((side - size) // stride + 1 for side in padded.shape[1:])
    made = sum(
        np.tensordot(
            weight[:, :, i, j],
            padded[:, i : i + stride * height : stride, j : j + stride * width : stride],
            1,
        )
        for i in range(size)
        for j in range(size)
    )
    return made + bias(state, name)


def conv_transpose(x, state, name, padding=1, output_padding=0):
    weight = state[f"{name}.weight"].astype("float64")
    size, (height, width) = weight.shape[2], x.shape[1:]
    sides = [2 * (side - 1) + size + output_padding for side in (height, width)]
    made = np.zeros((weight.shape[1], *sides))
    for i in range(size):
        for j in range(size):
            spread = np.tensordot(weight[:, :, i, j].T, x, 1)
            made[:, i : i + 2 * height : 2, j : j + 2 * width : 2] += spread
    bottom, right = (side - padding for side in sides)
    return made[:, padding:bottom, padding:right] + bias(state, name)


def bias(state, name):
    return state[f"{name}.bias"][:, None, None] if f"{name}.bias" in state else 0.0


def plain(x, state, name):
    return x


def normalized(x, state, name):
    """Normalises by the statistics of the state, or of the image where it has no scale."""
    if f"{name}.weight" not in state:
        mean, variance = (f(x, axis=(1, 2), keepdims=True) for f in (np.mean, np.var))
        return (x - mean) / np.sqrt(variance + 1e-5)
    mean, variance, scale, offset = (
        state[f"{name}.{part}"][:, None, None]
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / np.sqrt(variance + 1e-5) * scale + offset


def reflect(x, num):
    return np.pad(x, ((0, 0), (num, num), (num, num)), mode="reflect")


def relu(x):
    return np.maximum(x, 0)


def leaky(x, slope):
    return np.where(x > 0, x, slope * x)


def pixel_shuffle(x, factor):
    channels, height, width = x.shape
    x = x.reshape(channels // factor**2, factor, factor, height, width)
    return x.transpose(0, 3, 1, 4, 2).reshape(-1, height * factor, width * factor)


def pixel_unshuffle(x, factor):
    channels, height, width = x.shape
    x = x.reshape(channels, height // factor, factor, width // factor, factor)
    return x.transpose(0, 2, 4, 1, 3).reshape(-1, height // factor, width // factor)


def nearest(x, factor):
    return x.repeat(factor, 1).repeat(factor, 2)


def bilinear(x, factor):
    """Enlarges, with `align_corners=False`."""
    for axis in (1, 2):
        num = x.shape[axis]
        place = (np.arange(num * factor) + 0.5) / factor - 0.5
        place = np.maximum(place, 0)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, num - 1)
        weight = np.expand_dims(place - low, (0, 3 - axis))
        x = x.take(low, axis) * (1 - weight) + x.take(high, axis) * weight
    return x


# ---------------------------------------------------------------------- states


class Shapes:
    """Stands for a random generator where only shapes matter: numbers that take no memory."""

    def normal(self, mean, deviation, shape):
        return np.broadcast_to(np.float32(0), shape)

    def uniform(self, low, high, shape):
        return np.broadcast_to(np.float32(0), shape)


class Draw:
    """Draws a state, module by module; without a seed only its shapes."""

    def __init__(self, seed=0):
        self.random = Shapes() if seed is None else np.random.default_rng(seed)
        self.state = {}

    def put(self, name, drawn):
        self.state[name] = drawn.astype("float32", copy=False)

    def conv(self, name, shape, bias=None, inputs=None):
        scale = (inputs or np.prod(shape[1:])) ** -0.5
        self.put(f"{name}.weight", self.random.normal(0, scale, shape))
        if bias:
            self.put(f"{name}.bias", self.random.normal(0, 0.2, bias))

    def norm(self, name, size):
        for part, low, high in (
            ("weight", 0.5, 1.5),
            ("bias", -0.5, 0.5),
            ("running_mean", -0.5, 0.5),
            ("running_var", 0.5, 1.5),
        ):
            self.put(f"{name}.{part}", self.random.uniform(low, high, size))
        self.state[f"{name}.num_batches_tracked"] = np.array(3)

    def prelu(self, name, size):
        self.put(f"{name}.weight", self.random.uniform(-0.5, 0.9, size))


# ---------------------------------------------------------------------- CycleGAN


def cyclegan_state(channels=3, out=3, width=4, blocks=2, kind="instance", dropout=False, seed=0):
    draw = Draw(seed)

    def layer(name, after, shape, size):
        draw.conv(name, shape, size if kind == "instance" else None)
        if kind == "batch":
            draw.norm(after, size)

    layer("model.1", "model.2", (width, channels, 7, 7), width)
    layer("model.4", "model.5", (2 * width, width, 3, 3), 2 * width)
    layer("model.7", "model.8", (4 * width, 2 * width, 3, 3), 4 * width)
    second = 6 if dropout else 5
    for i in range(10, 10 + blocks):
        for j in (1, second):
            inside = f"model.{i}.conv_block"
            layer(f"{inside}.{j}", f"{inside}.{j + 1}", (4 * width, 4 * width, 3, 3), 4 * width)
    i = 10 + blocks
    layer(f"model.{i}", f"model.{i + 1}", (4 * width, 2 * width, 3, 3), 2 * width)
    layer(f"model.{i + 3}", f"model.{i + 4}", (2 * width, width, 3, 3), width)
    draw.conv(f"model.{i + 7}", (out, width, 7, 7), out)
    return draw.state


def cyclegan(state, x):
    norm = normalized if {"model.1.bias", "model.2.weight"} & {*state} else plain
    x = relu(norm(conv(reflect(x, 3), state, "model.1", padding=0), state, "model.2"))
    x = relu(norm(conv(x, state, "model.4", stride=2), state, "model.5"))
    x = relu(norm(conv(x, state, "model.7", stride=2), state, "model.8"))
    i = 10
    while f"model.{i}.conv_block.1.weight" in state:
        inside = f"model.{i}.conv_block"
        second = 6 if f"{inside}.6.weight" in state and f"{inside}.5.weight" not in state else 5
        y = norm(conv(reflect(x, 1), state, f"{inside}.1", padding=0), state, f"{inside}.2")
        y = conv(reflect(relu(y), 1), state, f"{inside}.{second}", padding=0)
        x = x + norm(y, state, f"{inside}.{second + 1}")
        i += 1
    for j in (i, i + 3):
        x = conv_transpose(x, state, f"model.{j}", output_padding=1)
        x = relu(norm(x, state, f"model.{j + 1}"))
    return np.tanh(conv(reflect(x, 3), state, f"model.{i + 7}", padding=0))


# ---------------------------------------------------------------------- pix2pix


def pix2pix_state(channels=3, out=3, width=2, depth=5, kind="batch", seed=0):
    draw = Draw(seed)
    widths = [width * min(2**i, 8) for i in range(depth)]

    def add(i, prefix):
        """Adds the i-th level, from the outermost, 0, in the order of a state dict."""
        outermost, innermost = i == 0, i == depth - 1
        inner, outer = widths[i], widths[i - 1] if i else channels
        biased = kind == "instance"
        down, up = ("0", "3") if outermost else ("1", "3" if innermost else "5")
        draw.conv(f"{prefix}.{down}", (inner, outer, 4, 4), inner if biased else None)
        if not outermost and not innermost and kind == "batch":
            draw.norm(f"{prefix}.2", inner)
        if not innermost:
            add(i + 1, f"{prefix}.1.model" if outermost else f"{prefix}.3.model")
        after = out if outermost else outer
        joined = inner if innermost else 2 * inner
        draw.conv(
            f"{prefix}.{up}",
            (joined, after, 4, 4),
            after if outermost or biased else None,
            inputs=4 * joined,
        )
        if not outermost and kind == "batch":
            draw.norm(f"{prefix}.{4 if innermost else 6}", after)

    add(0, "model.model")
    return draw.state


def pix2pix(state, x):
    def block(x, prefix):
        """Returns the block's output, next to its input as the authors leave it in memory."""
        x = leaky(x, 0.2)
        y = conv(x, state, f"{prefix}.1", stride=2)
        if f"{prefix}.5.weight" not in state:  # the innermost
            y = conv_transpose(relu(y), state, f"{prefix}.3")
            return np.concatenate([x, plain_or_norm(y, f"{prefix}.4")])
        y = block(plain_or_norm(y, f"{prefix}.2"), f"{prefix}.3.model")
        y = conv_transpose(relu(y), state, f"{prefix}.5")
        return np.concatenate([x, plain_or_norm(y, f"{prefix}.6")])

    instance = "model.model.1.model.1.bias" in state
    batch = "model.model.1.model.2.weight" in state

    def plain_or_norm(y, name):
        return normalized(y, state, name) if instance or batch else y

    y = block(conv(x, state, "model.model.0", stride=2), "model.model.1.model")
    return np.tanh(conv_transpose(relu(y), state, "model.model.3"))


# ---------------------------------------------------------------------- super-resolution


def rrdb_state(scale=4, width=4, blocks=2, growth=3, seed=0):
    draw = Draw(seed)
    draw.conv("conv_first", (width, 3 * (4 // scale) ** 2, 3, 3), width)
    for i in range(blocks):
        for j in (1, 2, 3):
            for k in range(5):
                size = growth if k < 4 else width
                name = f"body.{i}.rdb{j}.conv{k + 1}"
                draw.conv(name, (size, width + k * growth, 3, 3), size)
    for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        draw.conv(name, (width, width, 3, 3), width)
    draw.conv("conv_last", (3, width, 3, 3), 3)
    return draw.state


def rrdb(state, x):
    channels = state["conv_first.weight"].shape[1]
    if channels > 3:
        x = pixel_unshuffle(x, round((channels / 3) ** 0.5))

    def dense(x, name):
        seen = [x]
        for k in range(1, 5):
            seen.append(leaky(conv(np.concatenate(seen), state, f"{name}.conv{k}"), 0.2))
        return x + 0.2 * conv(np.concatenate(seen), state, f"{name}.conv5")

    first = x = conv(x, state, "conv_first")
    i = 0
    while f"body.{i}.rdb1.conv1.weight" in state:
        y = x
        for j in (1, 2, 3):
            y = dense(y, f"body.{i}.rdb{j}")
        x = x + 0.2 * y
        i += 1
    x = first + conv(x, state, "conv_body")
    for name in ("conv_up1", "conv_up2"):
        x = leaky(conv(nearest(x, 2), state, name), 0.2)
    return conv(leaky(conv(x, state, "conv_hr"), 0.2), state, "conv_last")


def as_first_esrgan(state):
    """Returns an RRDBNet's state with the names of ESRGAN's repository."""
    pairs = [("conv_body", "trunk_conv"), ("conv_up", "upconv"), ("conv_hr", "HRconv")]
    return renamed(state, *pairs, ("body.", "RRDB_trunk."), ("rdb", "RDB"))


def as_numbered_esrgan(state):
    """Returns it with the names of that repository's first version, a sequence."""
    num = len({key.split(".")[1] for key in state if key.startswith("body.")})
    places = {"conv_first": 0, "conv_up1": 3, "conv_up2": 6, "conv_hr": 8, "conv_last": 10}
    made = {}
    for key, value in state.items():
        module, _, part = key.rpartition(".")
        if module.startswith("body."):
            module = module.replace("body.", "model.1.sub.").replace("rdb", "RDB") + ".0"
        else:
            module = f"model.{places.get(module, f'1.sub.{num}')}"
        made[f"{module}.{part}"] = value
    return made


def renamed(state, *pairs):
    made = {}
    for key, value in state.items():
        for before, after in pairs:
            key = key.replace(before, after)
        made[key] = value
    return made


def srvgg_state(scale=4, width=4, convs=3, channels=3, seed=0):
    draw = Draw(seed)
    draw.conv("body.0", (width, channels, 3, 3), width)
    draw.prelu("body.1", width)
    for i in range(convs):
        draw.conv(f"body.{2 * i + 2}", (width, width, 3, 3), width)
        draw.prelu(f"body.{2 * i + 3}", width)
    draw.conv(f"body.{2 * convs + 2}", (channels * scale**2, width, 3, 3), channels * scale**2)
    return draw.state


def srvgg(state, x):
    base, i = x, 0
    while f"body.{i + 1}.weight" in state:
        x = leaky(conv(x, state, f"body.{i}"), state[f"body.{i + 1}.weight"][:, None, None])
        i += 2
    x = conv(x, state, f"body.{i}")
    scale = round((len(x) / len(base)) ** 0.5)
    return pixel_shuffle(x, scale) + nearest(base, scale)


def msrresnet_state(scale=4, width=4, blocks=2, seed=0):
    draw = Draw(seed)
    draw.conv("conv_first", (width, 3, 3, 3), width)
    for i in range(blocks):
        for j in (1, 2):
            draw.conv(f"body.{i}.conv{j}", (width, width, 3, 3), width)
    more = width * (4 if scale == 4 else scale**2)
    for name in ("upconv1", "upconv2")[: 1 + (scale == 4)]:
        draw.conv(name, (more, width, 3, 3), more)
    draw.conv("conv_hr", (width, width, 3, 3), width)
    draw.conv("conv_last", (3, width, 3, 3), 3)
    return draw.state


def msrresnet(state, x):
    base = x
    x = leaky(conv(x, state, "conv_first"), 0.1)
    i = 0
    while f"body.{i}.conv1.weight" in state:
        x = x + conv(relu(conv(x, state, f"body.{i}.conv1")), state, f"body.{i}.conv2")
        i += 1
    factor = round((len(state["upconv1.bias"]) / len(x)) ** 0.5)
    for name in ("upconv1", "upconv2"):
        if f"{name}.weight" in state:
            x = leaky(pixel_shuffle(conv(x, state, name), factor), 0.1)
    x = conv(leaky(conv(x, state, "conv_hr"), 0.1), state, "conv_last")
    return x + bilinear(base, x.shape[1] // base.shape[1])
