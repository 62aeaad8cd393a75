"""Imported networks against their authors' arithmetic in NumPy, for every family."""

import numpy as np
import pytest
import tensorflow as tf

from tests.importing import authors
from tests.marks import slow, slow_except
from tests.weight_files.torch_files import as_bfloat16, write_arrays, write_safetensors
from tfgan_zoo.importing import FAMILIES, Request, opened
from tfgan_zoo.networks import NETWORKS
from tfgan_zoo.run.importing import assign


def write_old(path, state):
    return write_arrays(path, state, zipped=False)


def write_npz(path, state):
    with path.open("wb") as file:
        np.savez(file, **state)
    return path


def wrapped(state):
    """As `DataParallel` saves what `torch.compile` returns, in a model that holds it."""
    return {f"net_g.module._orig_mod.{key}": value for key, value in state.items()}


def averaged(state):
    """As Real-ESRGAN's training saves: other weights beside the averaged ones."""
    others = {key: np.zeros_like(value) for key, value in state.items()}
    return {"params": others, "params_ema": state, "iter": np.array(5)}


def with_statistics(state):
    """As PyTorch 0.3 saved instance normalisation."""
    made = dict(state)
    for name in ("model.2", "model.10.conv_block.6"):
        made[f"{name}.running_mean"] = np.full(4, np.nan, "float32")
        made[f"{name}.running_var"] = np.full(4, np.nan, "float32")
        made[f"{name}.num_batches_tracked"] = np.array(0)
    return made


def half(state):
    return {key: value.astype("float16") for key, value in state.items()}


def same(state):
    return state


#: Case -> family, state, how it is named and kept in the file, the writer, size of the image.
CASES = {
    "resnet": (
        "cyclegan",
        lambda: authors.cyclegan_state(dropout=True),
        same,
        write_arrays,
        (16, 24),
    ),
    "resnet_old": (
        "cyclegan",
        lambda: authors.cyclegan_state(channels=1, blocks=1),
        with_statistics,
        write_old,
        (20, 16),
    ),
    "resnet_batch": (
        "cyclegan",
        lambda: authors.cyclegan_state(out=1, kind="batch"),
        wrapped,
        write_safetensors,
        (16, 20),
    ),
    "resnet_none": (
        "cyclegan",
        lambda: authors.cyclegan_state(kind="none"),
        same,
        write_arrays,
        (16, 16),
    ),
    "unet": ("pix2pix", lambda: authors.pix2pix_state(), same, write_old, (32, 64)),
    "unet_instance": (
        "pix2pix",
        # The innermost maps are one pixel, of which instance normalisation leaves nothing.
        lambda: authors.pix2pix_state(channels=1, out=2, kind="instance"),
        wrapped,
        write_arrays,
        (64, 64),
    ),
    "unet_none": ("pix2pix", lambda: authors.pix2pix_state(kind="none"), same, write_npz, (32, 32)),
    "rrdb": ("realesrgan", lambda: authors.rrdb_state(), averaged, write_arrays, (6, 9)),
    "rrdb_x2": ("realesrgan", lambda: authors.rrdb_state(2), averaged, write_old, (6, 10)),
    "rrdb_first": (
        "esrgan",
        lambda: authors.rrdb_state(),
        authors.as_first_esrgan,
        write_arrays,
        (6, 9),
    ),
    "rrdb_numbered": (
        "esrgan",
        lambda: authors.rrdb_state(),
        authors.as_numbered_esrgan,
        write_npz,
        (6, 9),
    ),
    "srvgg": ("srvgg", lambda: authors.srvgg_state(), averaged, write_arrays, (6, 9)),
    "srvgg_x2_grey": (
        "srvgg",
        lambda: authors.srvgg_state(2, channels=1),
        lambda state: {f"params.{key}": value for key, value in state.items()},
        write_safetensors,
        (6, 9),
    ),
    "msrresnet": ("msrresnet", lambda: authors.msrresnet_state(), same, write_arrays, (6, 9)),
    "msrresnet_x2": (
        "msrresnet",
        lambda: authors.msrresnet_state(2),
        lambda state: authors.renamed(state, ("body.", "recon_trunk."), ("conv_hr", "HRconv")),
        write_npz,
        (6, 9),
    ),
}
QUICK = {*CASES} - {
    "resnet_none",
    "unet_none",
    "rrdb",
    "rrdb_numbered",
    "srvgg_x2_grey",
    "msrresnet_x2",
}
every_case = pytest.mark.parametrize("case", slow_except(QUICK, CASES))


