"""LPIPS against the same arithmetic in NumPy, on random weights in PyTorch's formats."""

import hashlib

import numpy as np
import pytest

from tests.metrics.lpips_files import (
    ALEX,
    ALEX_CHANNELS,
    VGG,
    VGG_CHANNELS,
    backbone,
    heads,
    write_alexnet,
)
from tests.weight_files.torch_files import write_arrays
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics import lpips, lpips_distance, perceptual_path_length


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The two files of AlexNet, one of each format."""
    return write_alexnet(tmp_path_factory.mktemp("lpips"))


def convolved(x, kernel, bias, stride, padding):
    """Convolves [H, W, C] by loops over the kernel's positions, and applies ReLU."""
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    size = kernel.shape[-1]
    height, width = ((n - size) // stride + 1 for n in x.shape[:2])
    y = np.zeros((height, width, len(kernel)))
    for i in range(size):
        for j in range(size):
            part = x[i : i + stride * height : stride, j : j + stride * width : stride]
            y += part @ kernel[:, :, i, j].T.astype(np.float64)
    return np.maximum(y + bias, 0)


def pooled(x, size, stride):
    height, width = ((n - size) // stride + 1 for n in x.shape[:2])
    parts = [
        x[i : i + stride * height : stride, j : j + stride * width : stride]
        for i in range(size)
        for j in range(size)
    ]
    return np.max(parts, axis=0)


def expected(image, reference, weights, weighing, network):
    """Computes the distance of two images, uint8 [H, W, 3]."""
    layers = []
    for pixels in (image, reference):
        x = pixels / 255 * 2 - 1
        x = (x - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450]
        found = []
        for each in ALEX if network == "alex" else VGG:
            if each == "pool":
                x = pooled(x, 3, 2)
                continue
            number, _, _, stride, padding = each
            if network == "vgg" and number in (5, 10, 17, 24):
                x = pooled(x, 2, 2)
            kernel, bias = (weights[f"features.{number}.{part}"] for part in ("weight", "bias"))
            x = convolved(x, kernel, bias, stride, padding)
            if network == "alex" or number in (2, 7, 14, 21, 28):
                found.append(x)
        layers.append(found)
    total = 0.0
    for (a, b), w in zip(zip(*layers, strict=True), weighing.values(), strict=True):
        a, b = (y / (np.linalg.norm(y, axis=-1, keepdims=True) + 1e-10) for y in (a, b))
        total += ((a - b) ** 2 @ w.ravel()).mean()
    return total


def pair(height, width, noise, seed=0):
    random = np.random.default_rng(seed)
    reference = random.integers(0, 256, (height, width, 3), np.uint8)
    moved = reference + random.normal(0, noise, reference.shape)
    return np.clip(moved.round(), 0, 255).astype(np.uint8), reference


def test_distances_by_alexnet(files):
    distance = lpips_distance(*files)
    assert distance.name == "lpips[alex]"
    weights, weighing = backbone(ALEX), heads(ALEX_CHANNELS)
    pairs = [pair(45, 42, noise, i) for i, noise in enumerate((5, 20, 80))]
    a, b = (np.stack(each) for each in zip(*pairs, strict=True))
    found = distance(a, b)
    wanted = [expected(*each, weights, weighing, "alex") for each in pairs]
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    assert found[0] < found[1] < found[2]  # more noise is farther away
    np.testing.assert_allclose(distance(b, a), found, rtol=1e-5)
    assert distance(a, a).tolist() == [0, 0, 0]
    # Floats are the same images. A grey one is three equal channels.
    np.testing.assert_allclose(distance(a / 127.5 - 1, b), found, rtol=1e-3)
    grey = [np.repeat(each[..., :1], 3, axis=-1) for each in (a, b)]
    np.testing.assert_array_equal(distance(a[..., :1], b[..., :1]), distance(*grey))
    # Pixels at the border are left out, and all channels count.
    inside = distance(a[:1, 4:-4, 4:-4], b[:1, 4:-4, 4:-4])
    assert distance.of_pair(a[0], b[0], 4, "y") == pytest.approx(float(inside[0]), rel=1e-5)


@pytest.mark.slow
def test_distances_by_vgg16(tmp_path):
    weights, weighing = backbone(VGG), heads(VGG_CHANNELS)
    files = (
        write_arrays(tmp_path / "vgg16.pth", weights, zipped=False),
        write_arrays(tmp_path / "vgg.pth", weighing),
    )
    distance = lpips_distance(*files)
    assert distance.name == "lpips[vgg]"
    image, reference = pair(37, 18, 30)
    wanted = expected(image, reference, weights, weighing, "vgg")
    np.testing.assert_allclose(distance(image[None], reference[None]), [wanted], rtol=1e-4)


def test_the_smallest_images(files):
    distance = lpips_distance(*files)
    small = np.zeros((1, 31, 31, 3), np.uint8)
    assert distance(small, small) == 0
    with pytest.raises(InputError, match="expected images of 31x31 pixels or more for lpips by Al"):
        distance(small[:, 1:], small[:, 1:])
    with pytest.raises(InputError, match="expected the references' shape"):
        distance(small, small[:, :, :30])
    with pytest.raises(InputError, match=r"floats in \[-1, 1\]"):
        distance(small + 255.0, small + 255.0)


def test_files_of_other_networks_are_refused(files, tmp_path):
    alexnet, good = files
    file = tmp_path / "heads.pth"
    for arrays, sentence in (
        (heads(VGG_CHANNELS), "expected those of version 0.1 for AlexNet, the backbone, got"),
        (heads(ALEX_CHANNELS[:4]), "expected those of version 0.1 for AlexNet"),
        ({k: -v for k, v in heads(ALEX_CHANNELS).items()}, "expected weights from 0 up, got"),
        (
            {k: v + np.inf for k, v in heads(ALEX_CHANNELS).items()},
            "expected weights from 0 up, got",
        ),
    ):
        write_arrays(file, arrays)
        with pytest.raises(InputError, match=f"^heads: {sentence}"):
            lpips_distance(alexnet, file)
    weights = backbone(ALEX)
    kernel = weights["features.3.weight"]
    for changed, sentence in (
        ({"features.3.weight": kernel[:, :, 1:, 1:]}, "AlexNet or VGG16, got .* of another net"),
        ({"features.12.bias": kernel[0, 0, 0]}, "AlexNet or VGG16, got .* of another network"),
        ({"features.0.bias": np.full(64, np.nan, np.float32)}, "expected finite numbers, got"),
    ):
        write_arrays(file, weights | changed)
        with pytest.raises(InputError, match=f"^backbone: .*{sentence}"):
            lpips_distance(file, good)
    with pytest.raises(InputError, match=r"^backbone: there is no file .*alexnet-owt-7be5be79.pth"):
        lpips_distance(tmp_path / "none.pth", good)
    with pytest.raises(InputError, match=r"^heads: there is no file .*/lpips/weights/v0.1/alex.pt"):
        lpips_distance(alexnet, tmp_path / "none.pth")


def test_heads_of_the_cache_are_known_by_their_checksum(files, tmp_path, monkeypatch, offline):
    alexnet, good = files
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path))
    cached = tmp_path / "lpips_v0.1_alex.pth"
    cached.write_bytes(good.read_bytes())
    with pytest.raises(
        InputError, match=r"^heads: .* cannot be downloaded .*; download https://git"
    ):
        lpips_distance(alexnet)
    digest = hashlib.sha256(good.read_bytes()).hexdigest()
    known = lpips.NETWORKS["alex"]._replace(sha256=digest)
    monkeypatch.setitem(lpips.NETWORKS, "alex", known)
    assert lpips_distance(alexnet).fingerprint == lpips_distance(alexnet, good).fingerprint


def test_path_length_takes_it_as_its_distance(files):
    def generate(latents):
        image = np.tanh(latents @ np.random.default_rng(0).normal(size=(4, 31 * 31 * 3)))
        return image.reshape(-1, 31, 31, 3).astype(np.float32)

    distance = lpips_distance(*files)
    length = perceptual_path_length(generate, 4, distance, num=4, eps=1e-2)
    assert 0 < length < np.inf
