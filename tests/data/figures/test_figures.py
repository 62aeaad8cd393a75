import dataclasses
import hashlib

import numpy as np
import pytest

from tfgan_zoo.data import figures
from tfgan_zoo.errors import InputError

HASH = "9dd71d1c3a6f021912008f67c3c72a35780070d05d388b6ba7a0d3d2ce89b54b"
#: Of views that are younger than the others.
HASHES = {
    "transfer": "a2314035723bff7885701dd712c51bd4f7cabf8befb3d23b6d442fe5f35085a0",
    "attributes": "d54e8b4dcaf6dd40afcfe331652ef8d933e42cb58f1213d25e58b0fa6e2123e8",
}


@pytest.mark.parametrize("younger", ["", *HASHES])
def test_bytes_are_the_same_everywhere(younger):
    digest = hashlib.sha256()
    for view, spec in figures.VIEWS.items():
        if (view if view in HASHES else "") != younger:
            continue
        for split, resolution in (("train", 32), ("test", 40)):
            data = figures.load(view, split, resolution, num=24, seed=3)
            for element in spec.elements:
                if data[element].dtype == np.uint8:
                    digest.update(data[element].tobytes())
    assert digest.hexdigest() == HASHES.get(younger, HASH)


@pytest.mark.parametrize("view", figures.VIEWS)
def test_elements(view):
    spec = figures.VIEWS[view]
    data = figures.load(view, "test", resolution=16, num=7)
    assert tuple(data) == spec.elements
    for name, values in data.items():
        assert len(values) == 7
        if name in ("image", "a", "b", "mask"):
            assert values.shape == (7, 16, 16, 1 if name == "mask" else 3)
            assert values.dtype == np.uint8
    drawn = figures.attributes(view, "train", 2000)
    assert {figures.BACKGROUNDS[i] for i in drawn.background} == set(spec.backgrounds)
    assert len(np.unique(drawn.label)) == 48 - len(spec.held_out)
    reach = drawn.radius
    for centre in (drawn.x, drawn.y):
        assert (centre - reach >= 0).all()
        assert (centre + reach <= 1).all()


def test_attributes_of_the_continuous_view():
    """Masks by the definition of a turned figure, what is drawn, and what train lacks."""
    drawn = figures.attributes("attributes", "test", 300)
    values = figures.described(drawn)
    assert list(values) == list(figures.DESCRIBED)
    for name in ("x", "y", "size", "red", "green", "blue"):
        low, high = figures.DESCRIBED[name]
        assert (values[name] >= low).all()
        assert (values[name] <= high).all()
    nearest = np.linalg.norm(drawn.rgb[:, None] - figures.COLOUR_RGB.astype(float), axis=2)
    np.testing.assert_array_equal(nearest.argmin(1), drawn.colour)

    # A pixel is within a square if it is within one that is turned back.
    (i,) = np.flatnonzero(drawn.shape == 1)[:1]
    side, angle = 0.82 * drawn.radius[i], np.radians(drawn.angle[i])
    grid = (np.arange(320) + 0.5) / 320
    x, y = grid[None] - drawn.x[i], grid[:, None] - drawn.y[i]
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    inside = np.maximum(np.abs(along), np.abs(across)) < side
    exact = inside.reshape(32, 10, 32, 10).mean((1, 3))
    mask = figures.masks(drawn[i : i + 1], 32)[0, :, :, 0] / 255
    assert np.abs(mask - exact).max() < 0.15
    assert mask.sum() == pytest.approx(exact.sum(), rel=0.01)
    upright = figures.masks(dataclasses.replace(drawn, angle=None)[i : i + 1], 32)[0, :, :, 0]
    assert np.abs(upright / 255 - exact).max() > 0.5  # The angle counts.

    train = figures.attributes("attributes", "train", 3000)
    first, last = figures.HELD_OUT_ANGLES
    assert not ((train.angle >= first) & (train.angle < last)).any()
    assert not figures.is_held_out(train).any()
    held_out = figures.is_held_out(drawn)
    assert 0.1 < held_out.mean() < 0.4
    np.testing.assert_array_equal(
        held_out,
        [
            (figures.SHAPES[s], figures.COLOURS[c]) in figures.HELD_OUT or first <= a < last
            for s, c, a in zip(drawn.shape, drawn.colour, drawn.angle, strict=True)
        ],
    )


