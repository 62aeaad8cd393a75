"""The contenders of `benchmarks.time_to_quality` in PyTorch, run with PyTorch's Python.

  python benchmarks/time_to_quality_torch.py CASE DATA.npz OUTPUT.npz SEED BEGAN SECONDS ...

Networks, losses and settings of the public PyTorch examples: the DCGAN tutorial, WGAN-GP with its
networks, pix2pix and CycleGAN as their authors publish them, SRResNet, and GAN-CLS with the
tutorial's networks. For smaller images, layers are left out, and nothing else is changed. They do
not depend on the time that they get.

BEGAN is when the process was started, as `time.monotonic` says, and SECONDS are moments after it.
At each, the weights are saved, which counts, and outputs are written, which does not.
"""

import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from validity_torch import initialise, networks, samples, steps, to_bytes, up

#: Samples that are drawn without inputs.
NUM = 10_000


def floats(images):
    """Returns images in [-1, 1], channels first."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1


def epochs(num, batch):
    """Yields the rows of batches for ever."""
    while True:
        yield from torch.randperm(num).split(batch)[: max(1, num // batch)]


def adam(network, rate=2e-4, beta_1=0.5, beta_2=0.999):
    """Returns an optimizer of a network."""
    return torch.optim.Adam(network.parameters(), rate, (beta_1, beta_2))


@torch.no_grad()
def in_batches(network, *inputs, batch=100):
    """Returns a network's outputs as bytes."""
    parts = zip(*(each.split(batch) for each in inputs), strict=True)
    return np.concatenate([to_bytes(network(*part)) for part in parts])


# ---------------------------------------------------------------------- from noise


def dcgan(data):
    """PyTorch's tutorial."""
    images = floats(data["images"])
    generator, discriminator = networks(images.shape[1])
    return generator, steps(generator, discriminator, images, False), lambda: draw(generator)


