"""The recipes in `configs/`: what their headers say, as a table and on the models' pages."""

import ast
import dataclasses
import functools
import re

from docs_site import source, text
from docs_site.source import ROOT
from tfgan_zoo.config import load_config

#: Titles of the kinds of models, in the order of the site; see `Task`. Other kinds come after them,
#: under their own names.
KINDS = {
    "noise_to_image": "Images from noise",
    "translation": "Images from images",
    "label_to_image": "Images from images",
    "super_resolution": "Super-resolution",
    "text_to_image": "Images from texts",
    "joint_embedding": "Images from texts",
    "autoencoder": "Autoencoders",
    "attribute_to_image": "Images from attributes",
}

FOLDER = ROOT / "configs"


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A recipe, by its header and its config.

    Attributes:
        name: Its name, as `--config` takes it.
        model: The key of its model.
        title: First sentence of the header, without the full stop.
        prose: What follows, up to the command.
        command: Lines of the shell.
        notes: What the header adds to the command, in parentheses.
        cost: As the header says.
        result: As the header says.
        data: The data source.
        shape: Shape of one sample.
        code: The file.
    """

    name: str
    model: str
    title: str
    prose: str
    command: str
    notes: str
    cost: str
    result: str
    data: str
    shape: tuple[int, ...]
    code: str


@functools.cache
def all_recipes() -> dict[str, Recipe]:
    """Returns every recipe, by name."""
    names = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem[0] != "_")
    return {name: read(name) for name in names}


def read(name: str) -> Recipe:
    """Returns a recipe.

    Raises:
        ValueError: If its header lacks a command, a cost or a result.
    """
    path = FOLDER / f"{name}.py"
    code = path.read_text("utf-8")
    header = ast.get_docstring(ast.parse(code)) or ""
    found = re.fullmatch(
        r"(?P<title>.*?)\n\n(?:(?P<prose>.*?)\n\n)?Command: (?P<command>.*?)"
        r"\nCost: (?P<cost>.*?)\nResult: (?P<result>.*)",
        header,
        re.S,
    )
    if not found:
        raise ValueError(f"configs/{name}.py: the header needs Command, Cost and Result.")
    command, notes = _command(found["command"])
    config = load_config(str(path))
    shape = config.model_args.get("image_shape", ())
    return Recipe(
        name,
        config.model,
        found["title"].removesuffix("."),
        found["prose"] or "",
        command,
        notes,
        " ".join(found["cost"].split()),
        " ".join(found["result"].split()),
        config.data.source,
        tuple(shape) if isinstance(shape, tuple | list) else (shape,),
        code,
    )


def _command(lines: str) -> tuple[str, str]:
    """Returns the commands, continued lines joined, and the notes in parentheses."""
    commands, notes = [], []
    for line in (each.strip() for each in lines.splitlines()):
        if notes or line.startswith("("):
            notes.append(line)
        elif commands and line.startswith(("--", "[", "'")):
            commands[-1] += " " + line
        else:
            commands.append(line)
    return "\n".join(commands), " ".join(notes).removeprefix("(").removesuffix(")")


def of_model(key: str) -> list[Recipe]:
    """Returns the recipes of a model, the quick one first."""
    found = [recipe for recipe in all_recipes().values() if recipe.model == key]
    return sorted(found, key=lambda recipe: (recipe.name != key, recipe.name))


def by_kind() -> dict[str, list[Recipe]]:
    """Returns the recipes under the titles of their kinds, in the order of the models."""
    return {
        title: [recipe for key in keys for recipe in of_model(key)]
        for title, keys in models_by_kind().items()
    }


def models_by_kind() -> dict[str, list[str]]:
    """Returns the keys of all models under the titles of their kinds."""
    titles: dict[str, list[str]] = {title: [] for title in KINDS.values()}
    for key, model in source.models().items():
        kind = model.attribute("kind")
        title = KINDS.get(kind, kind.replace("_", " ").capitalize())
        titles.setdefault(title, []).append(key)
    return {title: keys for title, keys in titles.items() if keys}


def place_of(name: str) -> tuple[str, str] | None:
    """Returns the page and the anchor of a recipe, or None if there is none of this name."""
    recipe = all_recipes().get(name)
    return (f"models/{recipe.model}.md", f"recipe-{name}") if recipe else None


def page() -> str:
    """Returns the page of all recipes."""
    parts = [
        "---\nhide:\n  - toc\n---\n",
        "# Recipes\n",
        "A recipe is a Python file with everything that a run needs. `python -m tfgan_zoo.train "
        "--config=NAME` trains it, and `--model=NAME` the quick recipe of a model, which has the "
        "model's name. The names below lead to what each recipe does and to its code. Any entry "
        "can be changed by `--config.KEY=VALUE`: see [the config](training.md#the-config).\n",
        "Costs and results are from the machines that they name. Recipes on `figures` and `points` "
        "need no download. *Not measured* says that a recipe was not trained to the end. Validity "
        "and combinations are [explained with the results]"
        "(results.md#figures-one-small-data-set-several-games), and so is [obedience]"
        "(results.md#class-conditional-models-the-figure-that-is-asked-for); a score with a name "
        "in brackets, such as `FID[fashion_mnist_v1]`, is [measured in the features of that "
        "network]"
        "(evaluation.md#features).\n",
    ]
    head = ["recipe", "model", "data", "size", "flags of `train`", "cost", "result"]
    for title, recipes in by_kind().items():
        parts += [f"## {title}\n", text.table(head, [_row(recipe) for recipe in recipes]), ""]
    return "\n".join(parts)


def _row(recipe: Recipe) -> list[str]:
    flags = [
        line.replace("python -m tfgan_zoo.train", "").strip()
        for line in recipe.command.splitlines()
    ]
    return [
        f"[`{recipe.name}`](models/{recipe.model}.md#recipe-{recipe.name})",
        f"[`{recipe.model}`](models/{recipe.model}.md)",
        f"`{text.cell(recipe.data)}`",
        "x".join(map(str, recipe.shape)),
        "<br>".join(_flags(line) for line in flags),
        _measured(recipe.cost),
        _measured(recipe.result),
    ]


def _flags(line: str) -> str:
    """Returns a line of flags, each in backticks, so that lines break between them."""
    if not line.startswith("--"):
        return f"`{text.cell(line)}`"
    return " ".join(f"`{text.cell(flag)}`" for flag in line.split(" "))


def _measured(words: str) -> str:
    if words == "not measured":
        return "*not measured*"
    return f'<span class="words">{text.cell(text.prose(words))}</span>'


def section(recipe: Recipe) -> str:
    """Returns a recipe as a section of its model's page."""
    title = text.from_docstring(recipe.title)
    parts = [f"### `{recipe.name}` {{ #recipe-{recipe.name} }}\n", f"**{title}.**\n"]
    if recipe.prose:
        parts.append(text.from_docstring(recipe.prose) + "\n")
    parts.append(text.fenced(recipe.command, "sh") + "\n")
    if recipe.notes:
        notes = recipe.notes[0].upper() + recipe.notes[1:]
        parts.append(text.prose(notes) + "\n")
    facts = [["data", f"`{text.cell(recipe.data)}`"]]
    facts += [["cost", text.cell(text.prose(recipe.cost))]]
    facts += [["result", text.cell(text.prose(recipe.result))]]
    parts.append(text.table(["", ""], facts) + "\n")
    indented = "\n".join("    " + line for line in text.fenced(recipe.code, "python").splitlines())
    parts.append(f'??? note "The file: configs/{recipe.name}.py"\n\n{indented}\n')
    return "\n".join(parts)
