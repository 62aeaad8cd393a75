"""A newcomer's commands, from a folder to a served model, in this process and on tiny images."""

import contextlib

import numpy as np
import pytest
from PIL import Image

from benchmarks import newcomer
from tests.marks import slow
from tests.serving import rest_server
from tfgan_zoo import pictures
from tfgan_zoo.run.trained import load_run

SIDE = 24
SMALL = [
    *(f"--config.{role}.filters=4" for role in ("generator", "discriminator")),
    *("--config.train.export=false", "--config.train.samples=4"),
]
#: So that two steps lead to images with contrast.
FAST = ["--config.model_args.ema_half_life=none", "--config.generator_optimizer.learning_rate=0.1"]


@contextlib.contextmanager
def serve(folder):
    with rest_server.serving({folder.name: rest_server.Served(folder)}) as server:
        yield server.url(folder.name)


def save(folder, num, height, width):
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for i in range(num):
        pixels = random.integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:02}.png")
    return folder


def read(folder):
    images = []
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as image:
            images.append(np.asarray(image).astype(int))
    return np.stack(images)


def apart(images, others):
    """Returns the largest difference of pixels."""
    assert images.shape == others.shape
    return np.max(np.abs(images - others))


@pytest.mark.parametrize("kind", [slow(kind) for kind in newcomer.RECIPES])
def test_from_a_folder_to_a_served_model(tmp_path, kind):
    sides = {"images": (SIDE, SIDE), "pairs": (SIDE, 2 * SIDE), "photos": (36, 40)}
    photos = save(tmp_path / "data", 24, *sides.get(kind, (SIDE, SIDE)))
    if kind == "captions":
        lines = [f"{i:02}.png,a {['red', 'blue'][i % 2]} thing\n" for i in range(24)]
        (photos / "captions.csv").write_text("image,caption\n" + "".join(lines))
    side = 32 if kind == "photos" else SIDE
    more = FAST if kind in ("images", "captions") else []
    times = newcomer.play(
        kind,
        f"folder:{photos}",
        tmp_path / "made",
        steps=2,
        run=newcomer.in_this_process,
        serve=serve,
        more=[f"--image_size={side}", *SMALL, *more],
    )
    assert all(time.wall > 0 for time in times.values())
    predicted, drawn = (read(tmp_path / "made" / name) for name in ("predicted", "made"))
    if kind in ("pairs", "photos"):  # the server's answers are what the command wrote
        expected = drawn
    else:
        model = load_run(tmp_path / "made" / "run")
        texts = [["a red thing"] * newcomer.NUM] if kind == "captions" else []
        expected = pictures.to_uint8(model.generate(*texts, seeds=range(newcomer.NUM))).astype(int)
    assert apart(predicted, expected) <= 1
    assert apart(predicted, np.roll(expected, 1, axis=0)) > 1


def command(tmp_path, result):
    return newcomer.Command("export", ["--output=a b"], tmp_path / result)


def test_a_command_that_writes_nothing_is_noticed(tmp_path, capsys):
    def write(name, given):
        assert (name, given) == ("export", ["--output=a b"])
        (tmp_path / "file").write_bytes(b"x")

    newcomer.timed(command(tmp_path, "file"), write)
    assert capsys.readouterr().out == "$ python -m tfgan_zoo.export '--output=a b'\n"
    with pytest.raises(SystemExit, match=r"export: expected .*other, got no such file"):
        newcomer.timed(command(tmp_path, "other"), write)
    save(tmp_path / "images", newcomer.NUM - 1, 8, 8)
    with pytest.raises(SystemExit, match=r"expected 4 images in .*, got 3"):
        newcomer.timed(command(tmp_path, "images"), write)


def test_the_table_has_a_column_for_each_kind():
    names = ("train", "evaluate", "report", "export", "predict")
    times = dict.fromkeys(names, newcomer.Time(1.0, 0.5)) | {"serve": newcomer.Time(4.0)}
    found = {
        "images": ("folder:a", times | {"generate": newcomer.Time(2.0, 1.0)}),
        "pairs": ("folder:b", times | {"translate": newcomer.Time(3.0, 2.0)}),
    }
    lines = newcomer.table(found, "a server")
    assert lines[0] == "| | `--images=folder:a` | `--pairs=folder:b` |"
    assert "| `generate` or `translate` | 2.0 s (1.0 s) | 3.0 s (2.0 s) |" in lines
    assert "| until a server answers | 4.0 s | 4.0 s |" in lines
    assert len(lines) == 9
