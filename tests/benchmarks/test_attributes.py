"""The arithmetic of `benchmarks.attributes`, on a model that draws exactly."""

import numpy as np

from benchmarks import attributes
from tfgan_zoo.data import figures, solid_views

FIGURES, SOLIDS = attributes.figures_source(), attributes.solids_source()
WANTED = FIGURES.attributes("test", 40)
EXACT = FIGURES.exact(WANTED, 24)


def test_what_is_drawn_exactly_is_right_and_other_images_are_not():
    psnr, iou, right = attributes.scores(FIGURES, EXACT, EXACT, WANTED)
    assert psnr > 60
    assert iou == 1
    assert right == 1
    other = attributes.Drawn(*(np.roll(each, 1, axis=0) for each in EXACT))
    psnr, iou, right = attributes.scores(FIGURES, other, EXACT, WANTED)
    assert psnr < 25
    assert iou < 0.7
    assert right == 0


def test_the_nearest_by_hand():
    known = np.array([[0, 0], [3, 0], [0, 5]], np.uint8)
    assert attributes.nearest(np.array([[2, 1], [0, 4], [1, 0]]), known).tolist() == [1, 2, 0]
    images = EXACT.images[::-1]
    found = attributes.nearest(EXACT.images, images)
    np.testing.assert_array_equal(images[found], EXACT.images)


def test_the_parts_divide_the_test_split():
    parts = attributes.parts(FIGURES, WANTED)
    assert sum(part.astype(int) for part in parts.values()).tolist() == [1] * 40
    np.testing.assert_array_equal(~parts["seen"], figures.is_held_out(WANTED))
    lines = attributes.table(FIGURES, {"exact": EXACT}, EXACT, WANTED)
    assert all(line.endswith("| 1.000 | 1.000 |") for line in lines[2:])


def test_solids_have_the_same_table_without_a_reader():
    wanted = SOLIDS.attributes("test", 60)
    exact = SOLIDS.exact(wanted, 16)
    black = attributes.Drawn(*(np.zeros_like(each) for each in exact))
    lines = attributes.table(SOLIDS, {"exact": exact, "black": black}, exact, wanted)
    assert lines[:2] == [
        "| images | part | number | PSNR | mask IoU |",
        "|---|---|---|---|---|",
    ]
    rows = [line.split(" | ") for line in lines[2:]]
    assert sum(int(row[2]) for row in rows) == 120
    assert {row[4] for row in rows} == {"1.000 |", "0.000 |"}
    assert {row[1] for row in rows} >= {"seen", "pairs held out", "views held out"}
    parts = attributes.parts(SOLIDS, wanted)
    drawn = solid_views.load("test", 8, 60)
    np.testing.assert_array_equal(~parts["seen"], drawn["held_out"])
    np.testing.assert_array_equal(exact.masks, SOLIDS.render(wanted, 16).masks)


class Blends:
    """Draws exact figures, and blends between them."""

    def encode(self, values):
        return np.eye(6, dtype=np.float32)[values["shape"]]

    def generate_with_masks(self, codes):
        black = np.full((len(codes), 24, 24, 3), -1.0, np.float32)
        return black, np.zeros((len(codes), 24, 24, 1), np.float32)


def test_walks_count_clean_figures():
    """Black images are none; blends of pixels are two figures in the middle."""
    lines = attributes.walks(Blends(), WANTED[:1], 24)
    assert len(lines) == 4
    assert lines[2] == "| walk of the model | " + " | ".join(["0.000"] * 5) + " |"
    blend = [float(cell) for cell in lines[3].split("|")[2:-1]]
    assert blend[2] < 0.7
    assert blend[0] >= blend[2]
