"""Makes a preset of a finished run: its file, its card, and its rows in the documentation.

  python -m benchmarks.make_preset --workdir=runs/r3gan_unconditional --name=r3gan_figures \
      --data="drawn figures, 32x32" --licence=Apache-2.0 --metrics=figures \
      --limits="Figures of 48 kinds alone; about 5 of 100 samples are none."
  python -m benchmarks.make_preset --workdir=runs/big --name=big \
      --url=https://example.org/big.keras --output=big.keras ...
  python -m benchmarks.make_preset --tables

The file holds the networks that samples show, with weights in float16 if that does not change the
scores, and without discriminator and optimizers. It is scored as the run is, by
`tfgan_zoo.evaluate`'s protocol, and both scores go to the card. The check in the card is a smaller
measurement, which tests repeat: the same on --check_num images where the library draws the data;
what a classifier of the library says about samples, --check_features; or the mean and the standard
deviation of what a translator makes of one fixed image, and a model of texts of --texts, of which
it also draws the picture.

File and card go to tfgan_zoo/presets, and the picture to docs/images. Files above 2 MB do not come
with the library: they go to --output, to be uploaded to --url. The tables in docs/presets.md and
README.md follow from all cards; --tables writes these alone.
"""

import datetime
import json
import os
import re
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from tfgan_zoo import cli, presets
from tfgan_zoo.atomic import write_atomically
from tfgan_zoo.data.spec import DRAWN
from tfgan_zoo.errors import InputError
from tfgan_zoo.presets.cards import FOLDER, Preset

ROOT = Path(__file__).parents[1]
#: The largest file, and all files together, that come with the library.
MOST_BYTES, MOST_BYTES_OF_ALL = 2_000_000, 12_000_000
MOST_BYTES_OF_PICTURE = 120_000


