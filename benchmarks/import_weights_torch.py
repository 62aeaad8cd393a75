"""PyTorch's side of `benchmarks.import_weights`, which runs it with PyTorch's Python.

  python benchmarks/import_weights_torch.py FOLDER

Writes, for each case, CASE.pth as its authors' code saves it, and CASE.npz with images and what the
network makes of them at two sizes. The networks have the module names of the authors' code, and
random weights.
"""

import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

# ---------------------------------------------------------------------- CycleGAN and pix2pix


class Block(nn.Module):
    """A residual block of `resnet_*blocks`."""

    def __init__(self, width, norm, bias, dropout):
        super().__init__()
        layers = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norm(width)]
        layers += [nn.ReLU(True)] + [nn.Dropout(0.5)] * dropout
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norm(width)]
        self.conv_block = nn.Sequential(*layers)

    def forward(self, x):
        """Adds the block's output."""
        return x + self.conv_block(x)


class ResNet(nn.Module):
    """CycleGAN's generator."""

    def __init__(self, inputs, outputs, blocks, norm=nn.InstanceNorm2d, dropout=False, width=64):
        super().__init__()
        bias = norm is nn.InstanceNorm2d
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, width, 7, bias=bias)]
        layers += [norm(width), nn.ReLU(True)]
        for i in (1, 2):
            layers.append(nn.Conv2d(width * i, width * 2 * i, 3, 2, 1, bias=bias))
            layers += [norm(width * 2 * i), nn.ReLU(True)]
        layers += [Block(4 * width, norm, bias, dropout) for _ in range(blocks)]
        for i in (4, 2):
            up = nn.ConvTranspose2d(width * i, width * i // 2, 3, 2, 1, 1, bias=bias)
            layers += [up, norm(width * i // 2), nn.ReLU(True)]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, outputs, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        """Translates images."""
        return self.model(x)


class Level(nn.Module):
    """A level of pix2pix's U-Net, around the levels below it."""

    def __init__(self, outer, inner, inside, norm, inputs=None, dropout=False):
        super().__init__()
        bias, self.outermost = norm is nn.InstanceNorm2d, inputs is not None
        down = nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=bias)
        joined = inner if inside is None else 2 * inner
        up = nn.ConvTranspose2d(joined, outer, 4, 2, 1, bias=bias or self.outermost)
        if self.outermost:
            layers = [down, inside, nn.ReLU(True), up, nn.Tanh()]
        else:
            layers = [nn.LeakyReLU(0.2, True), down]
            layers += [] if inside is None else [norm(inner), inside]
            layers += [nn.ReLU(True), up, norm(outer)] + [nn.Dropout(0.5)] * dropout
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        """Joins the maps from the way down and the way up."""
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class UNet(nn.Module):
    """pix2pix's generator."""

    def __init__(self, inputs, outputs, depth, norm=nn.BatchNorm2d, width=64):
        super().__init__()
        level = Level(width * 8, width * 8, None, norm)
        for _ in range(depth - 5):
            level = Level(width * 8, width * 8, level, norm, dropout=True)
        for i in (4, 2, 1):
            level = Level(width * i, width * 2 * i, level, norm)
        self.model = Level(outputs, width, level, norm, inputs=inputs)

    def forward(self, x):
        """Translates images."""
        return self.model(x)


# ---------------------------------------------------------------------- super-resolution


def conv(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, 1, 1)


class Dense(nn.Module):
    """A residual dense block."""

    def __init__(self, width, growth):
        super().__init__()
        for i in range(5):
            inputs = width + i * growth
            setattr(self, f"conv{i + 1}", conv(inputs, growth if i < 4 else width))

    def forward(self, x):
        """Adds a fifth of the last convolution."""
        seen = [x]
        for i in range(1, 5):
            made = getattr(self, f"conv{i}")(torch.cat(seen, 1))
            seen.append(F.leaky_relu(made, 0.2))
        return self.conv5(torch.cat(seen, 1)) * 0.2 + x


class RRDB(nn.Module):
    """A residual-in-residual dense block."""

    def __init__(self, width, growth):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (Dense(width, growth) for _ in range(3))

    def forward(self, x):
        """Adds a fifth of three dense blocks."""
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class RRDBNet(nn.Module):
    """ESRGAN's generator."""

    def __init__(self, blocks, scale=4, width=64, growth=32):
        super().__init__()
        self.factor = 4 // scale
        self.conv_first = conv(3 * self.factor**2, width)
        self.body = nn.Sequential(*(RRDB(width, growth) for _ in range(blocks)))
        self.conv_body, self.conv_up1, self.conv_up2 = (conv(width, width) for _ in range(3))
        self.conv_hr, self.conv_last = conv(width, width), conv(width, 3)

    def forward(self, x):
        """Enlarges images."""
        x = self.conv_first(F.pixel_unshuffle(x, self.factor) if self.factor > 1 else x)
        x = x + self.conv_body(self.body(x))
        for up in (self.conv_up1, self.conv_up2):
            x = F.leaky_relu(up(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2))


class Compact(nn.Module):
    """Real-ESRGAN's compact network."""

    def __init__(self, convs, scale=4, width=64):
        super().__init__()
        self.scale = scale
        self.body = nn.ModuleList([conv(3, width), nn.PReLU(width)])
        for _ in range(convs):
            self.body.extend([conv(width, width), nn.PReLU(width)])
        self.body.append(conv(width, 3 * scale**2))

    def forward(self, x):
        """Enlarges images."""
        base = F.interpolate(x, scale_factor=self.scale, mode="nearest")
        for layer in self.body:
            x = layer(x)
        return F.pixel_shuffle(x, self.scale) + base


class Plain(nn.Module):
    """A residual block of MSRResNet."""

    def __init__(self, width):
        super().__init__()
        self.conv1, self.conv2 = conv(width, width), conv(width, width)

    def forward(self, x):
        """Adds two convolutions."""
        return x + self.conv2(F.relu(self.conv1(x)))


class MSRResNet(nn.Module):
    """BasicSR's residual network."""

    def __init__(self, blocks=16, scale=4, width=64):
        super().__init__()
        self.scale, self.factor = scale, 2 if scale == 4 else scale
        self.conv_first = conv(3, width)
        self.body = nn.Sequential(*(Plain(width) for _ in range(blocks)))
        self.upconv1 = conv(width, width * self.factor**2)
        if scale == 4:
            self.upconv2 = conv(width, width * 4)
        self.conv_hr, self.conv_last = conv(width, width), conv(width, 3)

    def forward(self, x):
        """Enlarges images."""
        base = F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)
        x = self.body(F.leaky_relu(self.conv_first(x), 0.1))
        x = F.leaky_relu(F.pixel_shuffle(self.upconv1(x), self.factor), 0.1)
        if self.scale == 4:
            x = F.leaky_relu(F.pixel_shuffle(self.upconv2(x), 2), 0.1)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.1)) + base


