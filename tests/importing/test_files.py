"""Files that do not fit, and what is said about them; none needs Keras."""

import json
import shutil
import zipfile

import numpy as np
import pytest

from tests.importing import authors
from tests.weight_files.torch_files import write_arrays
from tfgan_zoo.errors import InputError
from tfgan_zoo.importing import NOTE, Request, check_family, note_of, opened


def refusal(tmp_path, family, state, **request):
    """Returns the message with which a file is refused."""
    path = write_arrays(tmp_path / "x.pth", state)
    with (
        pytest.raises(InputError) as error,
        opened(Request(family, (path,), tmp_path / "out", **request)),
    ):
        pass
    said = str(error.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


def test_keys_that_are_missing_left_over_and_of_another_shape(tmp_path):
    state = authors.srvgg_state()
    del state["body.1.weight"], state["body.2.bias"]
    state["extra.weight"] = np.zeros(3, "float32")
    state["body.4.weight"] = state["body.4.weight"][:, :3]
    said = refusal(tmp_path, "srvgg", state)
    assert said.startswith("--input: expected the weights of Real-ESRGAN's compact networks, got")
    assert "missing: body.1.weight" in said
    assert "left over: " in said
    assert "extra.weight" in said
    assert "body.4.weight (4, 3, 3, 3) instead of (4, 4, 3, 3)" in said


STATES = {
    "cyclegan": authors.cyclegan_state(),
    "pix2pix": authors.pix2pix_state(),
    "esrgan and realesrgan": authors.rrdb_state(),
    "srvgg": authors.srvgg_state(),
    "msrresnet": authors.msrresnet_state(),
}


@pytest.mark.parametrize("looks_like", STATES)
def test_a_file_of_another_family_is_recognised(tmp_path, looks_like):
    family = "srvgg" if looks_like != "srvgg" else "realesrgan"
    said = refusal(tmp_path, family, STATES[looks_like])
    right = looks_like.rpartition(" ")[2]
    assert said.endswith(f"; its keys are those of {looks_like}: give --family={right}.")


@pytest.mark.parametrize(
    ("keys", "advice"),
    [
        (["layers.0.residual_group.blocks.0.norm1.weight"], "it looks like SwinIR or HAT, which"),
        (["model.0.weight", "model.2.weight", "model.11.weight"], "a PatchGAN discriminator"),
        (["features.0.weight"], "it looks like VGG"),
        (["fc.weight", "fc.bias"], "none of the families, which are cyclegan, pix2pix, esrgan"),
    ],
)
def test_other_networks_are_named_where_they_are_known(tmp_path, keys, advice):
    state = {key: np.zeros((1, 1, 3, 3), "float32") for key in keys}
    assert advice in refusal(tmp_path, "esrgan", state)


def test_a_variant_of_a_family(tmp_path):
    state = authors.msrresnet_state() | {"attention.weight": np.zeros(3, "float32")}
    assert "a variant of that network" in refusal(tmp_path, "msrresnet", state)
    assert "most like msrresnet: give --family=msrresnet" in refusal(tmp_path, "pix2pix", state)


def test_names_of_families():
    with pytest.raises(InputError, match="there is no 'real_esrgan'; did you mean realesrgan"):
        check_family("real_esrgan")
    with pytest.raises(InputError, match="the families are cyclegan, "):
        check_family("x")


def test_several_sets_of_weights(tmp_path):
    state = authors.srvgg_state()
    two = {"net_a": state, "net_b": state}
    assert "--key: expected one of 'net_a', 'net_b', as 'x.pth' holds several" in refusal(
        tmp_path, "srvgg", two
    )
    assert "expected one of 'net_a', 'net_b', the keys of 'x.pth', got 'net'" in refusal(
        tmp_path, "srvgg", two, key="net"
    )
    path = write_arrays(tmp_path / "x.pth", two)
    with opened(Request("srvgg", (path,), tmp_path / "out", key="net_b")) as (source,):
        assert source.key == "net_b"
    one = {"anything": state, "params": {"x": np.array(1.0)}}
    assert "left over: x" in refusal(tmp_path, "srvgg", one)
    assert "without any" in refusal(tmp_path, "srvgg", {})


def test_parts_of_one_dict(tmp_path):
    """As MMagic saves them, beside what belongs to no network."""
    state = authors.srvgg_state()
    flat = {
        **{f"generator.{key}": value + 1 for key, value in state.items()},
        **{f"generator_ema.{key}": value for key, value in state.items()},
        "discriminator.x": np.zeros(3, "float32"),
        "step_counter": np.array(5),
    }
    path = write_arrays(tmp_path / "x.pth", {"meta": {}, "state_dict": flat})
    for key, chosen in ((None, "generator_ema"), ("generator", "generator")):
        with opened(Request("srvgg", (path,), tmp_path / "out", key)) as (source,):
            assert source.key == chosen
            more = float(chosen == "generator")
            found = source.state["body.0.bias"].read()
            np.testing.assert_array_equal(found, state["body.0.bias"] + np.float32(more))
    assert "left over: discriminator.x" in refusal(
        tmp_path, "srvgg", {"params": state | {"discriminator.x": np.zeros(3, "float32")}}
    )


@pytest.mark.parametrize("kind", ["batch", "instance", "none"])
@pytest.mark.parametrize("dropout", [True, False])
def test_dropout_shifts_numbers(tmp_path, kind, dropout):
    path = write_arrays(tmp_path / "x.pth", authors.cyclegan_state(kind=kind, dropout=dropout))
    with opened(Request("cyclegan", (path,), tmp_path / "out")) as (source,):
        plan = source.plan
    assert plan.network["normalization"] == kind
    keys = {(entry.layer, entry.variable): entry.key for entry in plan.entries}
    second = 6 if dropout else 5
    assert keys["block_1_conv_2", "kernel"] == f"model.10.conv_block.{second}.weight"
    scale = keys.get(("block_1_conv_2_norm", "gamma"))
    assert scale == (f"model.10.conv_block.{second + 1}.weight" if kind == "batch" else None)


def test_whole_numbers_and_scales(tmp_path):
    state = authors.srvgg_state() | {"body.0.bias": np.zeros(4, "int64")}
    assert "expected floats, got 'x.pth' with others: body.0.bias" in refusal(
        tmp_path, "srvgg", state
    )
    for family, state, times in (
        ("realesrgan", authors.rrdb_state(1), 1),
        ("srvgg", authors.srvgg_state(3), 3),
        ("msrresnet", authors.msrresnet_state(3), 3),
    ):
        said = refusal(tmp_path, family, state)
        assert "enlarges 2, 4 or 8 times" in said
        assert f"that enlarges {times} times" in said


def test_keys_mean_no_more_layers_than_there_are(tmp_path):
    """A number in a key is not a number of blocks."""
    state = authors.rrdb_state(blocks=1)
    state = authors.renamed(state, ("body.0.", "body.99999999."))
    assert "missing: body.0.rdb1.conv1.weight" in refusal(tmp_path, "realesrgan", state)


def test_requests(tmp_path):
    state = authors.srvgg_state()
    assert "--inference: expected none" in refusal(tmp_path, "srvgg", state, inference="paper")
    assert "frozen or paper, got 'x'" in refusal(tmp_path, "pix2pix", state, inference="x")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("")
    assert "exists; add --overwrite" in refusal(tmp_path, "srvgg", state)
    said = refusal(tmp_path, "srvgg", state, overwrite=True)
    assert "or a model that was imported before" in said
    (tmp_path / "out" / "notes.txt").rename(tmp_path / "out" / "theirs.pth")
    (tmp_path / "out" / NOTE).write_text("{}")
    said = refusal(tmp_path, "srvgg", state, overwrite=True)
    assert "also holds 'theirs.pth', which importing did not put there; move it" in said
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").write_text("a file")
    assert "or a model that was imported before" in refusal(
        tmp_path, "srvgg", state, overwrite=True
    )
    path = tmp_path / "x.pth"
    for files, family, output, reason in (
        ((path, path), "srvgg", "new", "--input_b_to_a: expected none for --family=srvgg"),
        ((tmp_path / "none.pth",), "srvgg", "new", "--input: expected a file of weights, '"),
        ((tmp_path,), "srvgg", "new", "is none"),
        ((path,), "srvgg", "out/x", "--output: cannot write to"),
    ):
        with (
            pytest.raises(InputError, match=reason),
            opened(Request(family, files, tmp_path / output)),
        ):
            pass


def test_two_generators_have_to_belong_together(tmp_path):
    there = write_arrays(tmp_path / "a.pth", authors.cyclegan_state(1, 3))
    back = write_arrays(tmp_path / "b.pth", authors.cyclegan_state(3, 1))
    with opened(Request("cyclegan", (there, back), tmp_path / "out")) as sources:
        assert [source.plan.channels for source in sources] == [(1, 3), (3, 1)]
    for other in (there, write_arrays(tmp_path / "c.pth", authors.cyclegan_state(3, 1, blocks=1))):
        with (
            pytest.raises(InputError, match=r"^--input_b_to_a: expected the other direction of"),
            opened(Request("cyclegan", (there, other), tmp_path / "out")),
        ):
            pass


def test_notes(tmp_path):
    note = {"family": "srvgg", "files": []}
    with zipfile.ZipFile(tmp_path / "x.keras", "w") as archive:
        archive.writestr("imported.json", json.dumps(note))
    (tmp_path / "imported.json").write_text(json.dumps(note))
    assert note_of(tmp_path) == note_of(tmp_path / "x.keras") == note
    (tmp_path / "imported.json").unlink()
    (tmp_path / "y.keras").write_text("no archive")
    assert note_of(tmp_path) is note_of(tmp_path / "y.keras") is note_of(tmp_path / "z") is None
