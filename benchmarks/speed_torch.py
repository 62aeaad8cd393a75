"""PyTorch's contenders of `benchmarks.speed`, which runs them with PyTorch's Python.

  python benchmarks/speed_torch.py CASE.json eager|compile

Networks are built from a JSON description. Written for speed: channels-last, padding and cropping
within the convolutions, one generator pass for both updates, no gradients for the weights of the
idle player, a fused Adam, and losses read only at the end. It imports neither the zoo nor
TensorFlow.
"""

import json
import os
import resource
import sys
import time
from collections import Counter

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parametrizations, parametrize

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


# ---------------------------------------------------------------------- networks


def channels_first(x: torch.Tensor) -> torch.Tensor:
    """Returns feature maps as PyTorch's layers take them, with channels last in memory."""
    return x.movedim(-1, 1)


def same_padding(kernel: int, stride: int) -> int:
    """Returns the padding with which sides are divided by the stride.

    TensorFlow puts an odd rest on the other side.
    """
    return (kernel - stride + 1) // 2


class Reshape(nn.Module):
    """Reshapes to feature maps, with channels last in memory."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        """Reshapes."""
        x = x.reshape(x.shape[0], *self.shape)
        return channels_first(x) if len(self.shape) > 1 else x


class Flatten(nn.Module):
    """Flattens feature maps in memory order."""

    def forward(self, x):
        """Flattens."""
        return x.movedim(1, -1).reshape(x.shape[0], -1)


class Maxout(nn.Module):
    """The largest of several linear pieces."""

    def __init__(self, size, units, pieces):
        super().__init__()
        self.linear, self.shape = nn.Linear(size, units * pieces), (units, pieces)

    def forward(self, x):
        """Returns the largest piece of every unit."""
        return self.linear(x).view(x.shape[0], *self.shape).amax(-1)


class Concatenate(nn.Module):
    """Concatenates along the channels."""

    def forward(self, *xs):
        """Concatenates tensors."""
        return torch.cat(xs, 1)


class Rescaling(nn.Module):
    """Multiplies by a number and adds another."""

    def __init__(self, scale, offset):
        super().__init__()
        self.scale, self.offset = scale, offset

    def forward(self, x):
        """Rescales."""
        return x * self.scale + self.offset


class Add(nn.Module):
    """Adds two tensors."""

    def forward(self, x, y):
        """Returns the sum."""
        return x + y


class Mean(nn.Module):
    """Averages over all pixels."""

    def forward(self, x):
        """Returns the mean."""
        return x.mean((2, 3))


class Sum(nn.Module):
    """Sums over all pixels."""

    def forward(self, x):
        """Returns the sum."""
        return x.sum((2, 3))


class Columns(nn.Module):
    """Some columns of a matrix."""

    def __init__(self, start, stop):
        super().__init__()
        self.columns = slice(start, stop)

    def forward(self, x):
        """Returns the columns."""
        return x[:, self.columns]


class Dot(nn.Module):
    """The inner product of rows."""

    def forward(self, x, y):
        """Returns a column of products."""
        return (x * y).sum(1, keepdim=True)


class Resampled(nn.Module):
    """A filter [1, 3, 3, 1] along each axis, and half or twice the size."""

    def __init__(self, size, up):
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        kernel = (4 if up else 1) * torch.outer(taps, taps).repeat(size, 1, 1, 1)
        self.register_buffer("kernel", kernel)
        self.convolve = F.conv_transpose2d if up else F.conv2d

    def forward(self, x):
        """Resamples feature maps."""
        return self.convolve(x, self.kernel, stride=2, padding=1, groups=x.shape[1])


class Basis(nn.Module):
    """Maps that are a learned map for each channel times a number."""

    def __init__(self, size, channels):
        super().__init__()
        self.basis = nn.Parameter(torch.randn(channels, *size))

    def forward(self, x):
        """Returns maps."""
        return (self.basis * x[:, :, None, None]).contiguous(memory_format=torch.channels_last)


class Projection(nn.Module):
    """Sums of maps that are weighted by a learned map for each channel."""

    def __init__(self, size, channels):
        super().__init__()
        self.basis = nn.Parameter(torch.randn(channels, *size) / (size[0] * size[1]) ** 0.5)

    def forward(self, x):
        """Returns vectors."""
        return (self.basis * x).sum((2, 3))


class ConditionalNormalization(nn.Module):
    """Batch normalisation with a scale and an offset by class, or by a vector."""

    def __init__(self, size, rank, condition, classes, spectral, **options):
        super().__init__()
        self.norm = BATCH_NORMALIZATION[rank](size, affine=False, **options)
        self.ones = [1] * (rank - 1)
        maps = [self.map(size, condition, classes) for _ in range(2)]
        self.maps = nn.ModuleList(map(parametrizations.spectral_norm, maps) if spectral else maps)

    def map(self, size, condition, classes):
        """Returns the layer of the scale or of the offset."""
        if classes is None:
            return nn.Linear(condition, size, bias=False)
        table = nn.Embedding(classes, size)
        nn.init.zeros_(table.weight)
        return table

    def forward(self, x, condition):
        """Normalises features."""
        gain, bias = (each(condition).unflatten(1, (-1, *self.ones)) for each in self.maps)
        return torch.addcmul(bias, self.norm(x), 1 + gain)


def set_moving(network: nn.Module, moving: bool) -> None:
    """Sets whether passes move the vectors of spectral normalisation."""
    for part in network.modules():
        if isinstance(part, parametrizations._SpectralNorm):
            part.train(moving)


def kernels(network: nn.Module) -> list[torch.Tensor]:
    """Returns the kernels of all linear layers and convolutions, before normalisation."""
    found = []
    for part in network.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d)):
            normalized = parametrize.is_parametrized(part, "weight")
            found.append(part.parametrizations.weight.original if normalized else part.weight)
    return found


#: Channels-last formats by the axes of a batch.
MEMORY_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}

#: Batch normalisation by the axes of a sample.
BATCH_NORMALIZATION = {1: nn.BatchNorm1d, 3: nn.BatchNorm2d, 4: nn.BatchNorm3d}

CONVOLUTIONS = {
    "Conv2D": nn.Conv2d,
    "GroupedConv2D": nn.Conv2d,
    "Conv2DTranspose": nn.ConvTranspose2d,
    "Conv3D": nn.Conv3d,
    "Conv3DTranspose": nn.ConvTranspose3d,
}


def activation(name: str) -> list[nn.Module]:
    known = {"linear": [], "relu": [nn.ReLU()], "tanh": [nn.Tanh()], "sigmoid": [nn.Sigmoid()]}
    known["leaky_relu"] = [nn.LeakyReLU(0.2)]
    return known[name]


def module(node: dict) -> nn.Module:
    """Builds the module that a description's node describes."""
    s, kind, size = node["settings"], node["kind"], node["channels"][0]
    after = activation(s["activation"]) if isinstance(s.get("activation"), str) else []
    if kind == "Model":
        return Network(node["nodes"])
    if kind == "SpectralNormalization":
        layer, *rest = _parts(module({**node, "kind": s["wrapped"]}))
        return nn.Sequential(parametrizations.spectral_norm(layer), *rest)
    if kind == "ConditionalBatchNormalization":
        options = {"eps": s["epsilon"], "momentum": 1 - s["momentum"]}
        given = s["num_classes"], s["spectral_normalization"]
        rank = len(node["shapes"][0])
        return ConditionalNormalization(size, rank, node["channels"][1], *given, **options)
    if kind == "Dense":
        return nn.Sequential(nn.Linear(size, s["units"], s["use_bias"]), *after)
    if kind in CONVOLUTIONS:
        kernel, stride = s["kernel_size"][0], s["strides"][0]
        options = {"stride": stride, "bias": s["use_bias"], **node.get("borders", {})}
        if "padding" not in options:
            options["padding"] = same_padding(kernel, stride) if s["padding"] == "same" else 0
        if not kind.endswith("Transpose"):
            options["groups"] = s["groups"]
        elif s["padding"] == "same":
            options["output_padding"] = stride - kernel + 2 * options["padding"]
        return nn.Sequential(CONVOLUTIONS[kind](size, s["filters"], kernel, **options), *after)
    if kind in ("BatchNormalization", "PredictionTimeBatchNormalization"):
        options = {"eps": s["epsilon"], "momentum": 1 - s["momentum"]}
        return BATCH_NORMALIZATION[len(node["shapes"][0])](size, **options)
    if kind == "GroupNormalization":
        if s["groups"] == size:
            return nn.InstanceNorm2d(size, eps=s["epsilon"], affine=s["scale"])
        return nn.GroupNorm(s["groups"], size, eps=s["epsilon"], affine=s["scale"])
    pad = s.get("padding")
    pad = pad[0] if isinstance(pad, list) else pad
    return {
        "ReLU": lambda: nn.ReLU(),
        "LeakyReLU": lambda: nn.LeakyReLU(s["negative_slope"]),
        "PReLU": lambda: nn.PReLU(size),
        "Activation": lambda: activation(s["activation"])[0],
        "Reshape": lambda: Reshape(s["target_shape"]),
        "Flatten": lambda: Flatten(),
        "StatelessDropout": lambda: nn.Dropout(s["rate"]),
        "Maxout": lambda: Maxout(size, s["units"], s["pieces"]),
        "Rescaling": lambda: Rescaling(s["scale"], s["offset"]),
        "UpSampling2D": lambda: nn.Upsample(scale_factor=s["size"][0], mode="nearest"),
        "UpSampling3D": lambda: nn.Upsample(scale_factor=s["size"][0], mode="nearest"),
        "AveragePooling2D": lambda: nn.AvgPool2d(s["pool_size"][0]),
        "CentredAveragePooling2D": lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
        "GlobalAveragePooling2D": lambda: Mean(),
        "ZeroPadding2D": lambda: nn.ZeroPad2d(pad[0] if isinstance(pad, list) else pad),
        "ReflectionPadding2D": lambda: nn.ReflectionPad2d(pad[0] if isinstance(pad, list) else pad),
        "FIRUpsampling2D": lambda: Resampled(size, up=True),
        "FIRDownsampling2D": lambda: Resampled(size, up=False),
        "SpatialBasis": lambda: Basis(s["size"], size),
        "SpatialProjection": lambda: Projection(node["shapes"][0][:2], size),
        "PixelShuffle": lambda: nn.PixelShuffle(s["factor"]),
        "Concatenate": lambda: Concatenate(),
        "Add": lambda: Add(),
        "Sum": lambda: Sum(),
        "Cast": lambda: nn.Identity(),
        "Dot": lambda: Dot(),
        "GetItem": lambda: Columns(s["start"], s["stop"]),
        "ClassEmbedding": lambda: nn.Embedding(s["input_dim"], s["output_dim"]),
    }[kind]()


