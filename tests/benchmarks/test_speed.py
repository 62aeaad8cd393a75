"""The table of step times: computed cells, failing contenders, and the rewritten games."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from absl import flags as absl_flags
from absl.testing import flagsaver

from benchmarks import common, speed, speed_cases, speed_record
from tests.benchmarks import played
from tests.marks import slow_except
from tests.models.test_small_sides import TRANSLATORS
from tests.models.tiny import GAMES, dataset, fit, tiny
from tfgan_zoo.models import MODELS

ROOT = Path(__file__).parents[2]

CASE = {
    "times": {
        "ours": [0.010, 0.020, 0.010],
        "step": [0.010, 0.010, 0.008],
        "keras": [0.015, 0.060, 0.020],
        "eager": [0.030, 0.030, 0.030],
    },
    "start": {"ours": 1.2, "step": 1.0, "keras": 2.0, "eager": 3.0},
    "peak": {"ours": 5e8, "step": 4e8, "keras": 6e8, "eager": 1.5e9},
    "flops": 2e9,
    "rate": 4e11,
}


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def without(*keys):
    kept = {}
    for name, values in CASE.items():
        if isinstance(values, dict):
            values = {key: value for key, value in values.items() if key not in keys}
        kept[name] = values
    return kept


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        # Medians of ratios within rounds: of 1.5, 3 and 2, and of 1, 2 and 1.25.
        (
            [],
            "a|10.0|—|10.0|20.0|30.0|—|2.00 (plain Keras)|1.25|2.00|50%|500 / 600 / 1,500"
            "|1 / — / 2 / 3 / —",
        ),
        (["keras"], "a|10.0|—|10.0|—|30.0|—|3.00 (PyTorch)|1.25|2.00|50%|500 / — / 1,500"),
        (["keras", "eager", "step"], "a|10.0|—|—|—|—|—|—|—|2.00|50%|500 / — / —"),
        (["ours"], "a|—|—|10.0|20.0|30.0|—|—|—|2.00|—|— / 600 / 1,500"),
        (list(CASE["times"]), "a|—|—|—|—|—|—|—|—|2.00|—|— / — / —|— / — / — / — / —"),
    ],
)
def test_row(gone, expected):
    row = cells(speed.row("quick", "a", without(*gone)))
    assert len(row) == len(cells(speed.header("quick").splitlines()[0]))
    assert row[: expected.count("|") + 1] == expected.split("|")


def test_rows_stay_in_a_file(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before <!-- a:begin -->\nNot measured.\n<!-- a:end --> after")
    assert speed.rows_of("quick", common.shown(page, "a")) == {}
    row = speed.row("quick", "b c", CASE)
    common.put("\n".join(["intro", "", speed.header("quick"), row]), page, "a")
    assert speed.rows_of("quick", common.shown(page, "a")) == {"b c": row}
    assert page.read_text().startswith("before <!-- a:begin -->\nintro\n\n| case |")
    assert page.read_text().endswith("|\n<!-- a:end --> after")


def test_the_record_has_the_middle_times(tmp_path):
    file = tmp_path / "record.json"
    speed_record.write(file, "paper", "a", speed_record.of_case({"ours": [1.0]}, "another"))
    for name in ("a", "b"):
        case = CASE if name == "a" else without("keras", "eager")
        recorded = speed_record.of_case(case["times"], f"a machine with 2 CPU cores, for {name}")
        speed_record.write(file, "quick", name, recorded)
    found = speed_record.read(file, "quick")
    assert found["a"].ms == {"ours": 10.0, "step": 10.0, "keras": 20.0, "eager": 30.0}
    assert found["b"].ms == {"ours": 10.0, "step": 10.0}
    assert (found["b"].machine, found["b"].cores()) == ("a machine with 2 CPU cores, for b", 2)
    # Measured again elsewhere, alone.
    again = speed_record.of_case({"ours": [0.02]}, "1 CPU core of 2")
    speed_record.write(file, "quick", "b", again)
    assert speed_record.read(file, "quick") == {
        "a": found["a"],
        "b": speed_record.Recorded("1 CPU core of 2", {"ours": 20.0}),
    }
    assert speed_record.read(file, "quick")["b"].cores() == 1
    assert speed_record.read(file, "paper") == {"a": ("another", {"ours": 1000.0})}
    assert speed_record.read(file, "paper")["a"].cores() is None
    with pytest.raises(SystemExit, match="--compare: expected a file that --record has written"):
        speed_record.read(tmp_path / "none.json", "quick")
    for ms in ([], {"ours": "fast"}, {"ours": 0}, {"ours": None}):
        file.write_text(json.dumps({"quick": {"a": {"machine": "a machine", "ms": ms}}}))
        with pytest.raises(SystemExit, match="--compare: expected a file that --record has"):
            speed_record.read(file, "quick")
    speed_record.check_writable(file)
    file.write_text('{"quick": ')
    for path in (file, tmp_path / "nowhere" / "record.json"):
        with pytest.raises(SystemExit, match="--record: expected a"):
            speed_record.check_writable(path)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--rounds=0"], "--rounds: expected 1 or more"),
        (["--output=page.md"], "--compare: writes nothing"),
        (["--cases=dcgan,wgan"], "expected cases that are recorded"),
        (["--cases=dcgan,lsgan"], "expected cases that are recorded"),
        (["--cases=wgan"], "expected cases that are recorded"),
    ],
)
def test_nothing_is_compared_in_silence(tmp_path, capsys, flags, expected):
    file = tmp_path / "record.json"
    for name, machine in (("dcgan", "a machine"), ("lsgan", "999 CPU cores")):
        speed_record.write(file, "quick", name, {"machine": machine, "ms": {"ours": 10.0}})
    if not absl_flags.FLAGS.is_parsed():
        absl_flags.FLAGS(["test"])
    with flagsaver.flagsaver():
        absl_flags.FLAGS(["test", f"--compare={file}", *flags])
        with pytest.raises(SystemExit, match=expected):
            speed.main([])
    said = capsys.readouterr().out
    assert ("wgan: not recorded" in said) == any("wgan" in flag for flag in flags)
    assert ("lsgan: recorded on 999 CPU cores" in said) == any("lsgan" in flag for flag in flags)


def test_the_record_in_docs_is_of_known_cases_and_cores():
    record = speed_record.read(ROOT / "docs" / "performance.json", "quick")
    assert set(record) <= set(speed_cases.CASES["quick"])
    assert all("ours" in case.ms and case.cores() for case in record.values())


def test_what_is_slower_in_all_runs_fails():
    recorded = {"ours": 10.0, "keras": 20.0}
    # Twice as slow a machine, on which a step takes 1.2 times what it should.
    slower = speed_record.compared({"ours": 24.0, "keras": 40.0}, recorded)
    assert slower == pytest.approx((2.4, 1.2))
    assert "1.20 of the record, slower" in speed_record.line("dcgan", slower)
    same = speed_record.compared({"ours": 20.0, "keras": 40.0}, recorded)
    assert same == pytest.approx((2.0, 1.0))
    assert "slower" not in speed_record.line("dcgan", same)
    assert speed_record.compared({"ours": 11.0}, recorded) == pytest.approx((1.1, 1.1))
    assert speed_record.verdict({"a": [1.2, 1.3, 1.05], "b": [1.0], "c": [1.2]}) == ""
    failed = speed_record.verdict({"a": [1.2, 1.3, 1.11], "b": [1.0]})
    assert "each of 3 runs: a (1.20, 1.30, 1.11)." in failed


WORKER = """
import sys
print('noise\\n@{"ready": 1.5}', flush=True)
for line in sys.stdin:
    if int(line) > 2:
        sys.exit("out of memory")
    print('@{"seconds": 0.5}', flush=True)