def test_sine_and_cosine():
    degrees = np.linspace(-400, 800, 997)
    exact = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    np.testing.assert_allclose(figures.sine_and_cosine(degrees), exact, atol=1e-14)


def test_default_sizes():
    assert len(figures.attributes()) == 20_000
    assert len(figures.attributes(split="test")) == 2_000
    assert figures.load(num=0)["image"].shape == (0, 32, 32, 3)


def test_access_is_random():
    whole = figures.attributes("full", num=50)
    part = figures.attributes("full", num=20, start=30)
    for field in dataclasses.fields(figures.Attributes):
        if getattr(part, field.name) is not None:
            np.testing.assert_array_equal(
                getattr(whole[30:], field.name), getattr(part, field.name)
            )
    np.testing.assert_array_equal(figures.render(whole, 24)[30:], figures.render(part, 24))


def test_splits_seeds_and_views_share_nothing():
    streams = [
        figures.attributes(view, split, 2000, seed).x
        for view in ("", "paired")
        for split in ("train", "test")
        for seed in (0, 1)
    ]
    values = np.concatenate(streams)
    assert len(np.unique(values)) == len(values)


def test_attributes_are_uniform():
    drawn = figures.attributes("full", num=20_000)
    for values, options in (
        (drawn.label, 48),
        (drawn.fill, 3),
        (drawn.background, 3),
        (drawn.size, 2),
        (drawn.place, 9),
        (3 * drawn.fill + drawn.place % 3, 9),  # two fields together: no correlation
    ):
        counts = np.bincount(values, minlength=options)
        expected = len(values) / options
        assert ((counts - expected) ** 2 / expected).sum() < options + 5 * np.sqrt(2 * options)


def test_held_out_pairs_are_in_test_only():
    train = figures.attributes("captions", "train")
    test = figures.load("captions", "test", resolution=8)
    assert not figures.is_held_out(train).any()
    assert 0.1 < test["held_out"].mean() < 0.25
    for caption, held_out in zip(test["caption"], test["held_out"], strict=True):
        pair = any(f" {colour} {shape} " in caption for shape, colour in figures.HELD_OUT)
        assert pair == held_out
    # Only the combination is new: its parts were all seen.
    assert set(train.shape) == set(range(6))
    assert set(train.colour) == set(range(8))


def test_captions_say_the_attributes():
    drawn = figures.attributes("full", num=300)
    captions = figures.captions(drawn)
    for i, caption in enumerate(captions):
        words = caption.split()
        assert figures.SIZES[drawn.size[i]] == words[1]
        assert figures.COLOURS[drawn.colour[i]] in words
        assert figures.SHAPES[drawn.shape[i]] in words
        assert ("outlined" in words, "striped" in words) == (drawn.fill[i] == 1, drawn.fill[i] == 2)
        assert f" {figures.PLACES[drawn.place[i]]} on a " in caption
        assert caption.endswith(f"{figures.BACKGROUNDS[drawn.background[i]]} background")
    one = figures.Attributes(
        *(np.array([i]) for i in (0, 0, 0, 0)), *(np.array([v]) for v in (0.16, 0.3, 0.29))
    )
    assert figures.captions(one) == ["a small red circle at the top left on a dark background"]


def test_pixels():
    # A large solid square of known place: inside, outside and a half-covered edge.
    square = figures.Attributes(
        *(np.array([i]) for i in (1, 0, 0, 0)), *(np.array([v]) for v in (0.25 / 0.82, 0.5, 0.5))
    )
    image = figures.render(square, 32)[0]
    np.testing.assert_array_equal(image[16, 16], figures.COLOUR_RGB[0])
    np.testing.assert_array_equal(image[0, 0], figures.BACKGROUND_RGB[0])
    solid = (image == figures.COLOUR_RGB[0]).all(-1)
    assert solid.sum() == 16 * 16
    moved = dataclasses.replace(square, x=square.x + 1 / 64)
    edge = figures.render(moved, 32)[0][16, 8]
    mean = (figures.COLOUR_RGB[0].astype(float) + figures.BACKGROUND_RGB[0]) / 2
    np.testing.assert_allclose(edge, mean, atol=0.5)


def test_resolutions_agree():
    drawn = figures.attributes("full", "test", 200)
    small = figures.render(drawn, 32).astype(float)
    large = figures.render(drawn, 64).astype(float).reshape(200, 32, 2, 32, 2, 3).mean((2, 4))
    assert np.abs(small - large).mean() < 1.0
    assert (np.abs(small - large).max(-1) > 64).mean() < 0.002


