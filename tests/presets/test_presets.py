"""Presets: by name in every command, as their runs, and with nothing that only training needs."""

import dataclasses
import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from PIL import Image

import tfgan_zoo
from tests.marks import slow_except
from tests.models.tiny import MODELS, tiny
from tests.tiny_runs import (
    stepped_run,
    tiny_autoencoder,
    tiny_config,
    tiny_super_resolution,
    tiny_translation,
)
from tfgan_zoo import (
    cli,
    downloads,
    encode,
    evaluate,
    export,
    generate,
    presets,
    reconstruct,
    train,
    translate,
)
from tfgan_zoo.errors import InputError
from tfgan_zoo.models.mechanics.transfer import networks_of
from tfgan_zoo.run import experiment
from tfgan_zoo.run.building import build_model
from tfgan_zoo.run.presets import config_of_preset, left_out_networks, save_preset
from tfgan_zoo.run.starting import start_from
from tfgan_zoo.run.trained import weights_of

pytestmark = pytest.mark.usefixtures("loaded_once")

NOTE = {
    "name": "tiny",
    "data": "noise",
    "licence": "CC0",
    "command": "python -m tfgan_zoo.train --config=mine",
    "date": "2026-11-29",
}
CARD = presets.find("r3gan_figures")


def said(*argv, main, capsys):
    """Returns (status, standard output, standard error) of a command."""
    with pytest.raises(SystemExit) as stop:
        cli.run(main, [str(argument) for argument in argv])
    return (stop.value.code, *capsys.readouterr())


def register(folder, run, name, *commands, half=False):
    """Makes a preset of a run in a folder."""
    stored = json.loads((Path(run) / "config.json").read_text())
    source = stored["config"]["data"]["source"]
    stored["config"] = config_of_preset(stored["config"], source)
    file = folder / f"{name}.keras"
    save_preset(experiment.load_run(run), file, NOTE | {"name": name}, stored, half=half)
    describe(folder, name, commands)
    return file