def network_of(family, path):
    """Returns the network of a file, without the model around it."""
    request = Request(family, (path,), path.with_name("none"))
    with opened(request) as (source,):
        plan = source.plan
        shape = (plan.side, plan.side, plan.channels[0])
        given = (shape, plan.scale) if FAMILIES[family].enlarges else (shape, plan.channels[1])
        arguments = {name: value for name, value in plan.network.items() if name != "name"}
        network = NETWORKS[plan.network["name"]](*given, **arguments)
        assign(network, source)
    return network, plan


def compared(family, network, state, size):
    """Returns what the network and its authors make of an image, in the network's range."""
    forward = getattr(authors, {"esrgan": "rrdb", "realesrgan": "rrdb"}.get(family, family))
    image = np.random.default_rng(1).uniform(size=(*size, network.input_shape[-1]))
    enlarges = FAMILIES[family].enlarges
    image = image if enlarges else 2 * image - 1
    expected = forward(state, image.transpose(2, 0, 1)).transpose(1, 2, 0)
    function = network
    if family in ("srvgg", "msrresnet"):  # In graphs of any size, as they are used.
        spec = tf.TensorSpec([None, None, None, image.shape[-1]], tf.float32)
        function = tf.function(network, input_signature=[spec], autograph=False)
    found = np.array(function(image[None].astype("float32")))[0]
    return found, 2 * expected - 1 if enlarges else expected


@every_case
def test_results_are_the_authors(tmp_path, case):
    family, draw, kept, writer, size = CASES[case]
    state = draw()
    network, plan = network_of(family, writer(tmp_path / "x.pth", kept(state)))
    found, expected = compared(family, network, state, size)
    assert found.shape == expected.shape
    assert found.shape[:2] == tuple(plan.scale * side for side in size)
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert expected.std() > 0.1
    # A control: one weight in another order.
    key = next(k for k in reversed(state) if k.endswith(".weight") and state[k].ndim == 4)
    wrong = state | {key: np.ascontiguousarray(state[key][:, ::-1])}
    assert np.max(np.abs(compared(family, network, wrong, size)[1] - found)) > 1e-2


@pytest.mark.parametrize("low", [half, slow(as_bfloat16)])
def test_half_the_precision(tmp_path, low):
    state = authors.srvgg_state()
    if low is half:
        kept = half(state)
        rounded = {key: value.astype("float32") for key, value in kept.items()}
    else:
        kept = {key: as_bfloat16(value) for key, value in state.items()}
        rounded = {key: (value.astype("<u4") << 16).view("<f4") for key, value in kept.items()}
    network, _ = network_of("srvgg", write_arrays(tmp_path / "x.pth", kept))
    found, expected = compared("srvgg", network, rounded, (5, 6))
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert np.max(np.abs(compared("srvgg", network, state, (5, 6))[1] - found)) > 1e-4


@pytest.mark.parametrize(
    ("family", "draw", "sizes", "text"),
    [
        ("realesrgan", authors.rrdb_state, {"blocks": 6, "growth": 32}, "6 blocks and 64 maps"),
        ("srvgg", authors.srvgg_state, {"convs": 16}, "16 inner convolutions and 64 maps"),
        ("cyclegan", authors.cyclegan_state, {"blocks": 9}, "9 blocks and 64 maps"),
        ("pix2pix", authors.pix2pix_state, {"depth": 8}, "depth 8 and 64 maps"),
        ("msrresnet", authors.msrresnet_state, {"blocks": 16}, "16 blocks and 64 maps"),
    ],
)
def test_sizes_are_those_of_the_published_networks(family, draw, sizes, text):
    """Of shapes alone, without any numbers."""
    shapes = {key: value.shape for key, value in draw(width=64, seed=None, **sizes).items()}
    plan = FAMILIES[family].plan(shapes)
    assert text in plan.text
    assert {entry.key: entry.shape for entry in plan.entries} == {
        key: shape for key, shape in shapes.items() if key not in plan.unused
    }
