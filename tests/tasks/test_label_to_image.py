"""Runs on label maps, and the command that translates them."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from ml_collections import ConfigDict
from PIL import Image

from tests.tiny_runs import quiet, stepped_run, tiny_labels
from tfgan_zoo import cli, pictures, translate
from tfgan_zoo.data.figures import scenes
from tfgan_zoo.data.readers.label_maps import read_label_map
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.scenes import scene_scores
from tfgan_zoo.pictures import label_files
from tfgan_zoo.pictures.drawing import DrawRequest
from tfgan_zoo.run import building, experiment, styles
from tfgan_zoo.run.devices import Devices
from tfgan_zoo.run.folder import Run
from tfgan_zoo.run.label_translation import Maps, translate_label_maps
from tfgan_zoo.run.stage import Stage
from tfgan_zoo.tasks import Request, open_task, resolve, task_of

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("labels")


@pytest.fixture(scope="module")
def config(folder):
    return resolve(tiny_labels(folder))


@pytest.fixture(scope="module")
def task(config):
    return open_task(config, building.build_model(config))


@pytest.fixture(scope="module")
def run(folder, config):
    """A run of one step, with the styles of a finished one."""
    path = stepped_run(config, folder / "run")
    model = experiment.load_run(path)
    open_task(config, model).complete(model)
    styles.store(Run(path), model)
    return path


def test_batches_have_the_parts_that_the_model_declares(task):
    for batch in task.batches(0).take(2):
        assert set(batch) == {"label", "instance", "image"}
        assert batch["label"].shape == batch["instance"].shape == (2, 16, 16)
        assert batch["image"].shape == (2, 16, 16, 3)
        # Flips and crops keep them together: the background is dark.
        dark = np.max(batch["image"], axis=-1) < 60
        agree = dark == (batch["label"] == 0)
        assert np.mean(agree) > 0.85
        assert np.mean(agree[:, :, ::-1] == (batch["label"] == 0)) < np.mean(agree)
    assert set(task.fingerprints()) == {"training data, domain a", "training data, domain b"}


def test_a_wrong_class_number_is_found_before_the_first_step(tmp_path):
    config = tiny_labels(tmp_path, data__cache="disk", evaluate__samples="4")
    with config.unlocked():
        config.evaluate.metrics = ("mae",)
    model = building.build_model(config)
    last = tmp_path / "maps" / "label" / "11.png"
    pixels = np.array(Image.open(last))
    pixels[0, 0] = 7
    pictures.save_png(last, pixels)
    with pytest.raises(InputError, match=r"11\.png: expected class numbers .* got the value 7"):
        open_task(config, model).rehearse(model)
    model.step.assign(1)  # a run that goes on has read them
    open_task(config, model).rehearse(model)


def test_sheets_show_label_maps(task):
    sheet = task.sheet(task.model)
    assert sheet.dtype == np.uint8
    assert len(np.unique(sheet.reshape(-1, 3), axis=0)) > 20


def test_instances_are_read_back_where_they_are_known(folder):
    config = tiny_labels(folder, data__source="figures/labels", data__load_size="none")
    with config.unlocked():
        config.evaluate.metrics = ("figures", "mae")
        config.evaluate.split = "test"
    task = open_task(config, building.build_model(config))
    assert [score.main for score in task.scores] == ["clean", "mae"]
    scores = task.score(task.model)
    assert set(scores) == {"clean", "edge", "colour", "mae"}
    # As the metric itself says of the translations with the styles of the true images.
    maps, images = task.a[:16], task.b[:16]
    given = task.model.encode_styles(images, maps[..., 1])
    made = pictures.to_uint8(task.model.translate(maps, styles=given))
    drawn = scenes.scenes("test", 16)
    assert scores["clean"] == scene_scores(made, drawn)["clean"]
    assert scene_scores(images, drawn)["clean"] >= scores["clean"]
    request = Request(("figures",), "figures/labels", "test", num=3, features="figures_v1")
    found = task_of(task.model).evaluation(task.model, config, request)
    images = np.concatenate(list(found.generated()))
    assert images.shape == (3, 16, 16, 3)
    assert set(found.also["figures"](pictures.to_uint8(images))) == {"clean", "edge"}


def test_stages(folder):
    config = tiny_labels(folder, pretraining__steps="6", pretraining__frozen_steps="4")
    with config.unlocked():
        config.generator.synchronized_bn = True
    task = open_task(config, building.build_model(config))
    frozen = task.pretraining()
    assert (frozen.train.steps, frozen.model_args.freeze_global) == (4, True)
    middle = open_task(frozen, building.build_model(frozen))
    alone = middle.pretraining()
    assert (alone.train.steps, alone.model_args.freeze_global) == (6, False)
    assert alone.model_args.image_shape == (8, 8, 3)
    assert alone.data.load_size == 9
    assert alone.generator.name == "global_generator"
    assert alone.generator.synchronized_bn
    first = building.build_model(alone)
    assert open_task(alone, first).pretraining() is None
    # Each fits the next.
    middle.model.start_from(first)
    task.model.start_from(middle.model)
    coarse = task.model.generator.get_layer("global")
    assert coarse.trainable
    for mine, theirs in zip(coarse.get_weights(), first.generator.get_weights(), strict=False):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(
        task.model.encoder.get_weights(), first.encoder.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    with config.unlocked():
        config.pretraining.steps = 0
    with pytest.raises(InputError, match=r"frozen_steps: expected 0 .*, got 4; give steps"):
        task.pretraining()
    with config.unlocked():
        config.train.generator_from = "runs/global"
    assert task.pretraining().train.generator_from == "runs/global"
    with config.unlocked():
        config.generator = {"name": "global_generator", "filters": 2, "downsamplings": 2}
    with pytest.raises(InputError, match=r"pretraining: expected 0 steps without generator\.name"):
        open_task(config, building.build_model(config)).pretraining()


@pytest.mark.slow
def test_a_run_of_three_stages(tmp_path):
    config = tiny_labels(tmp_path, pretraining__steps="4", pretraining__frozen_steps="4")
    with config.unlocked():
        config.train.export = True
    result = experiment.train(config, tmp_path / "run", quiet)
    assert result.step <= 10
    stages = [tmp_path / "run" / "/".join(["pretraining"] * n) for n in range(3)]
    first, second, third = (experiment.load_run(stage, "last") for stage in stages[::-1])
    kernels = [
        model.get_layer("down_1").kernel.numpy()
        for model in (
            first.generator,
            second.generator.get_layer("global"),
            third.generator.get_layer("global"),
        )
    ]
    best = experiment.load_run(stages[2], "best")
    np.testing.assert_array_equal(kernels[1], best.generator.get_layer("down_1").kernel)
    assert np.any(kernels[2] != kernels[1])
    loaded = experiment.load_run(tmp_path / "run")
    assert np.any(loaded.styles.numpy())


# ---------------------------------------------------------------------- the command


def said(*argv, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.run(translate.main, [str(argument) for argument in argv])
    return (stop.value.code, *capsys.readouterr())


def translated(run, data, output, *flags, capsys, instances="inst"):
    argv = [f"--workdir={run}", f"--input={data / 'label'}", f"--output={output}", *flags]
    if instances:
        argv.append(f"--instances={data / instances}")
    return said(*argv, capsys=capsys)


def test_translates_files_of_label_maps(run, config, folder, tmp_path, capsys):
    data = folder / "maps"
    flags = ("--style=2", "--compare")
    status, out, _ = translated(run, data, tmp_path / "out", *flags, capsys=capsys)
    assert (status or 0) == 0
    assert "12 images" in out
    model = experiment.load_run(run)
    maps = read_label_map(str(data / "label/03.png"), str(data / "inst/03.png"), 7)
    expected = pictures.to_uint8(model.translate(maps[np.newaxis], styles=2)[0])
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out/03.png")), expected)
    assert expected.shape == (20, 20, 3)  # at its own size, which is not that of training
    assert (tmp_path / "out/03_compare.png").exists()

    # The style of a picture, class by class.
    look = ["image/05.png", "label/05.png", "inst/05.png"]
    names = ("style_of", "style_labels", "style_instances")
    flags = [f"--{n}={data / file}" for n, file in zip(names, look, strict=True)]
    one = [f"--workdir={run}", f"--input={data / look[1]}", f"--instances={data / look[2]}"]
    status, *_ = said(*one, f"--output={tmp_path / 'same.png'}", *flags, capsys=capsys)
    assert (status or 0) == 0
    own = read_label_map(str(data / look[1]), str(data / look[2]), 7)
    picture = np.asarray(Image.open(data / look[0]))
    by_class = model.styles_by_class(picture, own)
    encoded = model.encode_styles(picture[np.newaxis], own[np.newaxis, ..., 1])[0]
    present = np.unique(own[..., 0])
    for label in present:
        mine = own[..., 0] == label
        np.testing.assert_allclose(by_class[label], encoded[mine].mean(0), atol=1e-6)
    expected = model.translate(own[np.newaxis], styles=by_class[own[np.newaxis, ..., 0]])[0]
    found = np.asarray(Image.open(tmp_path / "same.png"))
    np.testing.assert_array_equal(found, pictures.to_uint8(expected))

    # The picture is read as the run's images are: here 1,020 of 16 bits is white.
    grey = picture[..., 0]
    Image.fromarray(grey).save(tmp_path / "8.png")
    Image.fromarray(grey.astype(np.uint16) * 4).save(tmp_path / "16.png")
    made = []
    for bits in (8, 16):
        of = Maps(
            str(data / look[2]),
            None,
            str(tmp_path / f"{bits}.png"),
            *(str(data / file) for file in look[1:]),
        )
        to = {data / look[1]: tmp_path / f"of_{bits}.png"}
        translate_label_maps(model, {**config.data, "white": 1020}, to, of)
        made.append(np.asarray(Image.open(tmp_path / f"of_{bits}.png")))
    np.testing.assert_array_equal(*made)


def test_instance_maps_in_folders_of_the_same_names(task, tmp_path):
    files = ("ulm/1_labelIds.png", "ulm/2_labelIds.png", "bonn/1_labelIds.png", "3_labelIds.png")
    labels = [str(tmp_path / "label" / file) for file in files]
    for file in (*files, "bonn/3_labelIds.png"):
        path = tmp_path / "inst" / file.replace("label", "instance")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    given = str(tmp_path / "inst")
    found = label_files.instances_of(labels, given, True)
    for label, instance in found.items():
        assert instance == label.replace("label/", "inst/").replace("labelIds", "instanceIds")
    # Without the folder above, nothing says which of both 1_instanceIds.png is meant.
    lone = [str(tmp_path / "label/essen/1_labelIds.png")]
    with pytest.raises(InputError, match=r"essen.* has several instance maps of its name, such as"):
        label_files.instances_of(lone, given, True)


@pytest.mark.parametrize(
    ("flags", "instances", "sentence"),
    [
        ((), None, "--instances: expected the instance maps of the label maps, which this"),
        ((), "nowhere", "nowhere' does not exist"),
        (("--style=10",), "inst", "--style: expected 0 to 9, got 10"),
        (("--size=8",), "inst", "--size: expected none for label maps"),
        (("--style_of=x.png", "--style=1"), "inst", "--style: expected without --style_of"),
        (("--style_of=x.png",), "inst", "expected the picture's --style_labels and --style_inst"),
        (("--style_labels=x.png",), "inst", "--style_labels: expected --style_of beside it"),
    ],
)
def test_what_cannot_be_translated(run, folder, tmp_path, capsys, flags, instances, sentence):
    status, _, err = translated(
        run, folder / "maps", tmp_path / "out", *flags, capsys=capsys, instances=instances
    )
    assert status == 2
    assert sentence in err
    assert not list((tmp_path).rglob("*.png"))


def test_commands_that_do_not_fit_say_what_the_model_takes(run):
    model = experiment.load_run(run)
    with pytest.raises(InputError, match="makes images from label maps; use tfgan_zoo"):
        task_of(model).drawing(model, DrawRequest(str(run)))
    other = SimpleNamespace(takes_labels=False)
    with pytest.raises(InputError, match="translates images; use tfgan_zoo"):
        task_of(model).drawing(other, DrawRequest(str(run)))


def test_a_training_of_one_step_is_told_in_the_singular(config, task):
    one = ConfigDict(config.to_dict())
    one.train.steps = one.data.batch_size = 1
    stage = Stage(one, None, task.model, task, None, Devices(), lambda _: None)
    assert "; 1 step of 1 sample, on" in stage.describe(0, False)
    assert "; its step is done, on" in stage.describe(1, False)


def test_styles_belong_to_the_weights_of_a_run(run, folder, tmp_path, capsys):
    with np.load(run / "styles.npz") as stored:
        kept = dict(stored)
    assert int(kept["step"]) == 1
    assert np.any(kept["styles"])
    np.testing.assert_array_equal(experiment.load_run(run).styles.numpy(), kept["styles"])
    other = tmp_path / "other"
    shutil.copytree(run, other)
    np.savez(other / "styles.npz", **kept | {"step": 7})  # of another checkpoint
    assert not np.any(experiment.load_run(other).styles.numpy())
    data = folder / "maps"
    status, _, err = translated(other, data, tmp_path / "out", "--style=1", capsys=capsys)
    assert status == 2
    assert "--style: expected a run that has ended" in err
    status, out, err = translated(other, data, tmp_path / "out", capsys=capsys)
    assert (status or 0) == 0
    assert "these weights have none yet, so every instance gets zeros" in out + err
    look = [data / part / "05.png" for part in ("label", "inst", "image")]
    names = ("style_labels", "style_instances", "style_of")
    flags = [f"--{name}={path}" for name, path in zip(names, look, strict=True)]
    status, out, err = translated(other, data, tmp_path / "like", *flags, capsys=capsys)
    assert (status or 0) == 0
    assert "none yet, so classes that the picture lacks get zeros" in out + err


def test_entries_of_label_maps_need_classes(folder):
    config = tiny_labels(folder, data__ignored="255")
    with config.unlocked():
        config.model_args.num_classes, config.model_args.style_size = None, 0
        config.generator = {"name": "global_generator", "filters": 2, "downsamplings": 2}
        config.encoder = {"name": ""}
    with pytest.raises(InputError, match=r"data\.ignored: expected None without model_args\.num"):
        open_task(config, building.build_model(config))


def test_a_value_that_is_no_class_of_the_model(run, tmp_path, capsys):
    """The model has learned its classes, and the command has no flag for what it ignores."""
    path = tmp_path / "a.png"
    Image.fromarray(np.full((16, 16), 255, np.uint8)).save(path)
    command = [f"--workdir={run}", f"--input={path}", f"--instances={path}"]
    status, _, err = said(*command, f"--output={tmp_path / 'b.png'}", capsys=capsys)
    assert status == 2
    known = "expected class numbers from 0 to 6, those of the model"
    assert err == f"error: {path}: {known}, got the value 255; change the file.\n"
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[0, 0] = (0, 9, 0)
    Image.fromarray(pixels).save(path)
    status, _, err = said(*command, f"--output={tmp_path / 'b.png'}", capsys=capsys)
    assert status == 2
    assert err.endswith("as indices of a palette, got colours; convert them.\n")
    # In training, both can be set.
    with pytest.raises(InputError, match=r"convert them, or give .* \(--config\.data\.classes\)"):
        read_label_map(str(path), None, 7)