def test_colours_are_far_apart():
    palette = np.concatenate([figures.COLOUR_RGB, figures.BACKGROUND_RGB]).astype(float)
    distance = np.linalg.norm(palette[:, None] - palette, axis=-1)
    assert distance[~np.eye(len(palette), dtype=bool)].min() > 90
    # Grey figures are drawn on the dark background alone.
    others = [*figures.COLOUR_RGB, figures.BACKGROUND_RGB[0]]
    assert np.linalg.norm(others - figures.GREY_RGB.astype(float), axis=-1).min() > 90


def test_pairs_and_counterparts():
    a = figures.attributes("paired", num=20, domain="a")
    b = figures.attributes("paired", num=20, domain="b")
    assert (a.fill == 1).all()
    assert (b.fill == 0).all()
    np.testing.assert_array_equal(a.x, b.x)
    np.testing.assert_array_equal(a.label, b.label)

    data = figures.load("unpaired", "test", num=30)
    truth = figures.counterparts("test", num=30)
    a = figures.attributes("unpaired", "test", 30, domain="a")
    b = figures.attributes("unpaired", "test", 30, domain="b")
    assert not np.isin(a.x, b.x).any()
    np.testing.assert_array_equal(figures.render(a, 32), data["a"])
    # Stripes only take away, and where a bar runs both agree.
    lit = (truth["a_to_b"] != figures.BACKGROUND_RGB[0]).any(-1)
    assert (data["a"] != figures.BACKGROUND_RGB[0]).any(-1)[lit].all()
    full = (truth["a_to_b"] == figures.COLOUR_RGB[a.colour][:, None, None]).all(-1)
    np.testing.assert_array_equal(truth["a_to_b"][full], data["a"][full])
    np.testing.assert_array_equal(truth["b_to_a"].shape, data["b"].shape)


def test_transfer_changes_colour_and_fill_and_nothing_else():
    a = figures.attributes("transfer", "test", 200, domain="a")
    b = figures.attributes("transfer", "test", 200, domain="b")
    assert not np.isin(a.x, b.x).any()
    assert (set(a.fill), set(b.fill), set(b.colour)) == ({0}, {1}, {figures.GREY})
    assert set(a.place) == set(b.place) == set(range(9))
    wanted = figures.in_style_of(a, b)
    changed = {
        field.name
        for field in dataclasses.fields(a)
        if np.any(getattr(a, field.name) != getattr(wanted, field.name))
    }
    assert changed == {"colour", "fill"}
    truth = figures.counterparts("test", num=200, view="transfer")
    assert set(truth) == {"a_to_b"}  # the colours of b are not known
    pixels = truth["a_to_b"].astype(int)
    assert np.ptp(pixels, axis=-1).max() == 5  # grey, on a background that nearly is
    assert pixels.max() == 200
    assert figures.captions(b[:1])[0].startswith("a large outlined grey ")


def test_errors_name_the_nearest():
    with pytest.raises(InputError, match="no view 'caption'; did you mean captions"):
        figures.load("caption")
    with pytest.raises(InputError, match="no split 'tests'; did you mean test"):
        figures.load(split="tests")
    with pytest.raises(InputError, match="no domain 'a'"):
        figures.attributes("full", domain="a")
    with pytest.raises(InputError, match="8 or more, not 4"):
        figures.load(resolution=4, num=1)
    with pytest.raises(InputError, match="0 or more"):
        figures.load(num=-1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tfds_builder_serves_the_same_images(tmp_path, monkeypatch):
    tfds = pytest.importorskip("tensorflow_datasets")
    from tfgan_zoo.data.figures import tfds as figures_tfds

    monkeypatch.setattr(figures, "SPLIT_SIZES", {"train": 30, "test": 10})
    assert "full_64" in figures_tfds.Figures.builder_configs
    found = tfds.load("figures/captions", data_dir=tmp_path, split="test", shuffle_files=False)
    wanted = figures.load("captions", "test")
    by_bytes = {image.tobytes(): i for i, image in enumerate(wanted["image"])}
    examples = list(found.as_numpy_iterator())
    order = [by_bytes[example["image"].tobytes()] for example in examples]
    assert sorted(order) == list(range(10))
    for i, example in zip(order, examples, strict=True):
        assert example["caption"].decode() == wanted["caption"][i]
        assert example["label"] == wanted["label"][i]
        assert example["held_out"] == wanted["held_out"][i]
