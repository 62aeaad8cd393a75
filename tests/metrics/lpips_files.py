"""Files of LPIPS with random weights: of torchvision's networks, and of the authors' heads."""

import numpy as np

from tests.weight_files.torch_files import write_arrays

#: Sizes of torchvision's networks: (number, filters, size, stride, padding), and "pool".
ALEX = [(0, 64, 11, 4, 2), "pool", (3, 192, 5, 1, 2), "pool", (6, 384, 3, 1, 1)]
ALEX += [(8, 256, 3, 1, 1), (10, 256, 3, 1, 1)]
VGG = [(n, f, 3, 1, 1) for n, f in ((0, 64), (2, 64), (5, 128), (7, 128))]
VGG += [(n, 256, 3, 1, 1) for n in (10, 12, 14)]
VGG += [(n, 512, 3, 1, 1) for n in (17, 19, 21, 24, 26, 28)]


def backbone(layers):
    """Returns random weights in PyTorch's layout, and one that is not used."""
    random, before = np.random.default_rng(0), 3
    found = {}
    for number, filters, size, _, _ in (each for each in layers if each != "pool"):
        kernel = random.standard_normal((filters, before, size, size), np.float32)
        found[f"features.{number}.weight"] = kernel * np.float32(np.sqrt(2 / kernel[0].size))
        found[f"features.{number}.bias"] = random.standard_normal(filters, np.float32) / 10
        before = filters
    return found | {"classifier.1.bias": np.ones(3, np.float32)}


def heads(channels):
    random = np.random.default_rng(1)
    return {
        f"lin{i}.model.1.weight": random.random((1, c, 1, 1), np.float32)
        for i, c in enumerate(channels)
    }


ALEX_CHANNELS, VGG_CHANNELS = (64, 192, 384, 256, 256), (64, 128, 256, 512, 512)


def write_alexnet(folder):
    """Writes both files of AlexNet, one of each format."""
    return (
        write_arrays(folder / "alexnet.pth", backbone(ALEX)),
        write_arrays(folder / "alex.pth", heads(ALEX_CHANNELS), zipped=False),
    )
