"""Pages of the models: paper, picture, docstring, train step and recipes."""

import functools
import json
import re

from docs_site import api, recipes, source, text
from docs_site.source import ROOT, Class


@functools.cache
def table() -> dict[str, tuple[str, str]]:
    """Returns the tables of docs/models.md: key -> (paper, what it adds), in Markdown."""
    written = (ROOT / "docs" / "models.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| \[`\w+`\]\(.*?\) \|(.*?)\| (.*) \|$", written, re.M)
    return {key: (paper.strip(), adds) for key, paper, adds in rows}


@functools.cache
def descriptions() -> dict[str, str]:
    """Returns the description of each picture that a page in `docs/` describes, by file name."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "docs").glob("*.md")):
        written = path.read_text("utf-8")
        for tag in re.findall(r"<img [^>]*>", written):
            name = re.search(r'src="[^"]*?([^/"]+)"', tag)
            words = re.search(r'alt="([^"]*)"', tag)
            if name and words:
                found.setdefault(name[1], " ".join(words[1].split()))
        for alt, name in re.findall(r"!\[([^\]]+)\]\([^)]*?([^/)]+)\)", written):
            found.setdefault(name, " ".join(alt.split()))
    return found


def pictures() -> dict[str, list[str]]:
    """Returns the pictures of each model in `docs/images`, by the beginning of their names.

    `dcgan_figures.png` belongs to `dcgan`, `wgan_gp_figures.png` to `wgan_gp` rather than `wgan`.
    If no key fits as a whole, its first word decides: `denoising_filters.png`.
    """
    found: dict[str, list[str]] = {key: [] for key in source.models()}
    for path in sorted((ROOT / "docs" / "images").iterdir()):
        whole = [key for key in found if path.stem.startswith(f"{key}_")]
        word = path.stem.split("_")[0]
        begun = [key for key in found if key.split("_")[0] == word]
        if whole:
            found[max(whole, key=len)].append(path.name)
        elif len(begun) == 1:
            found[begun[0]].append(path.name)
    return found


@functools.cache
def presets() -> dict[str, list[str]]:
    """Returns the presets of each model, in Markdown, linked to their cards."""
    found: dict[str, list[str]] = {}
    for path in sorted((source.PACKAGE / "presets").glob("*.json")):
        key = json.loads(path.read_text("utf-8"))["model"]
        found.setdefault(key, []).append(f"[`{path.stem}`](presets.md#{path.stem})")
    return found


def page(key: str) -> str:
    """Returns the page of a model, with links relative to the root of the site."""
    model = source.models()[key]
    paper, adds = table().get(key, ("", ""))
    parts = [f"# {model.name}\n"]
    if adds:
        parts.append(f"*{adds[0].upper()}{adds[1:]}.*\n")
    facts = [["name", f"`{key}`; in Python `tfgan_zoo.{model.name}`"]]
    facts += [["paper", paper]] if paper else []
    facts += [["train", f"`python -m tfgan_zoo.train --model={key}`"]] if _quick(key) else []
    facts += [["presets", ", ".join(shipped)]] if (shipped := presets().get(key)) else []
    facts += [["file", f"`{model.path.relative_to(ROOT)}`"]]
    parts.append(text.table(["", ""], facts) + "\n")
    if shown := pictures()[key]:
        inner = "\n".join(picture(name) for name in shown)
        parts.append(f'<div class="pictures" markdown>\n\n{inner}\n</div>\n')
    parts.append(api.directive(f"tfgan_zoo.models.{model.name}", _options(model)))
    parts.append(_step(model))
    parts.append(_methods(model))
    if found := recipes.of_model(key):
        parts.append("## Recipes\n")
        parts += [recipes.section(recipe) for recipe in found]
    return "\n".join(parts)


def _options(model: Class) -> dict[str, str]:
    own = [name for name in USES if name in model.methods()]
    members = f"[{', '.join(own)}]" if own else "false"
    return {"members": members, "heading": "The class", "toc_label": "The class"}


def picture(name: str) -> str:
    """Returns a picture with its description under it."""
    words = descriptions().get(name, "")
    caption = f"<figcaption markdown>{text.escaped(words)}.</figcaption>\n" if words else ""
    linked = f"[![{words}](images/{name})](images/{name})"
    return f"<figure markdown>\n{linked}\n{caption}</figure>\n"


def _quick(key: str) -> bool:
    return key in recipes.all_recipes()


def _step(model: Class) -> str:
    """Returns the train step and the losses, as the file of the model or of its base has them."""
    owner = next((each for each in model.lineage() if "train_step" in each.methods()), model)
    losses = [name for name in model.methods() if re.search(r"_loss(_of)?$", name)]
    own = ["train_step"] if owner is model else []
    parts = ["## One step\n"]
    if owner is not model:
        parts.append(
            f"The train step is that of [`{owner.name}`][tfgan_zoo.models.{owner.name}]:\n\n"
            + text.fenced(owner.code("train_step"), "python")
            + "\n"
        )
    if own or losses:
        parts.append(f"From `{model.path.relative_to(ROOT)}`:\n")
        code = "\n\n".join(model.code(name) for name in [*own, *losses])
        parts.append(text.fenced(code, "python") + "\n")
    return "\n".join(parts)


def _methods(model: Class) -> str:
    """Returns a table of what the model offers, linked to the classes that define it."""
    rows = []
    for name, words in USES.items():
        owner = next((each for each in model.lineage() if name in each.methods()), None)
        if owner:
            rows.append([_method(model, owner, name), words])
    kept = ["`compile`, `fit`, `evaluate`, `predict`, `save`", "as of any `keras.Model`"]
    return "## Use\n\n" + text.table(["method", ""], [*rows, kept]) + "\n"


def _method(model: Class, owner: Class, name: str) -> str:
    """Returns the name of a method, linked to the class in the API reference that shows it."""
    if owner is model:
        return f"[`{name}`][tfgan_zoo.models.{model.name}.{name}]"
    for base, inherited in api.BASES.items():
        shown = source.model_classes()[base]
        if owner in shown.lineage() and (name in inherited or owner is shown):
            return f"[`{name}`][tfgan_zoo.models.{base}.{name}]"
    return f"`{name}`"


#: What models offer beside Keras' methods.
USES = {
    "generate": "images from noise, texts or codes",
    "translate": "images of the other domain",
    "upscale": "larger images",
    "encode": "codes of images",
    "decode": "images of codes",
    "reconstruct": "images through their codes",
    "interpolate": "images between two images",
    "bound": "the variational bound of each image",
    "classify": "probabilities of the classes",
    "embed_images": "vectors of images, to compare with those of texts",
    "export": "a SavedModel for TF Serving",
}