def joined(nodes: list[dict]) -> list[dict]:
    """Returns nodes with zeros around maps, and what is cropped from them, in the convolutions.

    Keras has layers of their own for them, each of which copies the maps.
    """
    users = Counter(source for node in nodes for source in node["inputs"])
    found: dict[str, dict] = {}
    for node in nodes:
        source = next(iter(node["inputs"]), None)
        before = found.get(source) if users[source] == 1 else None
        if before and (before["kind"], node["kind"]) == ("ZeroPadding2D", "Conv2D"):
            (top, bottom), (left, right) = before["settings"]["padding"]
            if (top, left, node["settings"]["padding"]) == (bottom, right, "valid"):
                del found[source]
                node = {**node, "inputs": before["inputs"], "borders": {"padding": (top, left)}}
        elif before and (before["kind"], node["kind"]) == ("Conv2DTranspose", "Cropping2D"):
            (top, bottom), (left, right) = node["settings"]["cropping"]
            if top >= bottom and left >= right and before["settings"]["padding"] == "valid":
                del found[source]
                rest = (top - bottom, left - right)
                borders = {"padding": (top, left), "output_padding": rest}
                node = {**before, "name": node["name"], "borders": borders}
        found[node["name"]] = node
    return list(found.values())


def _parts(layers: nn.Module) -> list[nn.Module]:
    return list(layers) if isinstance(layers, nn.Sequential) else [layers]