# ---------------------------------------------------------------------- files


def perturb(network):
    """Draws all weights and statistics, so that no two of them are alike."""
    for name, value in network.state_dict().items():
        if value.ndim > 1:
            # Transposed convolutions see a quarter of their kernel at a time.
            transposed = value.shape[2:] == (4, 4) and name.split(".")[-2] in ("3", "5")
            inputs = value[0].numel() if not transposed else value.shape[0] * 4
            value.normal_(0, inputs**-0.5)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
        elif name.endswith("weight"):  # scales, slopes
            value.uniform_(0.1, 0.9) if "body" in name else value.normal_(1, 0.2)
        elif value.dtype.is_floating_point:
            value.normal_(0, 0.1)


def calibrate(network):
    """Scales the last layer so that results spread as images do; tanh needs none of it."""
    last = network.body[-1] if isinstance(network, Compact) else network.conv_last
    factor = 0.3 / network(torch.rand(1, 3, 24, 24)).std()
    for value in last.parameters():
        value *= factor


def renamed(state, *pairs):
    """Returns a state dict whose keys have other parts."""
    made = OrderedDict()
    for key, value in state.items():
        for before, after in pairs:
            key = key.replace(before, after)
        made[key] = value
    return made


def first_esrgan(state):
    """Returns an RRDBNet's state with the names of ESRGAN's repository."""
    pairs = [("conv_body", "trunk_conv"), ("conv_up", "upconv"), ("conv_hr", "HRconv")]
    return renamed(state, *pairs, ("body.", "RRDB_trunk."), ("rdb", "RDB"))


def numbered_esrgan(state):
    """Returns an RRDBNet's state with the names of its first version, a sequence."""
    num = len({key.split(".")[1] for key in state if key.startswith("body.")})
    made = OrderedDict()
    places = {"conv_first": 0, "conv_up1": 3, "conv_up2": 6, "conv_hr": 8, "conv_last": 10}
    for key, value in state.items():
        module, _, kind = key.rpartition(".")
        if module.startswith("body."):
            module = module.replace("body.", "model.1.sub.").replace("rdb", "RDB") + ".0"
        else:
            module = "model." + str(places.get(module, f"1.sub.{num}"))
        made[f"{module}.{kind}"] = value
    return made


