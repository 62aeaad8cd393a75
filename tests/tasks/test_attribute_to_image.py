"""Runs, sheets, scores and drawings of a model that draws from attributes."""

import json

import numpy as np
import pytest

from tests.tiny_runs import quiet, tiny_attribute_to_image
from tfgan_zoo import generate, pictures
from tfgan_zoo.attributes import Attributes
from tfgan_zoo.data import figures, solid_views
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.figure_attributes import attribute_scores, mask_iou
from tfgan_zoo.pictures.attribute_drawing import drawing_of, parse_sweep, parse_values
from tfgan_zoo.pictures.drawing import DrawRequest
from tfgan_zoo.pictures.labels import Sweep
from tfgan_zoo.pixels import on_black
from tfgan_zoo.run import experiment
from tfgan_zoo.run.building import build_model
from tfgan_zoo.run.drawing import walk_run
from tfgan_zoo.run.evaluation import evaluate_run
from tfgan_zoo.tasks import open_task, resolve
from tfgan_zoo.tasks.requests import Request

SCORED = {
    "evaluate__split": "test",
    "evaluate__samples": "20",
    "evaluate__metrics": "psnr,mask_iou,figures",
}


def opened(folder, **overrides):
    config = resolve(tiny_attribute_to_image(folder, **overrides))
    model = build_model(config)
    return model, open_task(config, model)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of ten steps."""
    folder = tmp_path_factory.mktemp("attributes")
    experiment.train(tiny_attribute_to_image(folder, **SCORED), folder / "run", quiet)
    return folder / "run"


def test_a_run(run):
    config = json.loads((run / "config.json").read_text())["config"]
    assert config["data"]["attributes"][:2] == [
        "shape=circle|square|triangle|star|ring|cross",
        "angle=degrees",
    ]
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    found = {name for row in rows for name in row}
    assert {"loss", "image_loss", "mask_loss", "psnr", "mask_iou", "held_out_all"} <= found
    assert (run / "samples" / "final.png").is_file()
    model = experiment.load_run(run)
    assert model.coding.declared == Attributes(figures.DESCRIBED).declared
    np.testing.assert_array_equal(
        model.generate(model.coding.middle()),
        experiment.load_run(run).generate(model.coding.middle()),
    )


def test_scores_by_independent_arithmetic(tmp_path):
    model, task = opened(tmp_path, **SCORED)
    known = task.known_scores()
    wanted = figures.attributes("attributes", "test")[task.held_out.chosen[:20]]
    np.testing.assert_array_equal(task.held_out.images[:20], figures.render(wanted, 16))
    values = figures.described(wanted)
    images, masks = model.generate_with_masks(values)
    exact = figures.masks(wanted, 16)
    target = on_black(figures.render(wanted, 16), exact)
    errors = ((pictures.to_uint8(images).astype(float) - target) ** 2).mean(axis=(1, 2, 3))
    psnr = np.mean(10 * np.log10(255**2 / errors))
    assert known["psnr"].function(model)["psnr"] == pytest.approx(psnr, rel=1e-4)
    together = known["mask_iou"].function(model)
    assert together["mask_iou"] == pytest.approx(mask_iou(masks, exact).mean())
    read = attribute_scores(pictures.to_uint8(images), wanted)
    assert known["figures"].function(model) == read
    assert known["figures"].main == "seen_all"


class Exact:
    """Draws figures without learning: the control for sheet and scores."""

    averages = ()

    def __init__(self, model):
        self.coding = model.coding

    def generate_with_masks(self, codes):
        found = self.coding.decode(codes)
        names = {"size": "radius"}
        fields = {
            names.get(n, n): v
            for n, v in found.items()
            if n in ("shape", "angle", "x", "y", "size")
        }
        rgb = np.stack([found[n] for n in ("red", "green", "blue")], 1).round().astype(np.uint8)
        zeros = np.zeros(len(codes), np.int32)
        drawn = figures.Attributes(**fields, colour=zeros, fill=zeros, background=zeros, rgb=rgb)
        masks = figures.masks(drawn, 16)
        return pictures.from_uint8(on_black(figures.render(drawn, 16), masks)), masks / 255


def test_what_is_drawn_right_scores_right(tmp_path):
    model, task = opened(tmp_path, **SCORED)
    known = task.known_scores()
    # But for edges, over backgrounds of other colours.
    best = known["psnr"].function(Exact(model))
    assert best["psnr"] > 30
    assert best["mask_iou"] > 0.98
    read = known["figures"].function(Exact(model))
    assert read["seen_all"] > 0.7  # at 16 pixels
    assert task.sheet(Exact(model)).shape == task.sheet(model).shape


@pytest.fixture
def few_solids(monkeypatch):
    """Runs draw 60 solids and 40 of the test split."""
    monkeypatch.setattr(solid_views, "SPLIT_SIZES", {"train": 60, "test": 40})
    return SCORED | {"data__source": "solids/views", "evaluate__metrics": "psnr,mask_iou"}


def test_views_of_solids(tmp_path, few_solids):
    model, task = opened(tmp_path, **few_solids)
    assert model.coding.declared == Attributes(solid_views.DESCRIBED).declared
    assert "figures" not in task.known_scores()
    wanted = solid_views.attributes("test")[task.held_out.chosen[:20]]
    image, mask = solid_views.render(wanted, 16)
    np.testing.assert_array_equal(task.held_out.targets[:20], on_black(image, mask))
    codes = model.encode(solid_views.described(wanted))
    np.testing.assert_array_equal(task.held_out.codes[:20], codes)
    assert 0 <= task.known_scores()["mask_iou"].function(model)["mask_iou"] <= 1
    turning = drawn(model, "kind=cone", "kind=torus", sweep="view:0:360:4")
    assert (turning.num, turning.labels) == (8, ["cone", "torus"])
    given = model.coding.middle() | {"kind": "torus", "view": [0, 90, 180, 270]}
    np.testing.assert_allclose(images_of(turning)[4:], model.generate(given), atol=1e-6)


@pytest.mark.slow
def test_a_run_on_views_of_solids(tmp_path, few_solids):
    folder = tmp_path / "run"
    experiment.train(tiny_attribute_to_image(tmp_path, **few_solids), folder, quiet)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert {"loss", "psnr", "mask_iou"} <= {name for row in rows for name in row}
    assert (folder / "samples" / "final.png").is_file()


def test_evaluate(run):
    request = Request(("psnr", "mask_iou", "figures", "swd"), num=12)
    found = evaluate_run(run, request)
    assert {"psnr", "mask_iou", "swd"} <= set(found.scores)
    assert any(name.endswith("held_out_all") for name in found.scores)
    assert "on black" in found.report()


def test_resuming_keeps_the_attributes(run, tmp_path):
    config = tiny_attribute_to_image(tmp_path, **SCORED)
    before = json.loads((run / "config.json").read_text())["config"]
    again = resolve(config, before)
    assert list(again.data.attributes) == before["data"]["attributes"]
    assert experiment.train(config, run, quiet) is not None  # Nothing is left to do.


def test_own_images(tmp_path):
    """A folder with a table, of another size, without masks; an entry declares a wider range."""
    folder = tmp_path / "own"
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (9, 20, 20, 3), np.uint8)
    lines = ["file,kind,weight"]
    for i, image in enumerate(images):
        pictures.save_png(folder / f"{i}.png", image)
        lines.append(f"{i}.png,{'ab'[i % 2]},{i}")
    (folder / "attributes.csv").write_text("\n".join(lines))
    own = {"data__source": f"folder:{folder}", "data__split": "train", "evaluate__samples": "9"}
    model, task = opened(tmp_path, **own, data__attributes="kind=a|b,weight=0..20")
    assert model.coding.declared == {"kind": ("a", "b"), "weight": (0, 20)}
    sheets = []
    for num in (9, 30):  # A sheet has no room for images that are not there.
        task.config.train.samples = num
        sheets.append(task.sheet(model))
    np.testing.assert_array_equal(*sheets)
    known = task.known_scores()
    assert "figures" not in known
    assert "mask_iou" not in known
    assert np.isfinite(known["swd"].function(model)["swd"])
    batch = next(iter(task.batches(0)))
    assert set(batch) == {"attributes", "image"}
    assert task.describe().endswith("without masks, from kind (2 classes), weight (0 to 20)")
    no_masks = task.fingerprints()["training data"].sha256
    (folder / "masks").mkdir()
    for i in range(9):
        pictures.save_png(folder / "masks" / f"{i}.png", np.full((20, 20), 255, np.uint8))
    _, with_masks = opened(tmp_path, **own, data__attributes="kind=a|b,weight=0..20")
    assert with_masks.fingerprints()["training data"].sha256 != no_masks
    with pytest.raises(InputError, match=r"weight: expected numbers from 0 to 5, got 6"):
        opened(tmp_path, **own, data__attributes="kind=a|b,weight=0..5")
    for entry, value in (("flip", "true"), ("fit", "pad")):
        with pytest.raises(InputError, match=f"data.{entry}: expected"):
            opened(tmp_path, **own, **{f"data__{entry}": value})


# ---------------------------------------------------------------------- drawings


def drawn(model, *attributes, **request):
    return drawing_of(model, DrawRequest("runs/x", attributes=attributes, **request))


@pytest.fixture(scope="module")
def model(run):
    return experiment.load_run(run)


def images_of(drawing):
    return np.concatenate(list(drawing.batches))


def test_a_sweep(model):
    drawing = drawn(model, "shape=star", "shape=ring", "size=0.2", sweep="angle:0:360:6")
    assert (drawing.num, drawing.columns) == (12, 6)
    assert drawing.labels == ["star", "ring"]
    given = model.coding.middle() | {"shape": "ring", "size": 0.2}
    expected = model.generate(given | {"angle": np.arange(0, 360, 60)})
    np.testing.assert_allclose(images_of(drawing)[6:], expected, atol=1e-6)
    every = drawn(model, sweep="x:0.4:0.6:3")
    assert every.labels == list(figures.SHAPES)
    assert every.num == 18
    assert drawn(model, "shape=star", sweep="x:0.4:0.6:3").labels is None


def test_a_sweep_says_what_changes_and_to_which_values(model, tmp_path):
    drawing = drawn(model, "shape=star", "shape=ring", sweep="angle:0:360:3")
    assert drawing.sweep == ("angle", ["0", "120", "240"])
    assert drawing.captions()[2:4] == ["star, angle 240", "ring, angle 0"]
    rows = np.zeros((2, 3, 16, 16, 3), np.uint8)
    plain, sheet = (
        pictures.labelled_rows(["star", "ring"], rows, sweep=sweep)
        for sweep in (None, drawing.sweep)
    )
    lines = len(sheet) - len(plain)  # two: the name, and the values
    np.testing.assert_array_equal(sheet[lines:], plain)
    dark = (sheet[:lines] < 128).any(axis=-1)
    assert dark[: lines // 2, :60].any()
    for column in range(3):  # each value above its column
        assert dark[lines // 2 :, 66 * column : 66 * column + 64].any()
    alone = drawn(model, "shape=star", sweep="x:0.4:0.6:3")
    assert alone.sheet().shape == (lines + 64, 3 * 66 - 2, 3)
    assert alone.captions() == ["x 0.4", "x 0.5", "x 0.6"]


def test_of_many_narrow_columns_some_have_their_values():
    rows = np.zeros((1, 40, 16, 4, 3), np.uint8)
    values = [f"{value:.4g}" for value in np.linspace(0, 1, 40)]
    sheet = pictures.labelled_rows(None, rows, sweep=Sweep("size", values))
    dark = (sheet[22:44] < 128).any(axis=(0, 2))
    assert dark[:40].any()
    assert dark[-80:].any()
    assert not all(dark[i : i + 16].any() for i in range(0, len(dark), 18))


def test_a_walk_between_classes(model):
    drawing = drawn(model, "shape=star", "shape=ring", interpolate=True, frames=4)
    assert (drawing.num, drawing.columns) == (4, 4)
    ends = [model.coding.middle() | {"shape": shape} for shape in ("star", "ring")]
    np.testing.assert_allclose(images_of(drawing), model.interpolate(*ends, 4)[0], atol=1e-6)
    closed = drawn(model, "shape=star", "shape=ring", interpolate=True, frames=4, closed=True)
    assert closed.num == 6
    free = drawn(model, interpolate=True, frames=3, num=3, seed=1)
    assert free.num == 5


def test_rows_of_combinations(model):
    drawing = drawn(model, "shape=star", "size=0.2", "size=0.25", num=3, seed=2)
    assert (drawing.num, drawing.columns) == (6, 3)
    assert drawing.labels == ["size 0.2", "size 0.25"]
    again = drawn(model, "shape=star", "size=0.2", "size=0.25", num=3, seed=2)
    np.testing.assert_array_equal(images_of(drawing), images_of(again))
    assert drawn(model, num=5).num == 5
    everything = [f"{n}={v}" for n, v in model.coding.middle().items()]
    assert drawn(model, *everything).num == 1


def test_a_command_and_the_report_s_walk(run, tmp_path, capsys):
    output = tmp_path / "turning.gif"
    generate.main(
        [
            f"--workdir={run}",
            "--attribute=shape=star",
            "--sweep=angle:0:360:4",
            f"--output={output}",
        ]
    )
    told = capsys.readouterr().out
    assert told == f"4 images: {output}\nangle: 0, 90, 180, 270\n"
    assert output.stat().st_size > 0
    title, walks = walk_run(str(run), [], seed=0, num=2, frames=3)
    assert title == "between latents"
    assert walks.shape[0] == 1


@pytest.mark.parametrize(
    ("attributes", "request_", "message"),
    [
        (["shape"], {}, "--attribute: expected NAME=VALUE, got 'shape'"),
        (["shpe=star"], {}, "--attribute: there is no 'shpe'; did you mean shape?"),
        (["shape=str"], {}, "--attribute=shape: there is no 'str'; did you mean star?"),
        (["size=big"], {}, "--attribute=size: expected a number, got 'big'"),
        (["size=2"], {}, "--attribute=size: expected numbers from 0.18 to 0.26, got 2"),
        ([], {"sweep": "shape:0:1:4"}, "--sweep: expected a number or an angle, got the class"),
        ([], {"sweep": "angel:0:1:4"}, "--sweep: there is no 'angel'; did you mean angle?"),
        ([], {"sweep": "angle:0:4"}, "--sweep: expected NAME:FIRST:LAST:FRAMES, got"),
        ([], {"sweep": "angle:0:4:1"}, "--sweep: expected a whole number of frames from 2 up"),
        ([], {"sweep": "x:0:1:4"}, "--sweep=x: expected numbers from 0.36 to 0.64, got 0"),
        (["x=0.5"], {"sweep": "x:0.4:0.6:4"}, "--attribute: expected none for 'x', which --sweep"),
        ([], {"sweep": "x:0.4:0.6:4", "interpolate": True}, "--sweep: expected none beside"),
        (
            ["shape=star", "shape=ring", "x=0.4", "x=0.5", "x=0.6"],
            {"interpolate": True},
            "--attribute: expected as many of each that changes, got 2 of shape, 3 of x",
        ),
        (
            ["shape=star", "shape=ring"],
            {"interpolate": True, "num": 3},
            "--num: expected none for a walk between values of --attribute, got 3.",
        ),
        (
            [],
            {"interpolate": True, "path": "spherical"},
            "--path: expected linear, the only way between attributes, got spherical.",
        ),
        ([], {"texts": ["a star"]}, "--text: expected none for 'runs/x', which draws from"),
        ([], {"labels": ["star"]}, "--label: expected none for 'runs/x'"),
    ],
)
def test_requests_that_cannot_be_drawn(model, attributes, request_, message):
    with pytest.raises(InputError) as caught:
        drawn(model, *attributes, **request_)
    assert message in str(caught.value)


def test_values_and_sweeps_of_texts():
    known = Attributes({"shape": ("a", "b"), "view": "degrees", "size": (0, 1)})
    assert parse_values(known, ["size=0.5", "shape=b", "size=1"]) == {
        "size": [0.5, 1.0],
        "shape": ["b"],
    }
    name, values = parse_sweep(known, "view:90:-270:4")
    assert (name, values.tolist()) == ("view", [90, 0, -90, -180])
    assert parse_sweep(known, "view:0:90:4")[1].tolist() == [0, 30, 60, 90]
    assert parse_sweep(known, "view:0:720:4")[1].tolist() == [0, 180, 360, 540]  # two turns