class Network(nn.Module):
    """A network built from a description."""

    def __init__(self, nodes):
        super().__init__()
        self.given = [node["name"] for node in nodes if node["kind"] == "InputLayer"]
        rest = [node for node in joined(nodes) if node["kind"] != "InputLayer"]
        self.parts = nn.ModuleList(module(node) for node in rest)
        self.wires = [(node["name"], node["inputs"]) for node in rest]

    def forward(self, *inputs, layer=None, scales=None):
        """Runs the network; with the name of a layer, returns its output too.

        With lists of names of layers, returns their outputs in as many lists.
        """
        values = dict(zip(self.given, inputs, strict=True))
        for (name, sources), part in zip(self.wires, self.parts, strict=True):
            values[name] = part(*(values[source] for source in sources))
        if scales is not None:
            return [[values[each] for each in scale] for scale in scales]
        return values[name] if layer is None else (values[layer], values[name])


def network(nodes: list[dict]) -> Network:
    made = Network(nodes).train()
    for parameter in made.parameters():
        if parameter.ndim in MEMORY_FORMATS:
            parameter.data = parameter.contiguous(memory_format=MEMORY_FORMATS[parameter.ndim])
    return made.to(DEVICE)


# ---------------------------------------------------------------------- games


def bce(logits, label):
    """Returns the cross entropy of logits with one label."""
    return F.softplus(-logits).mean() if label else F.softplus(logits).mean()


def classes(logits, label):
    """Returns the cross entropy of the logits of several classes with one label."""
    return F.cross_entropy(logits, torch.full(logits.shape[:1], label, device=logits.device))