def draw(generator):
    """Draws samples, some at a time."""
    return np.concatenate([samples(generator, 500) for _ in range(NUM // 500)])


def wgan_gp(data):
    """Five critic steps, lambda 10, Adam 1e-4 with betas 0 and 0.9, no norm in the critic."""
    images, batch, latent = floats(data["images"]), 64, 100
    generator, critic = networks(images.shape[1])
    critic = nn.Sequential(*(x for x in critic if not isinstance(x, nn.BatchNorm2d)))
    c_adam, g_adam = (adam(each, 1e-4, 0.0, 0.9) for each in (critic, generator))
    rows = epochs(len(images), batch)

    def train():
        while True:
            for _ in range(5):
                real = images[next(rows)]
                with torch.no_grad():
                    fake = generator(torch.randn(batch, latent, 1, 1))
                share = torch.rand(batch, 1, 1, 1)
                between = (share * real + (1 - share) * fake).requires_grad_()
                score = critic(between).sum()
                (slope,) = torch.autograd.grad(score, between, create_graph=True)
                penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
                c_adam.zero_grad()
                (critic(fake).mean() - critic(real).mean() + 10 * penalty).backward()
                c_adam.step()
            g_adam.zero_grad()
            (-critic(generator(torch.randn(batch, latent, 1, 1))).mean()).backward()
            g_adam.step()
            yield

    return generator, train(), lambda: draw(generator)


# ---------------------------------------------------------------------- translation


class Level(nn.Module):
    """A level of pix2pix's U-Net, with those below inside of it."""

    def __init__(self, outer, inner, below=None, outermost=False, channels=None, dropout=False):
        super().__init__()
        self.outermost = outermost
        first = nn.Conv2d(channels or outer, inner, 4, 2, 1, bias=below is None)
        twice = inner if below is None else 2 * inner
        last = nn.ConvTranspose2d(twice, outer, 4, 2, 1, bias=outermost)
        if outermost:
            layers = [first, below, nn.ReLU(), last, nn.Tanh()]
        elif below is None:
            layers = [nn.LeakyReLU(0.2), first, nn.ReLU(), last, nn.BatchNorm2d(outer)]
        else:
            down = [nn.LeakyReLU(0.2), first, nn.BatchNorm2d(inner)]
            layers = [*down, below, nn.ReLU(), last, nn.BatchNorm2d(outer)]
            layers += [nn.Dropout(0.5)] * dropout
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        """Adds the level's channels to its input."""
        return self.layers(x) if self.outermost else torch.cat([x, self.layers(x)], 1)


def unet(inputs, outputs, side, width=64):
    """The generator of pix2pix: halves down to one pixel."""
    depth = side.bit_length() - 1
    net = Level(width * 8, width * 8)
    for _ in range(depth - 5):
        net = Level(width * 8, width * 8, net, dropout=True)
    for times in (4, 2, 1):
        net = Level(width * times, width * 2 * times, net)
    return Level(outputs, width, net, outermost=True, channels=inputs).apply(initialise)


def patchgan(channels, norm, width=64, layers=3):
    """The discriminator of patches of 70 pixels."""
    net = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for i in range(1, layers + 1):
        before, after = (width * min(2**n, 8) for n in (i - 1, i))
        stride = 2 if i < layers else 1
        net += [nn.Conv2d(before, after, 4, stride, 1), norm(after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*net, nn.Conv2d(after, 1, 4, 1, 1)).apply(initialise)


def requires_grad(network, value):
    """Freezes a network or trains it on."""
    for weight in network.parameters():
        weight.requires_grad_(value)


def pix2pix(data):
    """Batches of 1, cross-entropy and 100 L1, images enlarged and cropped, mirrored."""
    a, b, tests = (floats(data[name]) for name in ("a", "b", "inputs"))
    side = tests.shape[-1]
    generator = unet(a.shape[1], b.shape[1], side)
    discriminator = patchgan(a.shape[1] + b.shape[1], nn.BatchNorm2d)
    g_adam, d_adam = adam(generator), adam(discriminator)
    loss, rows = nn.BCEWithLogitsLoss(), epochs(len(a), 1)

    def train():
        while True:
            row, span = next(rows), a.shape[-1] - side + 1
            top, left = (int(torch.randint(span, ())) for _ in range(2))
            mirror = bool(torch.rand(()) < 0.5)
            cut = [x[row][..., top : top + side, left : left + side] for x in (a, b)]
            x, y = (each.flip(3) if mirror else each for each in cut)
            fake = generator(x)
            requires_grad(discriminator, True)
            d_adam.zero_grad()
            told_fake = discriminator(torch.cat([x, fake.detach()], 1))
            told_real = discriminator(torch.cat([x, y], 1))
            wrong, right = torch.zeros_like(told_fake), torch.ones_like(told_real)
            (0.5 * (loss(told_fake, wrong) + loss(told_real, right))).backward()
            d_adam.step()
            requires_grad(discriminator, False)
            g_adam.zero_grad()
            told = discriminator(torch.cat([x, fake], 1))
            (loss(told, right) + 100 * F.l1_loss(fake, y)).backward()
            g_adam.step()
            yield

    # In the authors' test, batch normalisation and dropout work as in training.
    return generator, train(), lambda: in_batches(generator, tests, batch=1)


class Residual(nn.Module):
    """A residual block."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        """Adds the block's outputs to its inputs."""
        return x + self.layers(x)


def resnet(channels, width=64, blocks=6):
    """The generator of CycleGAN for images below 256 pixels."""

    def norm(maps):
        return [nn.InstanceNorm2d(maps), nn.ReLU()]

    net = [nn.ReflectionPad2d(3), nn.Conv2d(channels, width, 7), *norm(width)]
    for maps in (width, 2 * width):
        net += [nn.Conv2d(maps, 2 * maps, 3, 2, 1), *norm(2 * maps)]
    wide = 4 * width
    for _ in range(blocks):
        part = [nn.ReflectionPad2d(1), nn.Conv2d(wide, wide, 3), *norm(wide)]
        part += [nn.ReflectionPad2d(1), nn.Conv2d(wide, wide, 3), nn.InstanceNorm2d(wide)]
        net.append(Residual(*part))
    for maps in (wide, wide // 2):
        net += [nn.ConvTranspose2d(maps, maps // 2, 3, 2, 1, output_padding=1), *norm(maps // 2)]
    net += [nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh()]
    return nn.Sequential(*net).apply(initialise)


class Pool:
    """Fakes of earlier steps: half of the time one of 50 takes the place of the new one."""

    def __init__(self):
        self.fakes = []

    def __call__(self, fake):
        """Returns a fake for the discriminator."""
        fake = fake.detach()
        if len(self.fakes) < 50:
            self.fakes.append(fake)
            return fake
        if torch.rand(()) < 0.5:
            return fake
        i = int(torch.randint(50, ()))
        old, self.fakes[i] = self.fakes[i], fake
        return old


def cyclegan(data):
    """Batches of 1, least squares, 10 for cycles, half of that for identities, a pool of 50."""
    a, b, tests = (floats(data[name]) for name in ("a", "b", "inputs"))
    channels = a.shape[1]
    to_b, to_a = resnet(channels), resnet(channels)
    of_a, of_b = (patchgan(channels, nn.InstanceNorm2d) for _ in range(2))
    g_adam, d_adam = adam(nn.ModuleList([to_b, to_a])), adam(nn.ModuleList([of_a, of_b]))
    rows_a, rows_b = epochs(len(a), 1), epochs(len(b), 1)
    pool_a, pool_b = Pool(), Pool()

    def squares(told, target):
        return F.mse_loss(told, torch.full_like(told, target))

    def train():
        while True:
            x, y = a[next(rows_a)], b[next(rows_b)]
            for each in (of_a, of_b):
                requires_grad(each, False)
            g_adam.zero_grad()
            fake_b, fake_a = to_b(x), to_a(y)
            games = squares(of_b(fake_b), 1.0) + squares(of_a(fake_a), 1.0)
            cycles = F.l1_loss(to_a(fake_b), x) + F.l1_loss(to_b(fake_a), y)
            identities = F.l1_loss(to_a(x), x) + F.l1_loss(to_b(y), y)
            (games + 10 * cycles + 5 * identities).backward()
            g_adam.step()
            d_adam.zero_grad()
            for each, real, fake in ((of_a, x, pool_a(fake_a)), (of_b, y, pool_b(fake_b))):
                requires_grad(each, True)
                (0.5 * (squares(each(real), 1.0) + squares(each(fake), 0.0))).backward()
            d_adam.step()
            yield

    return to_b, train(), lambda: in_batches(to_b, tests)


# ---------------------------------------------------------------------- super-resolution


class SRResNet(nn.Module):
    """Sixteen residual blocks of 64 maps, then two doublings by pixel shuffling."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 64, 9, 1, 4, bias=False), nn.PReLU())
        self.blocks = nn.Sequential(*(self.block() for _ in range(16)))
        self.middle = nn.Sequential(nn.Conv2d(64, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64))
        double = (nn.Conv2d(64, 256, 3, 1, 1, bias=False), nn.PixelShuffle(2), nn.PReLU())
        again = (nn.Conv2d(64, 256, 3, 1, 1, bias=False), nn.PixelShuffle(2), nn.PReLU())
        self.last = nn.Sequential(*double, *again, nn.Conv2d(64, 3, 9, 1, 4, bias=False))

    @staticmethod
    def block():
        """Returns a residual block."""
        first = nn.Conv2d(64, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU()
        return Residual(*first, nn.Conv2d(64, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64))

    def forward(self, x):
        """Enlarges images four times."""
        first = self.first(x)
        return self.last(first + self.middle(self.blocks(first)))


def srresnet(data):
    """Batches of 16 crops of 96 pixels, squared error, Adam 1e-4."""
    large, small, tests = (
        [floats(data[name][None]) for name in data.files if name.startswith(f"{kind}_")]
        for kind in ("large", "small", "inputs")
    )
    network = SRResNet()
    optimizer = adam(network, 1e-4, 0.9)
    # Images that are smaller than a crop cannot be in a batch.
    usable = [i for i, x in enumerate(small) if min(x.shape[2:]) >= 24]
    rows = epochs(len(usable), 16)

    def crop(i):
        height, width = small[i].shape[2:]
        top, left = (int(torch.randint(n - 23, ())) for n in (height, width))
        low = small[i][..., top : top + 24, left : left + 24]
        top, left = 4 * top, 4 * left
        pair = low, large[i][..., top : top + 96, left : left + 96]
        return [x.flip(3) for x in pair] if torch.rand(()) < 0.5 else pair

    def train():
        while True:
            low, high = (
                torch.cat(x) for x in zip(*(crop(usable[i]) for i in next(rows)), strict=True)
            )
            optimizer.zero_grad()
            F.mse_loss(network(low), high).backward()
            optimizer.step()
            yield

    def outputs():
        network.eval()
        made = {f"image_{i}": in_batches(network, x)[0] for i, x in enumerate(tests)}
        network.train()
        return made

    return network, train(), outputs


# ---------------------------------------------------------------------- from texts


class TextGenerator(nn.Module):
    """The tutorial's generator, told a projected text."""

    def __init__(self, dim, channels, projected=128):
        super().__init__()
        self.project = nn.Sequential(
            nn.Linear(dim, projected), nn.BatchNorm1d(projected), nn.LeakyReLU(0.2)
        )
        layers = *up(100 + projected, 256, 1), *up(256, 128), *up(128, 64)
        last = nn.ConvTranspose2d(64, channels, 4, 2, 1, bias=False)
        self.layers = nn.Sequential(*layers, last, nn.Tanh())

    def forward(self, noise, text):
        """Draws images of texts."""
        return self.layers(torch.cat([noise, self.project(text)[:, :, None, None]], 1))


class TextDiscriminator(nn.Module):
    """The tutorial's discriminator, told a projected text at maps of 4 pixels."""

    def __init__(self, dim, channels, projected=128):
        super().__init__()
        self.project = nn.Sequential(
            nn.Linear(dim, projected), nn.BatchNorm1d(projected), nn.LeakyReLU(0.2)
        )
        self.first = nn.Sequential(*networks(channels)[1][:-2])
        self.last = nn.Conv2d(256 + projected, 1, 4, bias=False)

    def forward(self, images, text):
        """Returns logits and the maps before them."""
        maps = self.first(images)
        text = self.project(text)[:, :, None, None].expand(-1, -1, 4, 4)
        return self.last(torch.cat([maps, text], 1)).flatten(1), maps


def gan_cls(data):
    """Mismatching texts, one-sided label smoothing, feature matching and 50 L1, batches of 64."""
    images, texts, tests = (
        floats(data["images"]),
        *map(torch.tensor, (data["texts"], data["tests"])),
    )
    dim, batch = texts.shape[1], 64
    generator = TextGenerator(dim, images.shape[1]).apply(initialise)
    discriminator = TextDiscriminator(dim, images.shape[1]).apply(initialise)
    g_adam, d_adam = adam(generator), adam(discriminator)
    loss = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
    rows, others = epochs(len(images), batch), epochs(len(images), batch)

    def train():
        while True:
            row = next(rows)
            real, text = images[row], texts[row]
            wrong = images[next(others)]
            d_adam.zero_grad()
            with torch.no_grad():
                fake = generator(torch.randn(batch, 100, 1, 1), text)
            told = loss(discriminator(real, text)[0], 0.9 * ones)
            told = told + loss(discriminator(wrong, text)[0], zeros)
            (told + loss(discriminator(fake, text)[0], zeros)).backward()
            d_adam.step()
            g_adam.zero_grad()
            fake = generator(torch.randn(batch, 100, 1, 1), text)
            logits, maps = discriminator(fake, text)
            matched = F.mse_loss(maps.mean(0), discriminator(real, text)[1].mean(0).detach())
            (loss(logits, ones) + 100 * matched + 50 * F.l1_loss(fake, real)).backward()
            g_adam.step()
            yield

    def outputs():
        generator.eval()
        noise = torch.randn(len(tests), 100, 1, 1)
        made = in_batches(generator, noise, tests)
        generator.train()
        return made

    return generator, train(), outputs


CASES = {
    "dcgan": dcgan,
    "wgan_gp": wgan_gp,
    "pix2pix": pix2pix,
    "cyclegan": cyclegan,
    "srresnet": srresnet,
    "gan_cls": gan_cls,
}


def main():
    """Trains, and writes outputs at each moment."""
    case, data, output, seed, began, *moments = sys.argv[1:]
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(int(seed))
    with np.load(data) as arrays:
        network, training, outputs = CASES[case](arrays)
    # The time that is not counted.
    paused, seconds, count, found = 0.0, [], [], {}
    moments = [float(moment) for moment in moments]
    for step in itertools.count(1):
        next(training)
        if time.monotonic() - float(began) - paused < moments[len(seconds)]:
            continue
        with tempfile.TemporaryFile() as file:
            torch.save(network.state_dict(), file)
        pause = time.monotonic()
        seconds.append(pause - float(began) - paused)
        count.append(step)
        made = outputs()
        made = made if isinstance(made, dict) else {"images": made}
        found |= {f"{len(seconds) - 1}_{name}": image for name, image in made.items()}
        print(f"{seconds[-1] / 60:.2f} of {moments[-1] / 60:g} minutes", flush=True)
        if len(seconds) == len(moments):
            break
        paused += time.monotonic() - pause
    temporary = Path(output).with_suffix(".part.npz")
    np.savez_compressed(temporary, seconds=seconds, steps=count, **found)
    temporary.rename(output)


if __name__ == "__main__":
    main()