def describe(folder, name, commands, **values):
    """Writes the card of a preset's file."""
    file = folder / f"{name}.keras"
    data = file.read_bytes() if file.exists() else b""
    about = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), **values}
    card = dataclasses.replace(CARD, commands=commands, task="does it", **NOTE | about)
    fields = {key: value for key, value in vars(card).items() if key != "name"}
    (folder / f"{name}.json").write_text(json.dumps(fields))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a run, and a shelf with the preset of it."""
    folder = tmp_path_factory.mktemp("runs")
    stepped_run(tiny_config(folder, "dcgan"), folder / "dcgan", steps=2)
    shelf = folder / "shelf"
    shelf.mkdir()
    register(shelf, str(folder / "dcgan"), "tiny", "generate")
    return folder


@pytest.fixture
def shelf(runs, monkeypatch):
    """The folder in which presets are looked for."""
    return put(monkeypatch, runs / "shelf")


def put(monkeypatch, folder):
    monkeypatch.setattr(presets.cards, "FOLDER", folder)
    monkeypatch.setattr(presets.files, "FOLDER", folder)
    return folder


# ---------------------------------------------------------------------- as the run


def test_a_preset_draws_what_its_run_draws(runs, shelf, tmp_path, capsys):
    run, model = experiment.load_run(str(runs / "dcgan")), tfgan_zoo.from_preset("tiny")
    np.testing.assert_array_equal(model.generate(5, seed=1), run.generate(5, seed=1))
    with run.raw_weights():  # not those of the last step
        assert not np.array_equal(model.generate(5, seed=1), run.generate(5, seed=1))
    assert (model.steps_done, model.compiled) == (2, False)
    for flag, name in ((f"--workdir={runs / 'dcgan'}", "run"), ("--preset=tiny", "preset")):
        output = tmp_path / f"{name}.png"
        status, out, _ = said(flag, f"--output={output}", main=generate.main, capsys=capsys)
        assert (status, out) == (0, f"64 images: {output}\n")
    assert (tmp_path / "run.png").read_bytes() == (tmp_path / "preset.png").read_bytes()


def test_a_preset_is_known_again_by_the_weights_that_draw(shelf):
    """A folder of its images whose writing was stopped can be continued."""
    first, second = tfgan_zoo.from_preset("tiny"), tfgan_zoo.from_preset("tiny")
    assert not np.array_equal(first.discriminator.weights[0], second.discriminator.weights[0])
    assert weights_of(first) == weights_of(second)
    weight = second.generator.weights[0]
    weight.assign(weight + 1)
    assert weights_of(first) != weights_of(second)


def test_weights_in_float16_are_rounded_and_vectors_are_not(runs, tmp_path):
    exact, model = (
        experiment.load_run(str(runs / "dcgan")),
        register(tmp_path, str(runs / "dcgan"), "half", half=True),
    )
    rounded = tfgan_zoo.load_model(model)
    changed = 0
    shown = exact.averages[0]
    for mine, weight in zip(rounded.generator.weights, shown.weights, strict=True):
        array = np.array(weight)
        assert (mine.dtype, array.dtype) == ("float32", np.float32)
        wanted = array.astype(np.float16).astype(np.float32) if array.ndim > 1 else array
        np.testing.assert_array_equal(mine, wanted)
        changed += not np.array_equal(wanted, array)
    assert changed > 0


def test_a_file_holds_nothing_that_only_training_needs(runs):
    with zipfile.ZipFile(runs / "shelf" / "tiny.keras") as archive:
        saved = json.loads(archive.read("config.json"))
        stored = json.loads(archive.read("run.json"))
        with archive.open("model.weights.h5") as member, h5py.File(member) as file:
            sizes, numbers = {}, {}

            def note(name, item):
                if isinstance(item, h5py.Dataset):
                    group = name.split("/")[0]
                    sizes[group] = sizes.get(group, 0) + item.id.get_storage_size()
                    numbers[group] = numbers.get(group, 0) + item.size

            file.visititems(note)
            # Arrays with several names are visited once: those of the average are the generator's.
            names = len(file["generator"]["layers"]["dense"]["vars"])
            assert names == len(file["averages/functional/layers/dense/vars"]) == 2
    generator = experiment.load_run(str(runs / "dcgan")).generator.count_params()
    assert sum(numbers.get(name, 0) for name in ("generator", "averages")) == generator
    assert sizes["discriminator"] == 0 < numbers["discriminator"]
    assert not [name for name in sizes if "optimizer" in name]
    assert not saved.get("compile_config")
    assert stored["config"]["model"] == "dcgan"
    note = presets.note_of(runs / "shelf" / "tiny.keras")
    assert note == NOTE | {"left_out": ["discriminator"]}


def test_keras_alone_draws_the_same_and_trains_nothing(runs):
    model = keras.saving.load_model(runs / "shelf" / "tiny.keras")
    run = experiment.load_run(str(runs / "dcgan"))
    np.testing.assert_array_equal(model.generate(5, seed=1), run.generate(5, seed=1))
    assert np.isnan(model.discriminator.get_weights()[0]).all()


def test_the_discriminator_starts_anew(runs, shelf):
    run, model = experiment.load_run(str(runs / "dcgan")), tfgan_zoo.from_preset("tiny")
    fresh = build_model(tiny_config(runs, "dcgan", seed="5"))
    before = [np.array(weight) for weight in fresh.discriminator.weights]
    trained = [np.array(weight) for weight in run.discriminator.weights]
    for new, old, other in zip(model.discriminator.weights, trained, before, strict=True):
        if new.ndim > 1:  # Initial weights, not the zeros of the file.
            assert not np.array_equal(new, old)
            assert 0.5 < np.std(new) / np.std(other) < 2
    lines = start_from("tiny", fresh).splitlines()
    assert lines[0] == "Started from the preset tiny (DCGAN, step 2, moving average):"
    assert lines[1].startswith("  generator: all ")
    assert lines[2:] == ["  discriminator: not there, initialized"]
    np.testing.assert_array_equal(fresh.generate(3, seed=2), run.generate(3, seed=2))
    for mine, old in zip(fresh.discriminator.weights, before, strict=True):
        np.testing.assert_array_equal(mine, old)
    model.compile()
    before = model.generator.get_weights()
    logs = model.train_step(model.example_batch(4))
    assert np.isfinite([float(value) for value in logs.values()]).all()
    assert not np.array_equal(model.generator.get_weights()[0], before[0])
    assert model.steps_done == 3


@pytest.mark.parametrize(
    "name", slow_except((), [n for n in MODELS if n not in ("feature_inversion",)])
)
def test_every_model_can_be_a_preset(name, tmp_path):
    """All networks but discriminators come back as samples show them."""
    model = tiny(name)
    save_preset(model, tmp_path / "x.keras", NOTE, {}, half=False)
    loaded = tfgan_zoo.load_model(tmp_path / "x.keras")
    left_out, shown = left_out_networks(model), model.shown_networks()
    mine, theirs = networks_of(loaded), networks_of(model)
    assert mine.keys() == theirs.keys()
    for each, network in theirs.items():
        if any(network is other for other in shown):
            network = model.sampling_network(network)
        same = [np.array_equal(*w) for w in zip(mine[each].weights, network.weights, strict=True)]
        kernels = [len(weight.shape) > 1 for weight in network.weights]
        assert all(same) if each not in left_out else not all(same) or not any(kernels)
    assert bool(left_out) == ("discriminator" in model.roles())


@pytest.mark.slow
def test_encoders_and_translators_do_what_their_runs_do(tmp_path, monkeypatch, capsys):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    stepped_run(tiny_autoencoder(tmp_path), tmp_path / "codes")
    stepped_run(tiny_translation(tmp_path, "pix2pix"), tmp_path / "pairs")
    register(shelf, tmp_path / "codes", "codes", "encode", "reconstruct")
    register(shelf, tmp_path / "pairs", "pairs", "translate")
    put(monkeypatch, shelf)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 23, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    for command, name, ending in (
        (encode, "codes", "npz"),
        (reconstruct, "codes", "png"),
        (translate, "pairs", "png"),
    ):
        results = []
        for flag in (f"--workdir={tmp_path / name}", f"--preset={name}"):
            output = tmp_path / f"{command.__name__}{len(results)}.{ending}"
            argv = [flag, f"--input={tmp_path / 'in.png'}", f"--output={output}"]
            status, _, err = said(*argv, main=command.main, capsys=capsys)
            assert (status, err) == (0, "")
            results.append(np.load(output)["codes"] if ending == "npz" else Image.open(output))
        np.testing.assert_array_equal(*map(np.asarray, results))


@pytest.mark.slow
def test_a_preset_that_enlarges_is_scored_as_its_run(tmp_path, monkeypatch, capsys):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    stepped_run(tiny_super_resolution(tmp_path, pretraining__steps="0"), tmp_path / "run")
    register(shelf, tmp_path / "run", "larger", "translate")
    put(monkeypatch, shelf)
    results = [
        said(flag, "--metrics=psnr", main=evaluate.main, capsys=capsys)[:2]
        for flag in (f"--workdir={tmp_path / 'run'}", "--preset=larger")
    ]
    assert results[0] == results[1]
    assert results[0][0] == 0


def test_scores_are_those_of_the_run(runs, shelf, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    argv = ["--metrics=swd", "--num=20", "--split=train"]
    _, of_run, _ = said(f"--workdir={runs / 'dcgan'}", *argv, main=evaluate.main, capsys=capsys)
    status, out, err = said("--preset=tiny", *argv, main=evaluate.main, capsys=capsys)
    assert (status, err) == (0, "")
    assert out.splitlines()[:-1] == of_run.splitlines()[:-1]
    assert out.splitlines()[-1] == "added to evaluation.jsonl"
    assert (tmp_path / "evaluation.jsonl").read_text().count("\n") == 1
    assert sorted(path.name for path in shelf.iterdir()) == ["tiny.json", "tiny.keras"]


@pytest.mark.slow
def test_an_export_says_what_it_was_trained_on(shelf, tmp_path, capsys):
    status, _, _ = said(
        "--preset=tiny", f"--output={tmp_path / 'served'}", main=export.main, capsys=capsys
    )
    assert status == 0
    card = (tmp_path / "served" / "1" / "README.md").read_text()
    for line in (
        "- model: `tiny.keras`",
        "- preset: `tiny`, 2026-11-29",
        "- data: noise, CC0",
        "- trained by: `python -m tfgan_zoo.train --config=mine`",
        "- weights: their moving average",
        f"- figures_validity: {CARD.scores['figures_validity']:.6g}",
    ):
        assert f"{line}\n" in card


def test_an_export_in_python_says_what_it_was_trained_on(shelf, tmp_path):
    model = tfgan_zoo.from_preset("tiny")
    model.export(tmp_path / "1")
    card = (tmp_path / "1" / "README.md").read_text()
    score = f"- figures_validity: {CARD.scores['figures_validity']:.6g}\n"
    assert "- preset: `tiny`, 2026-11-29\n- data: noise, CC0\n" in card
    assert score in card
    assert '"source": ' in card
    model.step.assign_add(1)  # As training does: the scores are no longer its own.
    model.export(tmp_path / "2")
    card = (tmp_path / "2" / "README.md").read_text()
    assert "- fine-tuned from: the preset `tiny`, trained on noise, CC0\n" in card
    assert score not in card


# ---------------------------------------------------------------------- what users get wrong


@pytest.mark.parametrize(
    ("main", "argv", "message"),
    [
        (generate.main, ["--preset=tny"], "--preset: there is no preset 'tny'; did you mean tiny?"),
        (
            translate.main,
            ["--preset=tiny", "--input=a.png"],
            "--preset: expected a preset for translate, got 'tiny', which does it; there is none.",
        ),
        (
            generate.main,
            ["--preset=tiny", "--workdir=runs/x"],
            "--preset: expected none beside --workdir, got 'tiny'; give one of them.",
        ),
        (
            export.main,
            ["--preset=tiny", "--checkpoint=4"],
            "--checkpoint: expected none for a preset, which has one set of weights; leave it out.",
        ),
        (
            encode.main,
            ["--input=a.png"],
            "--workdir: expected a value, or --preset=NAME instead of it, got none; --help shows "
            "all.",
        ),
    ],
)
def test_flags_are_checked_first(shelf, tmp_path, capsys, main, argv, message):
    status, out, err = said(*argv, f"--output={tmp_path / 'x'}", main=main, capsys=capsys)
    assert (status, out, err) == (2, "", f"error: {message}\n")


@pytest.mark.parametrize(
    ("main", "argv", "message"),
    [
        # Not by the path of a file in the library, which nobody gave.
        (
            generate.main,
            ["--preset=tiny", "--label=cat"],
            "--label: expected no label for 'tiny', whose model knows no classes.",
        ),
        (
            generate.main,
            ["--workdir=tiny"],
            "--workdir: 'tiny' is no run folder: it has no config.json; --preset=tiny takes the "
            "preset of that name.",
        ),
        (
            generate.main,
            ["--preset=TINY"],
            "--preset: there is no preset 'TINY'; did you mean tiny?",
        ),
    ],
)
def test_messages_name_the_preset(shelf, tmp_path, monkeypatch, capsys, main, argv, message):
    monkeypatch.chdir(tmp_path)
    describe(shelf, "tiny_too", ["generate"])
    status, _, err = said(*argv, "--output=x.png", main=main, capsys=capsys)
    (shelf / "tiny_too.json").unlink()
    assert (status, err) == (2, f"error: {message}\n")
    with pytest.raises(InputError, match=r"exist; tfgan_zoo\.from_preset\('tiny'\) loads the pre"):
        tfgan_zoo.load_model("tiny")


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        (
            "--preset",
            "There is no flag --preset; --config.train.start_from=NAME starts a run from a preset.",
        ),
        (
            "--config",
            "--config: expected a recipe, got the preset 'tiny'; --config.train.start_from=tiny "
            "starts from it.",
        ),
    ],
)
def test_training_says_how_a_run_starts_from_a_preset(shelf, capsys, flag, message):
    status, _, err = said(f"{flag}=tiny", main=train.main, capsys=capsys)
    assert (status, err) == (2, f"error: {message}\n")


def test_only_a_model_hides_a_preset(shelf, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fresh = build_model(tiny_config(runs, "dcgan"))
    # The new run's own folder, before its first checkpoint.
    (tmp_path / "tiny" / "checkpoints").mkdir(parents=True)
    (tmp_path / "tiny" / "config.json").write_text("{}")
    assert presets.path_of("tiny", "x") == shelf / "tiny.keras"
    assert start_from("tiny", fresh).startswith("Started from the preset tiny (")
    (tmp_path / "tiny" / "checkpoints" / "step_00000002").mkdir()
    assert presets.path_of("tiny", "x") == Path("tiny")
    shutil.rmtree(tmp_path / "tiny")
    (tmp_path / "tiny").symlink_to(runs / "dcgan")
    wanted = "Started from tiny, the run of that name and not the preset ("
    assert start_from("tiny", fresh).startswith(wanted)


def test_what_does_not_fit_is_told_with_what_does(shelf, runs):
    wider = build_model(tiny_config(runs, "dcgan", generator__units="(5,)"))
    with pytest.raises(InputError, match=r"nothing fits; .* of that run, --config=mine, or leave"):
        start_from("tiny", wider)
    deeper = build_model(tiny_config(runs, "dcgan", model_args__latent_dim="3"))
    lines = start_from("tiny", deeper).splitlines()
    assert lines[-1] == "  All of tiny fits the networks of --config=mine"


def test_the_global_policy_changes_no_preset(shelf):
    wanted = tfgan_zoo.from_preset("tiny").generate(3, seed=1)
    try:
        keras.config.set_dtype_policy("mixed_float16")
        np.testing.assert_array_equal(tfgan_zoo.from_preset("tiny").generate(3, seed=1), wanted)
        keras.config.set_dtype_policy("float64")
        with pytest.raises(
            InputError, match=r"; call keras\.config\.set_dtype_policy\('float32'\)"
        ):
            tfgan_zoo.from_preset("tiny")
    finally:
        keras.config.set_dtype_policy("float32")


def test_a_library_in_a_zip_archive_has_its_presets(shelf, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as archive:
        for name in ("tiny.json", "tiny.keras"):
            archive.write(shelf / name, f"presets/{name}")
    put(monkeypatch, zipfile.Path(tmp_path / "x.whl", "presets/"))
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    assert [card.name for card in tfgan_zoo.list_presets()] == ["tiny"]
    file = presets.file_of(presets.find("tiny"))
    assert file == tmp_path / "cache" / "presets" / "tiny.keras"
    assert file.read_bytes() == (shelf / "tiny.keras").read_bytes()
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("in the way")
    with pytest.raises(InputError, match=r"cannot be copied from .*; set TFGAN_ZOO_CACHE to"):
        presets.file_of(presets.find("tiny"))


@pytest.mark.parametrize("source", ["tny", "tiny"])
def test_the_start_of_a_run_is_checked_first(shelf, runs, tmp_path, capsys, source):
    argv = [f"--config.train.start_from={source}", "--dry_run", f"--workdir={tmp_path / 'new'}"]
    status, out, err = said("--model=dcgan", *argv, main=train.main, capsys=capsys)
    if source == "tiny":
        assert (status, json.loads(out)["train"]["start_from"], err) == (0, "tiny", "")
        return
    assert (status, out, err) == (
        2,
        "",
        "error: train.start_from: expected a run folder, a .keras file or a preset, got 'tny'; did "
        "you mean tiny?\n",
    )


def test_a_damaged_file_is_not_loaded(shelf, tmp_path, monkeypatch):
    whole = (shelf / "tiny.keras").read_bytes()
    for name in ("tiny.json", "tiny.keras"):
        (tmp_path / name).write_bytes((shelf / name).read_bytes())
    put(monkeypatch, tmp_path)
    (tmp_path / "tiny.keras").write_bytes(whole[:-10])
    with pytest.raises(InputError, match=rf"got {len(whole) - 10:,} bytes instead of .*again\.$"):
        tfgan_zoo.from_preset("tiny")
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    (tmp_path / "tiny.keras").write_bytes(changed)
    with pytest.raises(InputError, match=r"^name: expected '.*tiny\.keras' .* the SHA-256 \w{16}"):
        tfgan_zoo.from_preset("tiny")
    (tmp_path / "tiny.keras").unlink()
    with pytest.raises(InputError, match=r"the file of the preset 'tiny', is missing from"):
        tfgan_zoo.from_preset("tiny")


def test_large_presets_are_kept_in_the_cache(shelf, tmp_path, monkeypatch):
    data = (shelf / "tiny.keras").read_bytes()
    put(monkeypatch, tmp_path)
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    facts = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    describe(tmp_path, "large", ["generate"], url="https://nowhere.invalid/x.keras", **facts)
    with pytest.raises(InputError, match=r"cannot be downloaded .*nowhere\.invalid/x\.keras on an"):
        presets.file_of(presets.find("large"))
    assert not list((tmp_path / "cache").glob("**/*.keras*"))
    (tmp_path / "cache" / "presets").mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache" / "presets" / "large.keras").write_bytes(data)
    assert presets.file_of(presets.find("large")).read_bytes() == data
    # A file of the same name and size that is another one, as after a download that broke off.
    (tmp_path / "cache" / "presets" / "large.keras").write_bytes(data[::-1])
    with pytest.raises(InputError, match=r"is damaged or of another version in .* cannot be down"):
        presets.file_of(presets.find("large"))


def test_a_download_is_checked(shelf, tmp_path, monkeypatch):
    file = shelf / "tiny.keras"
    put(monkeypatch, tmp_path)
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "check_online", lambda url: None)
    size = file.stat().st_size
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    for sha256, problem in (("0" * 64, "SHA-256"), (digest, "")):
        describe(tmp_path, "x", [], url=file.as_uri(), bytes=size, sha256=sha256)
        if problem:
            with pytest.raises(InputError, match=problem):
                presets.file_of(presets.find("x"))
            assert not list((tmp_path / "cache" / "presets").iterdir())
        else:
            kept = presets.file_of(presets.find("x"))
            assert kept.read_bytes() == file.read_bytes()
            kept.write_bytes(bytes(size))  # That of another version is replaced.
            assert presets.file_of(presets.find("x")).read_bytes() == file.read_bytes()


def test_names_that_are_none():
    with pytest.raises(InputError, match="name: expected the name of a preset, got 3"):
        tfgan_zoo.from_preset(3)
    with pytest.raises(InputError, match=r"no preset .*; `python -m tfgan_zoo\.presets` lists"):
        tfgan_zoo.from_preset("../x")


def test_too_large_and_infinite_weights_are_refused(runs, tmp_path):
    model = experiment.load_run(str(runs / "dcgan"))
    network = model.averages[0]
    weights = network.get_weights()
    for value, half in ((1e6, True), (np.inf, False)):
        network.set_weights([np.full(w.shape, value, "float32") for w in weights])
        with pytest.raises(InputError, match=r"^model: expected .* in averages/"):
            save_preset(model, tmp_path / "x.keras", NOTE, {}, half=half)
        assert not list(tmp_path.iterdir())
    network.set_weights(weights)


def test_paths_of_the_machine_that_trained_are_left_out(runs):
    config = json.loads((runs / "dcgan" / "config.json").read_text())["config"]
    config["data"]["data_dir"] = config["evaluate"]["inception"] = str(runs)
    config["data"]["cache_dir"] = str(runs / "decoded")
    assert str(runs) not in json.dumps(config_of_preset(config, ""))
    assert str(runs) in json.dumps(config)


def test_a_preset_without_its_data_asks_for_some(runs, tmp_path, monkeypatch, capsys):
    stored = json.loads((runs / "dcgan" / "config.json").read_text())
    stored["config"] = config_of_preset(stored["config"], "")
    save_preset(experiment.load_run(str(runs / "dcgan")), tmp_path / "tiny.keras", NOTE, stored)
    describe(tmp_path, "tiny", [])
    put(monkeypatch, tmp_path)
    status, _, err = said("--preset=tiny", main=evaluate.main, capsys=capsys)
    assert (status, err) == (
        2,
        "error: --data: expected a data source, as the preset 'tiny' comes without its data, "
        "noise, got none; give one, such as folder:PATH.\n",
    )
