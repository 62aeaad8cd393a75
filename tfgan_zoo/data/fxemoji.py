"""Mozilla's FxEmojis as a folder of images with captions.

The emoji (https://github.com/mozilla/fxemoji, CC BY 4.0) come as a folder `images` of PNG files and
a table `names.csv` with the columns file, unicode_name and file_name_words. A caption is the
Unicode name, or the words of the file's name where there is none. There are no classes: any other
name mismatches.
"""

import csv
import json
import os
import shutil
from pathlib import Path

from tfgan_zoo import atomic
from tfgan_zoo.errors import InputError

_TABLE, _COLUMNS = "names.csv", ("file", "unicode_name", "file_name_words")


def prepare(source: str | os.PathLike, output: str | os.PathLike) -> int:
    """Copies the images, and writes their captions to `captions.jsonl`.

    Args:
        source: The folder with `images/` and `names.csv`.
        output: A folder, new or empty, which `folder:` reads. It appears complete or not at all.

    Returns:
        How many images with captions it holds.

    Raises:
        InputError: If `output` holds anything, or `source` is not as described, or has an image
            without a name.
    """
    source, output = Path(source), Path(output)
    if output.exists() and (not output.is_dir() or atomic.finished(output)):
        raise InputError(
            f"--output: expected a folder that is new or empty, {str(output)!r} is not."
        )
    rows = _read(source)
    named = {row["file"] for row in rows}
    images = sorted(path.name for path in (source / "images").glob("*.png"))
    if unnamed := [name for name in images if name not in named]:
        raise InputError(
            f"--input: expected a line of {source / _TABLE} for each image, got none for "
            f"{unnamed[0]}; add it, or remove the image."
        )
    rows = [row for row in rows if row["file"] in set(images)]
    if not rows:
        raise InputError(f"--input: expected PNG files in {source / 'images'}, got none.")
    output.parent.mkdir(parents=True, exist_ok=True)
    with atomic.unfinished(output) as written:
        for row in rows:
            shutil.copyfile(source / "images" / row["file"], written / row["file"])
        lines = [
            {
                "file": row["file"],
                "caption": (row["unicode_name"] or row["file_name_words"]).lower(),
            }
            for row in rows
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (written / "captions.jsonl").write_text(text, encoding="utf-8")
        atomic.move_into(written, output)
    return len(rows)


def _read(source: Path) -> list[dict[str, str]]:
    table = source / _TABLE
    if not table.is_file() or not (source / "images").is_dir():
        raise InputError(
            f"--input: expected a folder with images/ and {_TABLE}, got {str(source)!r}."
        )
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"--input: {table} cannot be read: {error}.") from error
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"--input: expected the columns {', '.join(_COLUMNS)} in {table}, got none called "
            f"{missing[0]}."
        )
    for number, row in enumerate(rows, 2):
        if not row["file"] or not (row["unicode_name"] or row["file_name_words"]):
            raise InputError(
                f"--input: {table}, line {number} has no file or no name; add it, or remove the "
                "line."
            )
    return rows
