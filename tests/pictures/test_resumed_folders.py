"""Folders of generated images whose writing was stopped."""

import itertools

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import atomic
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import drawing
from tfgan_zoo.pictures.drawing import Drawing
from tfgan_zoo.tasks.drawing import Generated

NUM = 11
LATENTS = np.linspace(-1, 1, NUM, dtype=np.float32)[:, np.newaxis]


class Plain:
    """A generator of grey squares, which stops at a call as Ctrl-C does."""

    image_shape = (2, 2, 1)

    def __init__(self, stop_at=None):
        self.calls, self.stop_at = 0, stop_at

    def generate(self, latents):
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        return np.broadcast_to(latents[:, :, None, None], (len(latents), 2, 2, 1))


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr("tfgan_zoo.tasks.drawing._BATCH", 4)
    monkeypatch.setattr(drawing, "RESUMED", 1)


def save(output, key, stop_at=None):
    model = Plain(stop_at)
    Drawing(Generated(model, LATENTS, {}), NUM).save(output, key)
    return model.calls


def values(output):
    files = sorted(output.glob("*.png"))
    assert [file.name for file in files] == [f"{i:06d}.png" for i in range(NUM)]
    return [int(np.asarray(Image.open(file))[0, 0]) for file in files]


def test_the_same_images_go_on_where_they_stopped(tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "images", "a" * 12, stop_at=3)
    assert not (tmp_path / "images").exists()
    (part,) = tmp_path.iterdir()
    assert len(list(part.iterdir())) == 8
    (part / "000007.png").unlink()  # in the middle of a batch
    (part / "000008.png.part").write_text("half a file")
    assert save(tmp_path / "images", "a" * 12) == 2
    assert capsys.readouterr().err == "7 images were written before.\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "images"]
    assert values(tmp_path / "images") == [round((v + 1) * 127.5) for v in LATENTS[:, 0]]


def test_other_images_begin_anew(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "images", "a" * 12, stop_at=3)
    assert save(tmp_path / "images", "b" * 12) == 3


def test_few_images_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "RESUMED", NUM + 1)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "images", "a" * 12, stop_at=3)
    assert not list(tmp_path.iterdir())


def test_batches_after_a_number_are_those_of_all():
    made = Generated(Plain(), LATENTS, {})
    for start in range(NUM):
        later = np.concatenate(list(made.after(start)))
        np.testing.assert_array_equal(later, np.concatenate(list(made))[start:])
    assert len(list(itertools.islice(made, 2))) == 2


def test_images_that_were_moved_before_a_kill_are_made_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "images", "a" * 12, stop_at=3)
    (part,) = tmp_path.iterdir()
    (tmp_path / "images").mkdir()
    for name in ("000000.png", "000005.png"):
        (part / name).rename(tmp_path / "images" / name)
    save(tmp_path / "images", "a" * 12)
    assert values(tmp_path / "images") == values_of_whole(tmp_path)


def values_of_whole(tmp_path):
    save(tmp_path / "whole", "")
    return values(tmp_path / "whole")


def test_two_processes_do_not_write_the_same_images(tmp_path):
    with (
        atomic.claimed(tmp_path / (".part-" + "a" * 12), "images"),
        pytest.raises(InputError, match="another process is writing"),
    ):
        save(tmp_path / "images", "a" * 12)
    assert not (tmp_path / "images").exists()
    save(tmp_path / "images", "a" * 12)
    assert values(tmp_path / "images") == values_of_whole(tmp_path)


def test_a_volume_is_filled_from_within(volume):
    with pytest.raises(KeyboardInterrupt):
        save(volume, "a" * 12, stop_at=3)
    (part,) = volume.iterdir()
    assert len(list(part.iterdir())) == 8
    drawing.check_output(volume, overwrite=False)  # what is unfinished is no foreign file
    assert save(volume, "a" * 12) == 1
    assert len(values(volume)) == NUM == len(list(volume.iterdir()))
    assert save(volume, "") == 3  # over earlier images
    assert len(values(volume)) == NUM == len(list(volume.iterdir()))
