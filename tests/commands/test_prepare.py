"""Public data sets as folders of the package."""

import numpy as np
import pytest
from PIL import Image

from tests.commands.test_commands import said
from tfgan_zoo import prepare
from tfgan_zoo.config import load_config
from tfgan_zoo.data import open_captioned
from tfgan_zoo.errors import InputError


@pytest.fixture
def fxemoji(tmp_path):
    """Three emoji in the form in which Mozilla's are published."""
    source = tmp_path / "fxemoji"
    (source / "images").mkdir(parents=True)
    for name in ("flag", "u1F600-grin", "u1F606-laugh"):
        pixels = np.random.default_rng(len(name)).integers(0, 256, (8, 8, 4), np.uint8)
        Image.fromarray(pixels).save(source / "images" / f"{name}.png")
    (source / "names.csv").write_text(
        "file,unicode_name,file_name_words,category\n"
        "flag.png,,A flag,flags\n"
        "u1F600-grin.png,GRINNING FACE,grin,faces\n"
        "u1F606-laugh.png,SMILING FACE,laugh,faces\n"
        "missing.png,MISSING,missing,faces\n"
    )
    return source


def test_fxemoji(fxemoji, tmp_path, capsys):
    output = tmp_path / "datasets" / "fxemoji"
    flags = ["--dataset=fxemoji", f"--input={fxemoji}", f"--output={output}"]
    prepare.main(flags)
    assert capsys.readouterr().out == f"3 images with captions: {output}\n"
    data = open_captioned(f"folder:{output}")
    assert data.captions == [("a flag",), ("grinning face",), ("smiling face",)]
    assert data.classes is None
    for name in ("flag.png", "u1F600-grin.png"):
        assert (output / name).read_bytes() == (fxemoji / "images" / name).read_bytes()
    assert [path.name for path in output.parent.iterdir()] == ["fxemoji"]
    status, _, error = said(prepare.main, *flags, capsys=capsys)
    assert status == 2
    assert "error: --output: expected a folder that is new or empty" in error


def test_fxemoji_in_a_volume(fxemoji, volume):
    prepare.main(["--dataset=fxemoji", f"--input={fxemoji}", f"--output={volume}"])
    assert len(list(volume.iterdir())) == 4


def test_the_recipe_reads_where_its_command_writes():
    assert load_config("gan_cls_fxemoji").data.source == "folder:datasets/fxemoji"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "expected a folder with images/ and names.csv"),
        ("name,words\nflag.png,flag\n", "expected the columns file, unicode_name, file_name_words"),
        ("file,unicode_name,file_name_words\nflag.png,,\n", "line 2 has no file or no name"),
        ("file,unicode_name,file_name_words\nflag.png,,flag\n", "got none for u1F600-grin.png"),
        (b"file\xff", "cannot be read"),
    ],
)
def test_fxemoji_in_another_form(fxemoji, tmp_path, table, message):
    names = fxemoji / "names.csv"
    names.unlink()
    if table is not None:
        names.write_bytes(table if isinstance(table, bytes) else table.encode())
    flags = ["--dataset=fxemoji", f"--input={fxemoji}", f"--output={tmp_path / 'out'}"]
    with pytest.raises(InputError, match=f"--input: .*{message}"):
        prepare.main(flags)
    assert not (tmp_path / "out").exists()
