"""Animations and documents through `tfgan_zoo.pictures.files`."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tfgan_zoo import pictures
from tfgan_zoo.data.depth import decode_frames_16_bits
from tfgan_zoo.data.images import DecodingRules, count_frames, decode, decode_frames
from tfgan_zoo.errors import InputError
from tfgan_zoo.pictures import files


def squares(num=3, size=(12, 16), channels=3):
    """Frames that differ: a square on its way to the right, in few colours, which a GIF keeps."""
    frames = np.zeros((num, *size, channels), np.uint8)
    for i, frame in enumerate(frames):
        frame[2:6, 4 * i : 4 * i + 4] = 255
        frame[-1] = 120
    return frames


def save(path, frames, **options):
    first, *rest = (Image.fromarray(frame) for frame in frames)
    first.save(path, save_all=True, append_images=rest, **options)
    return path


def negative(image):
    return -pictures.from_uint8(image)


def read(path):
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "tif"])
def test_all_frames_in_a_file_of_the_same_kind(tmp_path, kind):
    options = {} if kind == "tif" else {"duration": [40, 80, 120], "loop": 0}
    options |= {"lossless": True} if kind == "webp" else {}
    frames = squares()
    source = save(tmp_path / f"walk.{kind}", frames, **options)
    assert count_frames(source) == 3
    planned = files.plan(source, tmp_path / "out", frames="container")
    assert files.convert(planned, negative, 3, frames="container") == 1
    (result,) = (tmp_path / "out").iterdir()
    assert result.name == source.name
    np.testing.assert_array_equal(read(result), 255 - frames)
    with Image.open(result) as image:
        assert image.n_frames == 3
    found = list(decode_frames(result))
    if kind != "tif":
        assert [frame.duration for frame in found] == [40, 80, 120]
        assert found[0].loop == 0
    # Without it, the first one alone, as ever.
    planned = files.plan(source, tmp_path / "first")
    files.convert(planned, negative, 3)
    np.testing.assert_array_equal(read(tmp_path / "first" / "walk.png"), 255 - frames[:1])


@pytest.mark.parametrize("duration", [None, 0, 40])
def test_films_with_equal_frames_do_not_become_shorter(duration, tmp_path):
    frames = squares()[[0, 0, 0, 1]]
    pictures.save_frames(tmp_path / "a.gif", frames, [duration] * 4)
    found = [frame.duration for frame in decode_frames(tmp_path / "a.gif")]
    assert found == ([120, 40] if duration else [300, 100])


def test_numbered_files(tmp_path):
    given = tmp_path / "in"
    given.mkdir()
    frames = squares()
    save(given / "a.gif", frames)
    Image.fromarray(frames[0]).save(given / "b.png")
    planned = files.plan(given, tmp_path / "out", frames="files", compare=True)
    assert files.convert(planned, negative, 3, frames="files", compare=True) == 2
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    numbers = ["a_000000.png", "a_000001.png", "a_000002.png"]
    assert names == [*numbers, "a_compare.png", "b.png", "b_compare.png"]
    for name, frame in zip(numbers, frames, strict=True):
        np.testing.assert_array_equal(read(tmp_path / "out" / name)[0], 255 - frame)
    # The last file is the last one written.
    assert not files.missing(planned, "files")
    (tmp_path / "out" / "a_000001.png").unlink()
    assert not files.missing(planned, "files")
    (tmp_path / "out" / "a_000002.png").unlink()
    assert [path.name for path in files.missing(planned, "files")] == ["a.gif"]
    with pytest.raises(InputError, match=r"a_000000\.png' and 1 more of the results exist"):
        files.plan(given, tmp_path / "out", frames="files")
    Image.fromarray(frames[0]).save(given / "a_000001.png")
    with pytest.raises(InputError, match=r"both be written to '.*a_000001\.png'"):
        files.plan(given, tmp_path / "new", frames="files")


def test_pages_of_different_sizes_and_transparent_frames(tmp_path):
    pages = [squares(1, size)[0] for size in ((12, 16), (20, 10))]
    source = save(tmp_path / "pages.tiff", pages)
    files.convert(
        files.plan(source, tmp_path / "o", frames="container"), negative, 3, frames="container"
    )
    for page, expected in zip(read(tmp_path / "o" / "pages.tiff"), pages, strict=True):
        np.testing.assert_array_equal(page, 255 - expected)
    frames = squares(channels=4)  # transparent where they are black
    frames[..., 3] = np.where(frames[..., 0], 255, 0)
    for kind in ("gif", "webp"):
        source = save(tmp_path / f"walk.{kind}", frames, disposal=2, lossless=True)
        planned = files.plan(source, tmp_path / f"{kind}_out.{kind}", frames="container")
        files.convert(planned, negative, 3, frames="container")
        found = [frame.pixels for frame in decode_frames(tmp_path / f"{kind}_out.{kind}")]
        for image, frame in zip(found, frames, strict=True):
            np.testing.assert_array_equal(image[..., 3], frame[..., 3])
            seen = frame[..., 3] > 0
            np.testing.assert_array_equal(image[seen][:, :3], 255 - frame[seen][:, :3])


def test_names_and_what_cannot_be_read(tmp_path):
    source = save(tmp_path / "walk.gif", squares())
    with pytest.raises(InputError, match=r"expected a \.gif or a folder, got '.*x\.png'"):
        files.plan(source, tmp_path / "x.png", frames="container")
    (result,) = files.plan(source, tmp_path / "x.png", frames="files").values()
    assert result == tmp_path / "x.png"
    half = tmp_path / "half.gif"
    half.write_bytes(source.read_bytes()[:-60])
    planned = files.plan(half, tmp_path / "out", frames="container")
    with pytest.raises(InputError, match=r"half\.gif cannot be read as an image"):
        files.convert(planned, negative, 3, frames="container")
    assert not (tmp_path / "out").exists()


def test_the_still_of_an_animated_png_is_no_frame(tmp_path):
    frames = squares(4)
    source = save(tmp_path / "walk.png", frames, default_image=True, duration=[40, 80, 120], loop=0)
    assert count_frames(source) == 3
    found = list(decode_frames(source))
    assert [frame.duration for frame in found] == [40, 80, 120]
    np.testing.assert_array_equal([frame.pixels for frame in found], frames[1:])
    deep = list(decode_frames_16_bits(source, DecodingRules()))
    np.testing.assert_array_equal(np.array(deep) // 257, frames[1:])
    np.testing.assert_array_equal(decode(source), frames[0])  # as programs without animations do