print('@{"peak": 7}', flush=True)
"""


def worker(tmp_path, code=WORKER, **kwargs):
    return speed.Contender([sys.executable, "-c", code], tmp_path / "log", **kwargs)


def test_one_that_dies_is_left_out(tmp_path, capsys):
    good, bad = worker(tmp_path), worker(tmp_path)
    bad.steps = 3
    for contender in (good, bad):
        assert contender.start == 1.5
        assert contender.train(2) == 0.25
    assert speed.run_all("a", {"ours": good.turn, "keras": bad.turn}) == {"ours": None}
    assert capsys.readouterr().err == "a: plain Keras failed: status 1: out of memory\n"
    assert good.times == [0.5]
    assert good.end() == {"peak": 7}


def test_one_that_does_not_start_is_stopped(tmp_path):
    with pytest.raises(RuntimeError, match="not started after 1 seconds"):
        worker(tmp_path, "import time; time.sleep(60)", patience=1.0)
    with pytest.raises(RuntimeError, match="status 1: no such network"):
        worker(tmp_path, "raise SystemExit('no such network')")


#: Of texts, the benchmark has embeddings.
PLAYED = [
    name
    for name in GAMES
    if hasattr(speed_cases.Plain, MODELS[name].__name__.lower()) and name != "gan_cls"
] + ["vae", "attribute_to_image"]


@pytest.mark.parametrize("name", slow_except(("wgan", "pix2pix"), PLAYED))
def test_plain_keras_plays(name):
    # The example's identity loss needs images of the same channels.
    told = {"sngan": {"num_classes": 3}, "attribute_to_image": {"augmentation": None}}
    game = TRANSLATORS["cyclegan"]() if name == "cyclegan" else tiny(name, **told.get(name, {}))
    model = speed_cases.Plain(game)
    model.compile()
    model.run_eagerly = True
    kernels = [
        next(w for w in network.trainable_variables if len(w.shape) > 1)
        for role in model.networks
        for network in role
    ]
    before = [kernel.numpy() for kernel in kernels]
    logs = fit(model, dataset(model.zoo_model[0], 2))
    assert np.all(np.isfinite([logs["d_loss"], logs["g_loss"]]))
    assert all(np.any(new != old) for new, old in zip(kernels, before, strict=True))
    if name == "wgan":
        critic = model.networks[1][0]
        largest = [float(tf.reduce_max(tf.abs(w))) for w in critic.trainable_variables]
        assert max(largest) == pytest.approx(0.01)


@pytest.mark.parametrize("name", slow_except(("attribute_to_image",), played.PLAIN))
def test_plain_keras_has_the_same_losses(name, monkeypatch):
    monkeypatch.setattr(speed_cases, "adam", played.descent)
    game = played.build(name)
    batches = [game.example_batch(4, seed) for seed in range(2)]
    model = speed_cases.Plain(game)
    for ours, theirs in zip(game.roles().values(), model.networks, strict=True):
        for own, other in zip(ours, theirs, strict=True):
            other.set_weights(own.get_weights())
    losses = played.losses(game, batches, monkeypatch)
    monkeypatch.setattr(tf.random, "normal", lambda shape: played.latents(*shape))
    monkeypatch.setattr(tf.random, "shuffle", lambda labels: labels)
    model.compile()
    for batch in batches:
        logs = model.train_step(tf.nest.map_structure(tf.constant, batch))
    found = [float(value) for value in logs.values()]
    assert found == pytest.approx([losses[key] for key in played.logged(game)], rel=1e-4)


def test_the_recipes_are_the_games_that_were_written_anew():
    lsgan, _ = speed_cases.recipe("lsgan")
    assert (lsgan.a, lsgan.b, lsgan.c) == (0.0, 1.0, 1.0)
    relativistic, _ = speed_cases.recipe("relativistic_gan")
    assert not relativistic.average


def test_networks_with_spectral_norms_are_described():
    description = json.loads(json.dumps(speed_cases.description(tiny("biggan"), 6)))
    assert description["classes"] == 3
    assert [kind for _, kind in description["arrays"]] == ["uint8", "int32"]
    ((_, generator),) = description["players"]["generator"].items()
    kinds = {node["kind"] for node in generator}
    assert {"SpectralNormalization", "ConditionalBatchNormalization", "ClassEmbedding"} <= kinds
    project = next(node for node in generator if node["name"] == "project")
    assert project["settings"]["wrapped"] == "Dense"
    assert project["settings"]["units"] == project["channels"][-1]
    slices = [node["settings"] for node in generator if node["kind"] == "GetItem"]
    assert slices == [{"start": 3 * i or None, "stop": 3 * (i + 1)} for i in range(3)]


@pytest.mark.parametrize("name", ["sngan", "biggan"])
def test_plain_keras_has_the_same_weights(name):
    game = tiny(name, num_classes=3)
    plain = speed_cases.Plain(game)
    if name == "biggan":
        expected = float(game.orthogonality())
        assert float(plain.orthogonality(game.generator)) == pytest.approx(expected, rel=1e-4)
    for ours, theirs in zip(game.roles().values(), plain.networks, strict=True):
        for own, other in zip(ours, theirs, strict=True):
            assert own is not other
            shapes = [
                sorted(tuple(w.shape) for w in each.trainable_variables) for each in (own, other)
            ]
            assert shapes[0] == shapes[1]
            assert not any("tfgan_zoo" in type(layer).__module__ for layer in other.layers)