class Game:
    """Networks, optimizers, data and train step of one game."""

    def __init__(self, case, compiled):
        self.case, self.compiled = case, compiled
        self.roles = [
            [network(nodes) for nodes in role.values()] for role in case["players"].values()
        ]
        self.g, self.d = self.roles[0], self.roles[-1]
        if case["features"]:
            self.f = network(case["features"]).eval().requires_grad_(False)
        for members, count in zip(self.roles, case["parameters"].values(), strict=True):
            assert sum(p.numel() for n in members for p in n.parameters()) == count
        settings = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-8, "fused": True}
        self.optimizers = [
            torch.optim.Adam([p for n in members for p in n.parameters()], **settings)
            for members in self.roles
        ]
        self.arrays = [self.random(shape, kind) for shape, kind in case["arrays"]]
        game = case["game"].lower()
        self.step = getattr(self, game)
        self.sums = torch.zeros(len(self.roles), device=DEVICE)
        self.pools = [[], []]
        for name in ("g_pass", "d_pass", "g_loss", "d_loss", "vae_loss", "judged"):
            own = getattr(self, f"{game}_{name}", getattr(self, name))
            setattr(self, name, self.maybe_compiled(own))

    def maybe_compiled(self, function):
        """Compiles a function if requested."""
        return torch.compile(function) if self.compiled else function

    def random(self, shape, kind):
        """Returns several batches' worth of rows, from which each step draws a batch."""
        rows = shape[0] * max(1, min(16, 4096 // shape[0]))
        if kind == "uint8":
            return torch.randint(0, 256, (rows, *shape[1:]), dtype=torch.uint8)
        if kind == "int32":
            return torch.randint(0, self.case["classes"], (rows, *shape[1:]))
        return torch.randn(rows, *shape[1:])

    def batch(self):
        """Yields the arrays of one step, images as floats with channels last in memory."""
        size = self.case["arrays"][0][0][0]
        index = torch.randint(0, len(self.arrays[0]), (size,))
        for array in self.arrays:
            rows = array[index].to(DEVICE, non_blocking=True)
            if rows.dtype == torch.uint8:
                rows = channels_first(rows).float().div_(127.5).sub_(1.0)
            yield rows

    def noise(self, count):
        """Draws latent vectors."""
        z = torch.randn(count, self.case["latent"], device=DEVICE)
        return z.uniform_(-1, 1) if self.case["uniform"] else z

    def g_pass(self, *inputs):
        """Runs the generator."""
        return self.g[0](*inputs)

    def d_pass(self, *inputs):
        """Runs the discriminator."""
        return self.d[0](*inputs)

    def turn(self, role):
        """Enables gradients for one role's weights only; only its spectral norms move."""
        for index, members in enumerate(self.roles):
            for network in members:
                network.requires_grad_(index == role)
                set_moving(network, index == role)

    def descend(self, role, loss, shared=False):
        """Applies one update; of a shared pass, only this role's gradients are computed."""
        self.optimizers[role].zero_grad(set_to_none=True)
        if shared:
            (group,) = self.optimizers[role].param_groups
            loss.backward(inputs=group["params"], retain_graph=True)
        else:
            loss.backward()
        self.optimizers[role].step()
        self.sums[role] += loss.detach()

    def d_loss(self, real, fake):
        """-E[log D(x)] - E[log(1 - D(G(z)))]."""
        return bce(self.d[0](real), True) + bce(self.d[0](fake), False)

    def g_loss(self, fake, real=None):
        """-E[log D(G(z))]."""
        return bce(self.d[0](fake), True)

    def lsgan_d_loss(self, real, fake):
        """1/2 E[(C(x) - 1)^2] + 1/2 E[C(G(z))^2]."""
        return 0.5 * ((self.d[0](real) - 1).square().mean() + self.d[0](fake).square().mean())

    def lsgan_g_loss(self, fake, real):
        """1/2 E[(C(G(z)) - 1)^2]."""
        return 0.5 * (self.d[0](fake) - 1).square().mean()

    def relativisticgan_d_loss(self, real, fake):
        """-E[log s(C(x) - C(G(z)))]."""
        return bce(self.d[0](real) - self.d[0](fake), True)

    def relativisticgan_g_loss(self, fake, real):
        """-E[log s(C(G(z)) - C(x))]."""
        return bce(self.d[0](fake) - self.d[0](real), True)

    def wgan_d_loss(self, real, fake):
        """E[C(G(z))] - E[C(x)]."""
        return self.d[0](fake).mean() - self.d[0](real).mean()

    def wgan_g_loss(self, fake, real):
        """-E[C(G(z))]."""
        return -self.d[0](fake).mean()

    def dcgan(self):
        """Both updates share one generator pass."""
        (real,) = self.batch()
        self.turn(0)
        fake = self.g_pass(self.noise(len(real)))
        self.turn(1)
        self.descend(1, self.d_loss(real, fake.detach()))
        self.turn(0)
        self.descend(0, self.g_loss(fake, real))

    lsgan = relativisticgan = dcgan

    def gan(self):
        """Every update has new fakes."""
        (images,) = self.batch()
        self.turn(1)
        for real in images.chunk(self.case["discriminator_steps"]):
            with torch.no_grad():
                fake = self.g_pass(self.noise(len(real)))
            self.descend(1, self.d_loss(real, fake))
            if "clip" in self.case:
                self.clip_weights(self.case["clip"])
        self.turn(0)
        self.descend(0, self.g_loss(self.g_pass(self.noise(len(real))), real))

    wgan = gan

    @torch.no_grad()
    def clip_weights(self, bound):
        """Clips the discriminator's weights to [-bound, bound]."""
        weights = list(self.d[0].parameters())
        torch._foreach_clamp_min_(weights, -bound)
        torch._foreach_clamp_max_(weights, bound)

    def wgangp(self):
        """Compiles all but the penalty, whose second derivatives PyTorch cannot compile."""
        (images,) = self.batch()
        self.turn(1)
        for real in images.chunk(self.case["discriminator_steps"]):
            with torch.no_grad():
                fake = self.g_pass(self.noise(len(real)))
            alpha = torch.rand(len(real), *[1] * (real.ndim - 1), device=DEVICE)
            between = torch.lerp(real, fake, alpha).requires_grad_()
            (slopes,) = torch.autograd.grad(self.d[0](between).sum(), between, create_graph=True)
            norms = (slopes.flatten(1).square().sum(1) + 1e-12).sqrt()
            loss = self.d_pass(fake).mean() - self.d_pass(real).mean()
            self.descend(1, loss + self.case["penalty_weight"] * (norms - 1).square().mean())
        self.turn(0)
        self.descend(0, -self.d_pass(self.g_pass(self.noise(len(real)))).mean())

    def r3gan(self):
        """Compiles what has no penalty, whose second derivatives PyTorch cannot compile."""
        images, *labels = self.batch()
        (real, *given), (other, *asked) = ([x[i::2] for x in (images, *labels)] for i in (0, 1))
        self.turn(1)
        with torch.no_grad():
            fake = self.g_pass(self.noise(len(real)), *given)
        scores, penalty = [], 0.0
        for x in (real.detach().requires_grad_(), fake.detach().requires_grad_()):
            scores.append(self.d[0](x, *given))
            (slope,) = torch.autograd.grad(scores[-1].sum(), x, create_graph=True)
            penalty = penalty + slope.flatten(1).square().sum(1).mean()
        loss = F.softplus(scores[1] - scores[0]).mean()
        self.descend(1, loss + 0.5 * self.case["gamma"] * penalty)
        self.turn(0)
        fake = self.g_pass(self.noise(len(other)), *asked)
        wrong, right = self.d_pass(fake, *asked), self.d_pass(other, *asked)
        self.descend(0, F.softplus(right - wrong).mean())

    def sngan(self):
        """One pass of D for real samples and fakes together, so that its norms move once."""
        images, labels = self.batch()
        self.turn(1)
        steps = self.case["discriminator_steps"]
        for real, given in zip(images.chunk(steps), labels.chunk(steps), strict=True):
            asked = given[torch.randperm(len(given), device=DEVICE)]
            with torch.no_grad():
                fake = self.g_pass(self.noise(len(real)), asked)
            self.descend(1, self.d_loss(torch.cat([real, fake]), torch.cat([given, asked])))
        self.turn(0)
        asked = given[torch.randperm(len(given), device=DEVICE)]
        self.descend(0, self.g_loss(self.g_pass(self.noise(len(real)), asked), asked))

    biggan = sngan

    def sngan_d_loss(self, images, labels):
        """E[max(0, 1 - C(x))] + E[max(0, 1 + C(G(z)))], real samples first."""
        real, fake = self.d[0](images, labels).chunk(2)
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()

    def sngan_g_loss(self, fake, asked):
        """-E[C(G(z))] + beta sum |W W^T * (1 - I)|^2."""
        loss = -self.d[0](fake, asked).mean()
        if weight := self.case.get("orthogonal_weight"):
            for kernel in kernels(self.g[0]):
                matrix = kernel.flatten(1)
                products = matrix @ matrix.T
                rest = products.square().sum() - products.diagonal().square().sum()
                loss = loss + weight * rest
        return loss

    biggan_d_loss, biggan_g_loss = sngan_d_loss, sngan_g_loss

    def cyclegan(self):
        """Updates both generators, then both discriminators on pooled fakes."""
        a, b = self.batch()
        self.turn(0)
        loss, fake_a, fake_b = self.both_generators(a, b)
        self.descend(0, loss)
        self.turn(1)
        fakes = [
            self.pooled(p, x.detach()) for p, x in zip(self.pools, (fake_a, fake_b), strict=True)
        ]
        self.descend(1, self.both_discriminators(a, b, *fakes))

    def both_generators(self, a, b):
        """Returns the generators' loss and both translations."""
        if "both" not in self.__dict__:
            self.both = self.maybe_compiled(self._both_generators)
        return self.both(a, b)

    def _both_generators(self, a, b):
        (g, f), (d_a, d_b), case = self.g, self.d, self.case
        fake_b, fake_a = g(a), f(b)
        loss = (d_b(fake_b) - 1).square().mean() + (d_a(fake_a) - 1).square().mean()
        loss = loss + case["cycle_weight"] * (F.l1_loss(f(fake_b), a) + F.l1_loss(g(fake_a), b))
        if case["identity_weight"]:
            same = F.l1_loss(f(a), a) + F.l1_loss(g(b), b)
            loss = loss + case["cycle_weight"] * case["identity_weight"] * same
        return loss, fake_a, fake_b

    def both_discriminators(self, a, b, fake_a, fake_b):
        """Returns the discriminators' loss."""
        if "both_d" not in self.__dict__:
            self.both_d = self.maybe_compiled(self._both_discriminators)
        return self.both_d(a, b, fake_a, fake_b)

    def _both_discriminators(self, *images):
        (a, b, fake_a, fake_b), (d_a, d_b) = images, self.d
        right = (d_a(a) - 1).square().mean() + (d_b(b) - 1).square().mean()
        return 0.5 * (right + d_a(fake_a).square().mean() + d_b(fake_b).square().mean())

    def pooled(self, pool, images):
        """Swaps half of the images for earlier ones, once the pool is full."""
        shown = []
        for image in images:
            if len(pool) < self.case["pool_size"]:
                pool.append(image)
                shown.append(image)
            elif torch.rand(()) < 0.5:
                index = int(torch.randint(len(pool), ()))
                shown.append(pool[index])
                pool[index] = image
            else:
                shown.append(image)
        return torch.stack(shown).contiguous(memory_format=torch.channels_last)

    def pix2pix(self):
        """Both updates share one generator pass."""
        a, b = self.batch()
        self.turn(0)
        fake = self.g_pass(a)
        self.turn(1)
        loss = self.d_loss(torch.cat([a, b], 1), torch.cat([a, fake.detach()], 1))
        self.descend(1, 0.5 * loss)
        self.turn(0)
        loss = self.g_loss(torch.cat([a, fake], 1))
        self.descend(0, loss + self.case["l1_weight"] * F.l1_loss(fake, b))

    def gan3d(self):
        """Both updates share one generator pass; the labels of fakes are in another order."""
        real, *given = self.batch()
        asked = [labels[torch.randperm(len(labels), device=DEVICE)] for labels in given]
        self.turn(0)
        fake = self.g_pass(self.noise(len(real)), *asked)
        self.turn(1)
        self.descend(1, self.d_loss((real, *given), (fake.detach(), *asked)))
        self.turn(0)
        self.descend(0, self.g_loss((fake, *asked)))

    def gan3d_d_loss(self, real, fake):
        """-E[log D(x)] - E[log(1 - D(G(z)))], of samples with their labels."""
        return bce(self.d[0](*real), True) + bce(self.d[0](*fake), False)

    def gan3d_g_loss(self, fake):
        """-E[log D(G(z))]."""
        return bce(self.d[0](*fake), True)

    def pix2pixhd(self):
        """Both updates share one pass of G, and of D over real images and fakes.

        Each backward pass computes the gradients of one role. Compiled code would compute all of
        them in both, so that there D sees the fakes again.
        """
        a, b, *instances = self.maps()
        if self.compiled:
            self.turn(0)
        fake = self.g_pass(a, b, *instances)
        if self.compiled:
            self.turn(1)
            again = self.d_pass(torch.cat([a, fake.detach()], 1))
        real = self.d_pass(torch.cat([a, b], 1))
        if self.compiled:
            self.turn(0)
        made = self.d_pass(torch.cat([a, fake], 1))
        d_loss = self.d_loss(real, again if self.compiled else made)
        wanted = [[features.detach() for features in scale[:-1]] for scale in real]
        self.descend(0, self.g_loss(made, wanted), shared=not self.compiled)
        if self.compiled:
            self.turn(1)
        self.descend(1, d_loss, shared=not self.compiled)

    def maps(self):
        """Returns label maps with boundaries, and images; and the instances of pixels, counted.

        Without classes, returns pairs of images.
        """
        if self.case["classes"] is None:
            return tuple(self.batch())
        labels, *instances, images = self.batch()
        a = channels_first(F.one_hot(labels, self.case["classes"]).float())
        if not instances:
            return a, images
        (numbers,) = instances
        if self.case["boundaries"]:
            down, right = numbers[:, 1:] != numbers[:, :-1], numbers[:, :, 1:] != numbers[:, :, :-1]
            edges = F.pad(down, (0, 0, 1, 0)) | F.pad(down, (0, 0, 0, 1))
            edges |= F.pad(right, (1, 0)) | F.pad(right, (0, 1))
            a = torch.cat([a, edges[:, None].float()], 1)
        most = int(numbers.max()) + 1
        samples = torch.arange(len(numbers), device=DEVICE)[:, None, None]
        index = (samples * most + numbers).flatten()
        return a, images, index, torch.bincount(index, minlength=len(numbers) * most)

    def pix2pixhd_g_pass(self, a, b, index=None, counts=None):
        """Runs the generator, told the encoder's means over instances."""
        generator, *encoders = self.g
        for encode in encoders:
            styles = encode(b).movedim(1, -1)
            flat = styles.reshape(len(index), -1)
            sums = flat.new_zeros(len(counts), flat.shape[1]).index_add(0, index, flat)
            means = sums / counts.clamp(min=1)[:, None]
            a = torch.cat([a, channels_first(means[index].view(styles.shape))], 1)
        return generator(a)

    def pix2pixhd_d_pass(self, images):
        """Returns the discriminator's features and logits at each scale."""
        return self.d[0](images, scales=self.case["scales"])

    def pix2pixhd_d_loss(self, real, fake):
        """sum_k 1/2 E[(D_k(a, b) - 1)^2 + D_k(a, G(a))^2]."""
        terms = (
            (right[-1] - 1).square().mean() + wrong[-1].square().mean()
            for right, wrong in zip(real, fake, strict=True)
        )
        return 0.5 * sum(terms)

    def pix2pixhd_g_loss(self, fake, real):
        """sum_k E[(D_k(a, G(a)) - 1)^2], and distances to the features of real images.

        Those are means of absolute differences, weighted as by the authors.
        """
        loss = sum((scale[-1] - 1).square().mean() for scale in fake)
        if not self.case["feature_matching"]:
            return loss
        weight = 4 * self.case["feature_matching"] / self.case["num_scales"]
        for made, wanted in zip(fake, real, strict=True):
            terms = [F.l1_loss(*pair) for pair in zip(made[:-1], wanted, strict=True)]
            loss = loss + weight / len(terms) * sum(terms)
        return loss

    def attributetoimage(self):
        """There is no opponent."""
        codes, images, masks = self.batch()
        self.descend(0, self.g_loss(codes, (images + 1) / 2, (masks + 1) / 2))

    def attributetoimage_g_loss(self, codes, images, masks):
        """Squared errors of image and mask, summed over their values."""
        made = self.g[0](codes)
        image_errors = ((made[:, :-1] + 1) / 2 - images * masks).square().flatten(1).sum(1)
        mask_errors = (made[:, -1:] - masks).square().flatten(1).sum(1)
        return image_errors.mean() + self.case["mask_weight"] * mask_errors.mean()

    def srgan(self):
        """Both updates share one generator pass."""
        small, large = self.batch()
        self.turn(0)
        fake = self.g_pass((small + 1) / 2)
        self.turn(1)
        self.descend(1, self.d_loss(large, fake.detach()))
        self.turn(0)
        loss = self.case["adversarial_weight"] * self.g_loss(fake)
        self.descend(0, loss + F.mse_loss(fake, large))

    def gancls(self):
        """Both updates share one generator pass."""
        real, text, other = self.batch()
        self.turn(0)
        fake = self.g_pass(self.noise(len(real)), text)
        self.turn(1)
        right, wrong = self.d_pass(real, text), self.d_pass(real, other)
        loss = bce(right, True) + 0.5 * bce(wrong, False)
        self.descend(1, loss + 0.5 * bce(self.d_pass(fake.detach(), text), False))
        self.turn(0)
        self.descend(0, bce(self.d_pass(fake, text), True))

    def dtn(self):
        """Three classes for D; g is told f(x), and f looks at what it makes of the source."""
        a, b = self.batch()
        with torch.no_grad():
            of_a, of_b = self.f(a), self.f(b)
        self.turn(0)
        fakes = self.g_pass(torch.cat([of_a, of_b]))
        self.turn(1)
        loss = classes(self.d_pass(b), 2)
        for label, scores in enumerate(self.d_pass(fakes.detach()).chunk(2)):
            loss = loss + classes(scores, label)
        self.descend(1, loss)
        self.turn(0)
        loss = sum(classes(scores, 2) for scores in self.d_pass(fakes).chunk(2))
        fake_a, fake_b = fakes.chunk(2)
        loss = loss + self.case["const_weight"] * F.mse_loss(self.f(fake_a), of_a)
        self.descend(0, loss + self.case["identity_weight"] * F.mse_loss(fake_b, b))

    def vae(self):
        """Both networks descend together."""
        (images,) = self.batch()
        encode, decode = self.roles[0]
        self.turn(0)
        self.descend(0, self.vae_loss(encode, decode, images))

    def vae_loss(self, encode, decode, images):
        """The negative bound, with a Gaussian likelihood."""
        mean, log_variance, codes = self.codes(encode(images))
        error = ((images - decode(codes)) / self.case["sigma"]).square().flatten(1).sum(1).mean()
        return 0.5 * error + self.case["beta"] * self.divergence(mean, log_variance)

    def codes(self, statistics):
        """Returns means, log-variances and codes drawn from them."""
        mean, log_variance = statistics.chunk(2, dim=1)
        noise = torch.randn_like(mean)
        return mean, log_variance, mean + (0.5 * log_variance).exp() * noise

    def divergence(self, mean, log_variance):
        """KL(N(m, s^2) || N(0, I))."""
        return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()

    def vaegan(self):
        """The discriminator's step, the decoder's, the encoder's; each judges again."""
        (images,) = self.batch()
        (encode,), (decode,), gamma = self.roles[0], self.roles[1], self.case["gamma"]
        self.turn(0)
        mean, log_variance, codes = self.codes(encode(images))
        prior = torch.randn_like(codes)
        self.turn(1)
        fakes = decode(torch.cat([codes.detach(), prior]))
        self.turn(2)
        _, right, *wrong = self.judged(images, *fakes.detach().chunk(2))
        self.descend(2, bce(right, True) + 0.5 * sum(bce(each, False) for each in wrong))
        self.turn(1)
        error, _, *wrong = self.judged(images, *fakes.chunk(2))
        if self.case["objective"] == "minimax":
            adversarial = -sum(bce(each, False) for each in wrong)
        else:
            adversarial = sum(bce(each, True) for each in wrong)
        self.descend(1, gamma * error + (1 - gamma) * adversarial)
        self.turn(0)
        error, *_ = self.judged(images, decode(codes))
        self.descend(0, error + self.case["beta"] * self.divergence(mean, log_variance))

    def judged(self, images, *fakes):
        """Returns the error of features, and the logits of images and of each batch of fakes."""
        layer = self.case["feature_layer"]
        features, logits = self.d[0](torch.cat([images, *fakes]), layer=layer)
        real, again, *_ = features.chunk(1 + len(fakes))
        error = 0.5 * (real - again).square().flatten(1).sum(1).mean()
        return error, *logits.chunk(1 + len(fakes))


def main():
    path, form = sys.argv[1:]
    with open(path) as file:
        case = json.load(file)
    start = time.perf_counter()
    game = Game(case, form == "compile")

    def run(steps):
        begin = time.perf_counter()
        for _ in range(steps):
            game.step()
        game.sums.tolist()  # Waits for the GPU.
        return time.perf_counter() - begin

    run(2)
    if DEVICE == "cpu" and form == "eager":  # Compiled code has a fixed number of threads.
        seconds = {}
        for threads in (torch.get_num_threads(), 1):
            torch.set_num_threads(threads)
            seconds[threads] = min(run(2) for _ in range(2))
        torch.set_num_threads(min(seconds, key=seconds.get))
    send({"ready": time.perf_counter() - start})
    for line in sys.stdin:
        send({"seconds": run(int(line))})
    peak = torch.cuda.max_memory_allocated() if DEVICE == "cuda" else peak_bytes()
    send({"peak": peak, "version": f"PyTorch {torch.__version__}"})


def peak_bytes():
    """As `tfgan_zoo.memory.peak_bytes`, which is not at hand here."""
    if os.path.exists("/proc/self/status"):
        with open("/proc/self/status") as file:
            (peak,) = [line.split()[1] for line in file if line.startswith("VmHWM:")]
        return 1024 * int(peak)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def send(message):
    print("@" + json.dumps(message), flush=True)


if __name__ == "__main__":
    main()
