"""The usual DCGAN in PyTorch, for `benchmarks.validity`, which runs it with PyTorch's Python.

  python benchmarks/validity_torch.py IMAGES.npy SAMPLES.npz MINUTES POINTS NUM

The networks, losses and settings of PyTorch's DCGAN tutorial, for images of 32 pixels instead of
64: one layer fewer in each network. Writes NUM samples for each of POINTS moments of training and
their seconds, without those of sampling.
"""

import sys
import time

import numpy as np
import torch
from torch import nn

WIDTH, LATENT, BATCH, RATE, BETA_1 = 64, 100, 128, 2e-4, 0.5


def up(inputs, outputs, stride=2):
    """Doubles maps, or makes the first ones of the noise."""
    padding = stride // 2
    yield nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)
    yield nn.BatchNorm2d(outputs)
    yield nn.ReLU(inplace=True)


def down(inputs, outputs, normalised=True):
    """Halves maps."""
    yield nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)
    if normalised:
        yield nn.BatchNorm2d(outputs)
    yield nn.LeakyReLU(0.2, inplace=True)


def initialise(layer):
    """Draws weights as the paper does."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)


def networks(channels):
    """Returns a generator and a discriminator of images of 32 pixels."""
    generator = nn.Sequential(
        *up(LATENT, WIDTH * 4, 1),
        *up(WIDTH * 4, WIDTH * 2),
        *up(WIDTH * 2, WIDTH),
        nn.ConvTranspose2d(WIDTH, channels, 4, 2, 1, bias=False),
        nn.Tanh(),
    ).apply(initialise)
    discriminator = nn.Sequential(
        *down(channels, WIDTH, normalised=False),
        *down(WIDTH, WIDTH * 2),
        *down(WIDTH * 2, WIDTH * 4),
        nn.Conv2d(WIDTH * 4, 1, 4, bias=False),
        nn.Flatten(),
    ).apply(initialise)
    return generator, discriminator


def steps(generator, discriminator, images, flip=True):
    """Trains for ever; yields after each step."""
    d_adam, g_adam = (
        torch.optim.Adam(network.parameters(), RATE, (BETA_1, 0.999))
        for network in (discriminator, generator)
    )
    loss = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    while True:
        for rows in torch.randperm(len(images)).split(BATCH)[:-1]:
            real = images[rows]
            if flip:
                flipped = torch.rand(BATCH, 1, 1, 1) < 0.5
                real = torch.where(flipped, real.flip(3), real)
            fake = generator(torch.randn(BATCH, LATENT, 1, 1))
            d_adam.zero_grad()
            loss(discriminator(real), ones).backward()
            loss(discriminator(fake.detach()), zeros).backward()
            d_adam.step()
            g_adam.zero_grad()
            loss(discriminator(fake), ones).backward()
            g_adam.step()
            yield


def main():
    """Trains and draws."""
    path, output, minutes, points, num = sys.argv[1:]
    seconds, points, num = 60 * float(minutes), int(points), int(num)
    torch.manual_seed(0)
    images = torch.from_numpy(np.load(path)).permute(0, 3, 1, 2).float() / 127.5 - 1
    generator, discriminator = networks(images.shape[1])
    spent, times, drawn = 0.0, [], []
    begin = time.perf_counter()
    for _ in steps(generator, discriminator, images):
        now = spent + time.perf_counter() - begin
        if now >= seconds * (len(times) + 1) / points:
            spent = now
            times.append(spent)
            drawn.append(samples(generator, num))
            print(f"{spent / 60:.1f} of {seconds / 60:g} minutes", flush=True)
            if len(times) == points:
                break
            begin = time.perf_counter()
    np.savez_compressed(output, seconds=times, images=np.stack(drawn))


@torch.no_grad()
def samples(generator, num):
    """Draws images as numbers from 0 to 255, by the statistics of their batch, as the tutorial."""
    noise = torch.randn(num, LATENT, 1, 1)
    return to_bytes(torch.cat([generator(each) for each in noise.split(BATCH)]))


def to_bytes(images):
    """Returns images in [-1, 1] as numbers from 0 to 255, channels last."""
    return ((images + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()


if __name__ == "__main__":
    main()
