"""Data that change under a run: said, and gone on with only if that is wanted."""

import json
import shutil

import keras
import numpy as np
import pytest

from tests.marks import slow
from tests.run.test_experiment import quiet, stop_at
from tests.tiny_runs import (
    tiny_config,
    tiny_super_resolution,
    tiny_text_to_image,
    tiny_translation,
)
from tfgan_zoo import pictures
from tfgan_zoo.data.fingerprints import Fingerprint, describe_change
from tfgan_zoo.errors import InputError, Interrupted
from tfgan_zoo.run import experiment
from tfgan_zoo.run.building import build_model
from tfgan_zoo.run.changing import feature_files, replaced_data
from tfgan_zoo.run.folder import Run
from tfgan_zoo.tasks import open_task, resolve


def save_pictures(folder, names):
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    for name in names:
        image = random.integers(0, 256, (16, 16, 3), np.uint8)
        pictures.save_png(folder / f"{name}.png", image)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A config, its images and its run."""
    folder = tmp_path_factory.mktemp("changed")
    save_pictures(folder / "images", [f"{i:02}" for i in range(12)])
    config = tiny_config(folder, "gan", data__source=f"folder:{folder / 'images'}")
    experiment.train(config, folder / "run", quiet)
    return config, folder


@pytest.fixture
def begun(finished, tmp_path):
    """A copy of it as it was at step 8, and its images, in the same place."""
    config, folder = finished
    run = shutil.copytree(folder / "run", tmp_path / "run")
    shutil.rmtree(run / "checkpoints" / "step_00000010")
    yield config, run, folder / "images"
    shutil.rmtree(folder / "images")
    save_pictures(folder / "images", [f"{i:02}" for i in range(12)])


def test_a_run_notes_what_it_reads(finished):
    noted = json.loads((finished[1] / "run" / "data.json").read_text())
    assert noted["accepted"] == []
    (name,) = noted["sources"]
    assert name == "training data"
    assert (noted["sources"][name]["num"], noted["sources"][name]["unit"]) == (12, "files")


def test_a_file_of_features_that_was_replaced_is_noticed(tmp_path):
    images = keras.Input((None, None, 3))
    model = keras.Model(images, keras.layers.Conv2D(2, 1, name="same")(images))
    config = tiny_super_resolution(tmp_path)
    with config.unlocked():
        config.model_args.update(content="features", features=f"{tmp_path}/f.keras:same")
    found = []
    for scale in (1.0, 1.0, 2.0):
        model.set_weights([scale * np.ones(w.shape) for w in model.weights])
        model.save(tmp_path / "f.keras")
        found.append(feature_files(build_model(config)))
    # The same weights are the same, whenever they were saved.
    assert found[0] == found[1]
    ((name, before),), ((_, now),) = (each.items() for each in found[1:])
    assert name == f"features {tmp_path}/f.keras"
    assert describe_change(before.noted(), (), now).endswith("bytes, but not the same ones")
    with config.unlocked():
        config.model_args.update(content="pixel", features=None)
    assert not feature_files(build_model(config))


def test_data_that_the_config_takes_from_elsewhere_are_not_compared(tmp_path):
    config = tiny_translation(tmp_path, "pix2pix", evaluate__split="test")
    run = Run(tmp_path / "run")
    training, test, val = (Fingerprint("files", 3, text) for text in ("a", "b", "c"))
    with run.claim(config):
        run.metrics.touch()
        run.check_data({"training data": training, "evaluation data": test}, 0)
        assert replaced_data(run, config) == ()
        changed = {"training data": training, "evaluation data": val}
        with pytest.raises(InputError, match="evaluation data: "):
            run.check_data(changed, 4, replaced=replaced_data(run, config))
        config.evaluate.split = "val"
        assert run.check_data(changed, 4, replaced=replaced_data(run, config)) == ""
        with pytest.raises(InputError, match="training data: "):
            run.check_data(
                {"training data": val, "evaluation data": val}, 4, replaced=("evaluation",)
            )
        run.adopt(config, 4, 4)
        assert run.check_data(changed, 8, replaced=replaced_data(run, config)) == ""


@pytest.mark.parametrize("accepted", [False, slow(True)])
def test_a_file_more_is_refused_until_it_is_accepted(begun, accepted):
    config, run, images = begun
    save_pictures(images, ["05b"])
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    with pytest.raises(InputError) as error:
        experiment.train(config, run, quiet)
    assert "training data: 12 files became 13; the first difference is 05b.png" in str(error.value)
    assert "--accept_changed_data" in str(error.value)
    assert before == {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    if not accepted:  # which trains
        return
    said = []
    experiment.train(config, run, said.append, accept_changed_data=True)
    assert said[0] == (
        "The data have changed: training data: 12 files became 13; the first difference is "
        "05b.png; the run continues with them."
    )
    noted = json.loads((run / "data.json").read_text())
    assert [each["step"] for each in noted["accepted"]] == [8]
    assert noted["sources"]["training data"]["num"] == 13  # with which it goes on from now on


@pytest.mark.slow
def test_a_run_of_before_gets_a_fingerprint_when_it_is_resumed(begun):
    config, run, images = begun
    (run / "data.json").unlink()
    (run / "data_names.json.gz").unlink()
    experiment.train(config, run, quiet)
    save_pictures(images, ["05b"])
    # A finished run reads none.
    experiment.train(config, run, quiet)
    shutil.rmtree(run / "checkpoints" / "step_00000010")
    with pytest.raises(InputError, match="12 files became 13"):
        experiment.train(config, run, quiet)


def test_a_finished_run_decodes_nothing(finished, tmp_path):
    config, folder = finished
    run = shutil.copytree(folder / "run", tmp_path / "run")
    kept = {file: file.read_bytes() for file in (folder / "images").iterdir()}
    for file in kept:
        file.write_bytes(b"no picture any more")
    try:
        assert experiment.train(config, run, quiet).scores.keys() == {"swd"}
    finally:
        for file, data in kept.items():
            file.write_bytes(data)


@pytest.mark.slow
def test_captions_that_change_between_pretraining_and_the_game_are_said(tmp_path, monkeypatch):
    config = tiny_text_to_image(tmp_path)
    stop_at(monkeypatch, config, tmp_path / "run", 5)  # of the encoder
    assert not (tmp_path / "run" / "checkpoints").exists()
    file = tmp_path / "captioned" / "captions.jsonl"
    file.write_text(file.read_text().replace("a red circle", "a red thing"))
    with pytest.raises(InputError, match=r"training data: still 20 files, but not the same ones"):
        experiment.train(config, tmp_path / "run", quiet)
    pretraining = json.loads((tmp_path / "run" / "pretraining" / "data.json").read_text())
    assert pretraining["sources"]["training data"]["num"] == 20


# ---------------------------------------------------------------------- when it is decoded


def test_the_folder_is_claimed_before_anything_is_decoded(begun, monkeypatch):
    config, run, images = begun
    for file in images.iterdir():
        file.write_bytes(b"no picture")
    with (
        experiment.Run(run).claim(config),
        pytest.raises(InputError, match="another process is training"),
    ):
        experiment.train(config, run, quiet)


@pytest.mark.slow
def test_pretraining_has_the_data_to_itself(tmp_path, monkeypatch):
    config = tiny_text_to_image(tmp_path)
    held = []
    train_stage = experiment.train_stage

    def watched(run, config, report, devices, like=None, **options):
        if like is not None:
            held.append("data" in vars(like))
            raise Interrupted("Seen enough.", 2)
        return train_stage(run, config, report, devices, like, **options)

    monkeypatch.setattr(experiment, "train_stage", watched)
    with pytest.raises(Interrupted):
        train_stage(
            experiment.Run(tmp_path / "run"), config, quiet, experiment.open_devices(config)
        )
    assert held == [False]


@pytest.mark.slow
@pytest.mark.parametrize("tiny", [tiny_super_resolution, tiny_text_to_image])
def test_pretraining_shares_the_held_out_images_that_were_decoded_before(tmp_path, tiny):
    config = resolve(tiny(tmp_path))
    work = open_task(config, build_model(config))
    work.prepare()
    before = work.pretraining()
    assert open_task(before, build_model(before), work).held_out is work.held_out
    before.evaluate.samples = before.train.samples  # of fewer, they are others
    other = open_task(before, build_model(before), work)
    assert len(other.held_out) == before.train.samples < len(work.held_out)
