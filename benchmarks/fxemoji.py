"""Turns Mozilla's FxEmojis into a folder of images with captions.

  python -m benchmarks.fxemoji --source=fxemoji --output=datasets/fxemoji

The source (https://github.com/mozilla/fxemoji, CC BY 4.0) is a folder `images` of PNG files and a
table `names.csv` with columns file, unicode_name and file_name_words. A caption is the Unicode
name, or the words of the file's name where there is none. There are no classes: any other name
mismatches.
"""

import csv
import json
import shutil
from pathlib import Path

from absl import flags

from tfgan_zoo import cli
from tfgan_zoo.errors import InputError


def main(argv: list[str]) -> None:
    """Copies the images and writes captions.jsonl."""
    given = flags.FlagValues()
    flags.DEFINE_string("source", None, "The folder with images/ and names.csv.", given)
    flags.DEFINE_string("output", None, "A new folder.", given)
    flags.mark_flags_as_required(["source", "output"], given)
    cli.parse(given, argv, __doc__)
    source, output = Path(given.source), Path(given.output)
    if not (source / "names.csv").is_file():
        raise InputError(f"--source: {given.source!r} has no names.csv.")
    if output.exists():
        raise InputError(f"--output: {given.output!r} exists; give a new folder.")
    with (source / "names.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    shutil.copytree(source / "images", output)
    lines = [
        {
            "file": row["file"],
            "caption": (row["unicode_name"] or row["file_name_words"]).lower(),
        }
        for row in rows
        if (output / row["file"]).is_file()
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (output / "captions.jsonl").write_text(text, encoding="utf-8")
    print(f"{len(lines)} images with captions: {output}")


if __name__ == "__main__":
    cli.run(main)
