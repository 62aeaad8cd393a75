"""Folders of generated images whose writing was stopped."""

import itertools

import numpy as np
import pytest
from PIL import Image

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
