"""PyTorch's contenders of `benchmarks.speed` compute the losses and updates of the zoo."""

import json

import keras
import numpy as np
import pytest

from benchmarks import speed_cases
from tests.benchmarks import played
from tfgan_zoo.layers import ClassEmbedding

torch = pytest.importorskip("torch")

from benchmarks import speed_torch  # noqa: E402


def arrays(network):
    """Yields weights in the layout of PyTorch, in the order of a network's description."""
    layers = {layer.name: layer for layer in network.layers}
    for node in speed_cases.nodes(network):
        layer = layers.get(node["name"])
        if isinstance(layer, keras.Model):
            yield from arrays(layer)
            continue
        for weight in layer.trainable_variables if layer else ():
            array = weight.numpy()
            if array.ndim > 1 and not isinstance(layer, ClassEmbedding):
                array = np.moveaxis(array, (-1, -2), (0, 1))  # outputs, inputs, height, ...
            yield array


def contender(model, monkeypatch):
    """Returns PyTorch's game with a model's weights, which descends as `played.descent` does."""
    case = json.loads(json.dumps(speed_cases.description(model, 4)))
    game = speed_torch.Game(case, compiled=False)
    for ours, theirs in zip(model.roles().values(), game.roles, strict=True):
        for own, other in zip(ours, theirs, strict=True):
            for array, parameter in zip(arrays(own), other.parameters(), strict=True):
                parameter.data.copy_(torch.from_numpy(array))
    game.optimizers = [
        torch.optim.SGD(optimizer.param_groups[0]["params"], played.RATE)
        for optimizer in game.optimizers
    ]
    latents = played.latents(4, case["latent"]).numpy()
    monkeypatch.setattr(game, "noise", lambda count: torch.from_numpy(latents))
    monkeypatch.setattr(torch, "randperm", lambda count, device: torch.arange(count))
    return game


def show(game, batch):
    """Makes these the only rows that a game has."""
    parts = batch.values() if isinstance(batch, dict) else [batch]
    tensors = [torch.from_numpy(part) for part in parts]
    game.arrays = [x.long() if x.dtype == torch.int32 else x for x in tensors]


@pytest.mark.parametrize("path", [*played.CASES, "pix2pix_hd compiled"])
def test_pytorch_has_the_same_losses(path, monkeypatch):
    name = path.removesuffix(" compiled")
    model = played.build(name)
    batches = [model.example_batch(4, seed) for seed in range(2)]
    game = contender(model, monkeypatch)
    game.compiled = name != path  # Takes the way of compiled code, without compiling it.
    # A step draws its rows with replacement.
    monkeypatch.setattr(torch, "randint", lambda low, high, size: torch.arange(4))
    for batch in batches:
        show(game, batch)
        game.step()
    losses = played.losses(model, batches, monkeypatch)
    expected = [2 * losses[key] for key in played.minimized(model)]
    assert game.sums.tolist() == pytest.approx(expected, rel=1e-4)