def scored(
    workdir: Path,
    metrics: tuple[str, ...],
    *,
    num: int,
    source: str = "",
    split: str = "",
    checkpoint: str = "best",
    sets: Mapping[str, str] | None = None,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Returns the scores of a run or preset, as `tfgan_zoo.evaluate` computes them, and how.

    Args:
        workdir: The run, or the file of the preset.
        metrics: What to score.
        num: Samples.
        source: The data; by default the run's.
        split: Their split; by default the run's.
        checkpoint: Which weights of a run.
        sets: For super-resolution, several sources by name, instead of `source` and `split`.
    """
    from tfgan_zoo.evaluation.upscaled import PairsRequest
    from tfgan_zoo.run import evaluation
    from tfgan_zoo.tasks import Request

    if evaluation.task_of_run(workdir).evaluates == "pairs":
        scores, num_images = {}, 0
        for name, of in (sets or {"": source}).items():
            request = PairsRequest(metrics, of or None, split or ("train" if sets else None))
            found = evaluation.evaluate_pairs(workdir, request, checkpoint)
            ending = f"[{name}]" if name else ""
            scores |= {metric + ending: value for metric, value in found.means().items()}
            num_images += len(found.images)
        own = Path(source or evaluation.config_of(workdir)["evaluate"]["source"] or "").name
        where = " and ".join(sets) if sets else own
        return scores, {"images": num_images, "source": where, "channel": "y"}
    request = Request(metrics, source=source, split=split, num=num, checkpoint=checkpoint)
    found = evaluation.evaluate_run(workdir, request, os.devnull)
    kept = ("samples", "seed", "reference", "features", "versions")
    finite = {name: value for name, value in found.scores.items() if np.isfinite(value)}
    return finite, {name: found.protocol.get(name) for name in kept}


def measured(path: Path, check: Mapping[str, Any]) -> dict[str, float]:
    """Repeats the small measurement of a card.

    Args:
        path: The file of the preset.
        check: From its card.
    """
    if "metrics" in check:
        return scored(path, tuple(check["metrics"]), num=check["num"], source=check["source"])[0]
    import tfgan_zoo
    from tfgan_zoo.metrics.features.classifiers import ClassifierFeatures
    from tfgan_zoo.pictures import to_uint8

    model, num = tfgan_zoo.load_model(path), check["num"]
    if "texts" in check:
        made = model.generate(check["texts"], seed=0)
        return {"mean": float(made.mean()), "deviation": float(made.std())}
    if "features" not in check:
        shape = model.source_shape(next(iter(model.translators())))
        waves = np.sin(np.linspace(0, 20, int(np.prod(shape))), dtype=np.float32)
        made = np.asarray(model.translate(waves.reshape(1, *shape)))
        return {"mean": float(made.mean()), "deviation": float(made.std())}
    classes = getattr(model, "num_classes", None)
    asked = {"label": np.arange(num) % classes} if classes else {}
    logits = ClassifierFeatures(check["features"])(to_uint8(model.generate(num, seed=0, **asked)))
    odds = np.exp(logits[1] - logits[1].max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    if classes:
        return {"class_accuracy": float(np.mean(odds.argmax(axis=1) == asked["label"]))}
    ratio = np.log(odds + 1e-12) - np.log(odds.mean(axis=0) + 1e-12)
    return {
        "inception_score": float(np.exp(np.mean(np.sum(odds * ratio, axis=1)))),
        "classes": float(len(set(odds.argmax(axis=1).tolist()))),
    }


def differ(scores: Mapping[str, float], others: Mapping[str, float], tolerance: float) -> list[str]:
    """Returns the names of the scores that differ by more than a tolerance.

    The tolerance is relative for scores above 1.
    """
    assert scores.keys() == others.keys()
    return [
        name
        for name, value in scores.items()
        if not abs(value - others[name]) <= tolerance * max(1.0, abs(value))
    ]


def make(given: cli.Flags, output: Path) -> Preset:
    """Writes the file of a preset, and returns its card."""
    from tfgan_zoo.models.mechanics.transfer import networks_of
    from tfgan_zoo.run.folder import Run
    from tfgan_zoo.run.presets import config_of_preset, left_out_networks, save_preset
    from tfgan_zoo.run.trained import load_run
    from tfgan_zoo.tasks import task_of

    workdir = Path(given.workdir)
    run = Run.open(workdir)
    if not run.result.exists():
        raise InputError(f"--workdir: expected a finished run, got {str(workdir)!r}.")
    stored = json.loads((workdir / "config.json").read_text())
    recipe, config = stored.get("recipe"), run.config()
    command = given.command or f"python -m tfgan_zoo.train --config={recipe}"
    source = given.source
    drawn = re.split("[:/]", config["data"]["source"])[0] in DRAWN
    if source is None:
        source = config["data"]["source"] if drawn else ""
    checkpoint = given.checkpoint
    model = load_run(workdir, checkpoint)
    task = task_of(model)
    if bool(given.texts) != task.takes_texts:
        some, got = ("some", "none") if task.takes_texts else ("none", given.texts)
        raise InputError(f"--texts: expected {some} for {config['model']}, got {got}.")
    if names := given.class_names:
        if len(names) != getattr(model, "num_classes", None):
            raise InputError(f"--class_names: expected one for each class, got {len(names)}.")
        model.class_names, config["data"]["class_names"] = tuple(names), names
    note = {
        "name": given.name,
        "data": given.data,
        "licence": given.licence,
        "command": command,
        "date": str(datetime.date.today()),
    }
    metrics, split = tuple(given.metrics), given.split or ""
    sets = common.named_values(given.sets, "--sets")
    if sets and task.evaluates != "pairs":
        raise InputError("--sets: expected none for a model that does not enlarge images.")
    of_run, protocol = scored(
        workdir, metrics, num=given.num, split=split, checkpoint=checkpoint, sets=sets
    )
    if given.score and given.score not in of_run:
        raise InputError(f"--score: expected one of {', '.join(of_run)}, got {given.score!r}.")
    if reference := protocol.get("reference"):
        reference["source"] = source or given.data
    stored = {**stored, "config": config_of_preset(config, source)}
    stored.pop("history", None)
    where = {"source": config["data"]["source"], "split": split}
    if task.evaluates == "pairs" and not sets:  # by default those that training scored on
        where = {
            name: given or config["evaluate"].get(name) or config["data"][name]
            for name, given in (("source", ""), ("split", split))
        }
    for precision in ("float16", "float32"):
        save_preset(model, output, note, stored, half=precision == "float16")
        scores, _ = scored(output, metrics, num=given.num, **where, sets=sets)
        if not differ(of_run, scores, 0.005):
            break
    check: dict[str, Any] = {"num": given.check_num, "tolerance": given.tolerance}
    if given.check_features:
        check["features"] = given.check_features
    elif drawn:
        check |= {"metrics": metrics, "source": source}
    elif given.texts:
        check["texts"] = given.texts
    elif not task.translates:
        raise InputError("--check_features: expected a classifier for data that are not drawn.")
    check["scores"] = measured(output, check)
    asked = [name for name, can in commands_of(task).items() if can]
    return Preset(
        model=config["model"],
        task=given.task or in_words(model, task),
        commands=asked,
        main=given.score or next(iter(scores)),
        limits=given.limits,
        steps=model.steps_done,
        numbers=sum(
            network.count_params()
            for name, network in networks_of(model).items()
            if name not in left_out_networks(model)
        ),
        bytes=output.stat().st_size,
        sha256=presets.sha256_of(output),
        precision=precision,
        scores=scores,
        scores_of_run=of_run,
        protocol=protocol | {"metrics": metrics},
        check=check,
        url=given.url,
        **note,
    )


def commands_of(task: Any) -> dict[str, bool]:
    """Returns which commands a task is for."""
    draws = task.draws or task.takes_texts or task.takes_attributes
    return {
        "generate": draws,
        "translate": task.translates,
        "encode": task.encodes,
        "reconstruct": task.encodes,
    }


def in_words(model: Any, task: Any) -> str:
    """Returns what a model does, in words that follow "which"."""
    from tfgan_zoo.samples import kind_of

    words, commands = [], commands_of(task)
    if commands["generate"]:
        classes = len(getattr(model, "class_names", ()))
        told = " from texts" if task.takes_texts else " from attributes"
        ending = told if task.takes_texts or task.takes_attributes else f" of {classes} classes"
        has_ending = classes or task.takes_texts or task.takes_attributes
        words.append(f"generates {kind_of(model.image_shape).name}" + ending * bool(has_ending))
    if commands["translate"]:
        larger = f"enlarges images {model.scale} times"
        words.append("translates images" if model.scale == 1 else larger)
    if commands["encode"]:
        words.append("encodes images")
    return " and ".join(words).replace("generates images and encodes", "generates and encodes")


def picture(workdir: Path, checkpoint: str, path: Path, texts: Sequence[str] = ()) -> None:
    """Draws what a preset makes: samples, or the upper part of the run's sheet of results.

    Args:
        workdir: The run.
        checkpoint: Which weights of it.
        path: Where to write the picture, a PNG file.
        texts: What to draw, one text for each column, if the model takes texts.
    """
    from PIL import Image

    from tfgan_zoo.pictures import grid, save_png, to_uint8
    from tfgan_zoo.pictures.voxels import draw_voxels
    from tfgan_zoo.run.trained import load_run
    from tfgan_zoo.samples import VOXELS, kind_of
    from tfgan_zoo.tasks import task_of

    model = load_run(workdir, checkpoint)
    task = task_of(model)
    if task.takes_texts:
        rows = [to_uint8(model.generate(texts, seed=seed)) for seed in range(2)]
        save_png(path, grid(np.concatenate(rows), columns=len(texts)))
    elif task.draws and not task.encodes:
        classes = getattr(model, "num_classes", None)
        asked = {"label": np.arange(24) % classes} if classes else {}
        samples = model.generate(24, seed=0, **asked)
        is_voxels = kind_of(model.image_shape) is VOXELS
        images = draw_voxels(samples, size=64) if is_voxels else to_uint8(samples)
        save_png(path, grid(images, columns=12))
    else:
        with Image.open(workdir / "samples" / "final.png") as sheet:
            upper = sheet.crop((0, 0, sheet.width, _end_of_rows(np.asarray(sheet.convert("L")))))
            upper.thumbnail((384, 384))
            upper.convert("RGB").save(path, optimize=True)
            if path.stat().st_size > MOST_BYTES_OF_PICTURE:  # such as pictures of noise
                upper.convert("RGB").quantize().save(path, optimize=True)


def _end_of_rows(sheet: np.ndarray) -> int:
    """Returns where the upper part of a sheet ends: between two rows of images, if it can."""
    height, width = sheet.shape
    gaps = np.flatnonzero((sheet[: int(0.75 * width)] == 255).all(axis=1))
    return int(gaps[-1]) if len(gaps) else min(height, int(0.6 * width))


def tables() -> None:
    """Writes the tables of docs/presets.md and README.md from all cards."""
    rows = [
        "| name | what it does | trained on | licence | score | size |",
        "|---|---|---|---|---|---|",
    ]
    short = ["| preset | what it does | score | size | samples |", "|---|---|---|---|---|"]
    details = []
    for card in presets.list_presets():
        rows.append(
            f"| [`{card.name}`](#{card.name}) | {card.task} | {card.data} | {card.licence} | "
            f"{card.score} | {card.size} |"
        )
        image = f"images/preset_{card.name}.png"
        shown = f'<img src="docs/{image}" height="64" alt="{card.name}: {card.task}">'
        what = f"{card.task}: {card.data}"
        short.append(f"| `{card.name}` | {what} | {card.score} | {card.size} | {shown} |")
        details.append(_section(card, image))
    table = "\n".join(rows) + "\n\n" + "\n\n".join(details)
    common.put(table, str(ROOT / "docs" / "presets.md"), "presets")
    common.put("\n".join(short), str(ROOT / "README.md"), "presets")


def _section(card: Preset, image: str) -> str:
    head = [f"### `{card.name}`", "", f'<img src="{image}" alt="{card.name}: {card.task}">', ""]
    lines = [f"- {name}: {fact}" for name, fact in card.facts().items()]
    wrapped = [
        textwrap.fill(line, 118, subsequent_indent="  ", break_on_hyphens=False) for line in lines
    ]
    return "\n".join(head + wrapped)


def main(argv: list[str]) -> None:
    """Makes the preset and writes the tables."""
    given = cli.Flags()
    given.define_path("workdir", None, "A finished run.")
    given.define_string("name", None, "Name of the preset: lower case, digits and _.")
    given.define_string("data", None, "What the run was trained on, in words.")
    given.define_string("licence", None, "The licence of these data.")
    given.define_string("limits", None, "What users should know, in one or two sentences.")
    given.define_string("task", None, "What it does, in words; by default all that its model can.")
    given.define_string("checkpoint", "best", "best, last, or a step.")
    given.define_string("command", None, "What trained it; by default from its recipe.")
    given.define_string(
        "source", None, "The data source for users; by default the run's if the library draws it."
    )
    given.define_list(
        "class_names", None, "Names of the classes, if the run has only their numbers."
    )
    given.define_list("metrics", None, "What to score, as for tfgan_zoo.evaluate.")
    given.define_list(
        "sets", [], "For super-resolution, the images to score, comma-separated NAME=SOURCE."
    )
    given.define_list("texts", [], "For a model of texts: what to draw, comma-separated.")
    given.define_string("score", None, "The score that tables show; by default the first.")
    given.define_integer("num", 5000, "Samples to score.")
    given.define_string("split", None, "The split to score on; by default the run's.")
    given.define_integer("check_num", 100, "Images of the small measurement.")
    given.define_string("check_features", None, "A classifier of the library.")
    given.define_float("tolerance", 0.03, "By how much the small measurement may differ.")
    given.define_string("url", "", "Where a large file will be.")
    given.define_path("output", None, "With --url: where to write the file.")
    given.define_bool("overwrite", "Replace a preset of this name.")
    given.define_bool("tables", "Write the tables of the documentation alone.")
    cli.parse(given, argv, __doc__)
    if given.tables:
        return tables()
    for flag in ("workdir", "name", "data", "licence", "limits", "metrics"):
        if not getattr(given, flag):
            raise InputError(f"--{flag}: expected a value, got none.")
    name = given.name
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise InputError(f"--name: expected lower case letters, digits and _, got {name!r}.")
    if bool(given.url) != bool(given.output):
        raise InputError("--url, --output: expected both or neither.")
    card_file = FOLDER / f"{name}.json"
    output = Path(given.output or FOLDER / f"{name}.keras")
    if not given.overwrite and (card_file.exists() or output.exists()):
        raise InputError(f"--name: {name!r} exists; add --overwrite to replace it.")
    cli.quiet_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / f"{name}.keras"
        card = make(given, new)
        others = sum(p.stat().st_size for p in FOLDER.glob("*.keras") if p.stem != name)
        if not given.url and (card.bytes > MOST_BYTES or others + card.bytes > MOST_BYTES_OF_ALL):
            raise InputError(
                f"--url: expected one for a file of {card.size}, or together with the others of "
                f"{(others + card.bytes) / 1e6:.1f} MB, got none."
            )
        output.write_bytes(new.read_bytes())
    values = {key: value for key, value in vars(card).items() if key != "name"}
    write_atomically(card_file, json.dumps(values, indent=2) + "\n")
    shown = ROOT / "docs" / "images" / f"preset_{name}.png"
    picture(Path(given.workdir), given.checkpoint, shown, given.texts)
    tables()
    print(f"{card.size}, {card.precision}, {card.scores}: {output}")


if __name__ == "__main__":
    cli.run(main)