def with_statistics(state):
    """Returns a ResNet's state with the statistics that PyTorch 0.3 saved, and never used."""
    made = OrderedDict(state)
    for key, value in state.items():
        if key.endswith(".bias") and key != list(state)[-1]:
            parts = key.split(".")
            norm = ".".join([*parts[:-2], str(int(parts[-2]) + 1)])
            made[f"{norm}.running_mean"] = torch.randn_like(value)
            made[f"{norm}.running_var"] = torch.rand_like(value)
    return made


def data_parallel(state):
    """Returns a state as `DataParallel` saves it."""
    return OrderedDict((f"module.{key}", value) for key, value in state.items())


def averaged(state):
    """Returns what Real-ESRGAN's training saves: other weights beside the averaged ones."""
    return {"params": {k: torch.randn_like(v) for k, v in state.items()}, "params_ema": state}


BATCH = nn.BatchNorm2d
#: Case -> (network, what is saved of its state, options of `torch.save`, two sizes).
CASES = {
    "cyclegan": (lambda: ResNet(3, 3, 9), dict, {}, ((64, 64), (72, 100))),
    "cyclegan.old": (
        lambda: ResNet(1, 3, 6),
        with_statistics,
        {"_use_new_zipfile_serialization": False},
        ((64, 64), (44, 80)),
    ),
    "cyclegan.batch": (
        lambda: ResNet(3, 1, 6, BATCH, dropout=True),
        data_parallel,
        {},
        ((64, 64), (44, 80)),
    ),
    "pix2pix": (lambda: UNet(3, 3, 8), dict, {}, ((256, 256), (256, 512))),
    "pix2pix.instance": (
        lambda: UNet(1, 3, 7, nn.InstanceNorm2d),
        dict,
        {"_use_new_zipfile_serialization": False},
        ((128, 128), (256, 128)),
    ),
    "esrgan": (lambda: RRDBNet(23), first_esrgan, {}, ((24, 24), (17, 30))),
    "esrgan.numbered": (lambda: RRDBNet(3), numbered_esrgan, {}, ((24, 24), (17, 30))),
    "realesrgan": (lambda: RRDBNet(23), averaged, {}, ((24, 24), (17, 30))),
    "realesrgan.x2": (lambda: RRDBNet(23, 2), averaged, {}, ((24, 24), (18, 30))),
    "realesrgan.anime": (lambda: RRDBNet(6), averaged, {}, ((24, 24), (17, 30))),
    "srvgg": (lambda: Compact(16), lambda s: {"params": s}, {}, ((24, 24), (17, 30))),
    "srvgg.general": (lambda: Compact(32), lambda s: {"params": s}, {}, ((24, 24), (17, 30))),
    "srvgg.x2": (lambda: Compact(16, 2), lambda s: {"params": s}, {}, ((24, 24), (17, 30))),
    "msrresnet": (lambda: MSRResNet(), lambda s: {"params": s}, {}, ((24, 24), (17, 30))),
    "msrresnet.x2": (
        lambda: MSRResNet(scale=2),
        lambda s: renamed(s, ("body.", "recon_trunk."), ("conv_hr", "HRconv")),
        {},
        ((24, 24), (17, 30)),
    ),
}


@torch.no_grad()
def main():
    """Writes all files."""
    folder = Path(sys.argv[1])
    (folder / "version").write_text(torch.__version__)
    for seed, (case, (build, saved, options, sizes)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        network = build().eval()
        perturb(network)
        if not isinstance(network, ResNet | UNet):
            calibrate(network)
        torch.save(saved(network.state_dict()), folder / f"{case}.pth", **options)
        first = next(iter(network.parameters()))
        channels = 3 if isinstance(network, RRDBNet) else first.shape[1]
        made = {}
        for i, size in enumerate(sizes):
            images = torch.rand(2, channels, *size)
            if isinstance(network, ResNet | UNet):
                images = 2 * images - 1
            made[f"images_{i}"] = images.permute(0, 2, 3, 1).numpy()
            made[f"results_{i}"] = network(images).permute(0, 2, 3, 1).numpy()
        np.savez(folder / f"{case}.npz", **made)
        print(f"{case}: {sum(p.numel() for p in network.parameters()):,}", flush=True)


if __name__ == "__main__":
    main()
