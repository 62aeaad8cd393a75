"""The API reference: a page for each public package, with all of its public names."""

from docs_site import source, text

#: Base classes, and the methods of their own bases that users call.
BASES = {
    "ZooModel": ("compile", "export", "save", "start_from"),
    "NoiseToImage": ("generate", "sample_latents", "latents_from_seeds"),
    "ImageToImage": (),
    "Autoencoding": ("generate", "encode", "decode", "reconstruct", "interpolate", "start_at_mean"),
}


def page(package: str) -> str:
    """Returns the page of a package, such as "losses"."""
    module = f"tfgan_zoo.{package}"
    names = source.public_names(module)
    options = {"members": "false", "show_root_toc_entry": "false", "show_root_heading": "false"}
    options["show_source"] = "false"
    parts = [f"# tfgan_zoo.{package}\n", directive(module, options)]
    if package == "models":
        keys = {model.name: key for key, model in source.models().items()}
        rows = [[f"[`{n}`](models/{keys[n]}.md)", f"`{keys[n]}`"] for n in names if n in keys]
        parts.append("Each model has a page of its own, with its arguments:\n")
        parts.append(text.table(["class", "key in `MODELS`"], rows) + "\n")
        names = [name for name in names if name not in keys]
    if not names:  # A package of modules.
        for name in source.modules(module):
            parts.append(directive(f"{module}.{name}", {"show_source": "false"}))
    for name in names:
        inherited = f"[{', '.join(BASES[name])}]" if name in BASES else "false"
        parts.append(directive(source.identifier(module, name), {"inherited_members": inherited}))
    return "\n".join(parts)


def index() -> str:
    """Returns the page of the package itself."""
    packages = source.packages()
    models = {model.name: key for key, model in source.models().items()}
    rows = [
        [f"[`tfgan_zoo.{name}`](api/{name}.md)", text.escaped(_summary(f"tfgan_zoo.{name}"))]
        for name in packages
    ]
    classes = [name for name in source.public_names("tfgan_zoo") if name[0].isupper()]
    linked = [
        f"[`{name}`](models/{models[name]}.md)"
        if name in models
        else f"[`{name}`][tfgan_zoo.models.{name}]"
        for name in classes
    ]
    functions = [
        name
        for name in source.public_names("tfgan_zoo")
        if name not in packages and name not in classes
    ]
    parts = [
        "# tfgan_zoo\n",
        "`import tfgan_zoo` is quick: TensorFlow is imported when a name that needs it is used.\n",
        "## Models\n",
        ", ".join(linked) + "\n",
        "## Functions\n",
        *[directive(f"tfgan_zoo.{name}", {"heading_level": "3"}) for name in functions],
        "## Packages\n",
        text.table(["package", ""], rows) + "\n",
    ]
    return "\n".join(parts)


def _summary(module: str) -> str:
    return " ".join(source.docstring(module).split("\n\n")[0].split())


def directive(identifier: str, options: dict[str, str]) -> str:
    """Returns what mkdocstrings replaces by the documentation of an object."""
    options = {"heading_level": "2"} | options
    lines = [f"::: {identifier}", "    options:"]
    lines += [f"      {key}: {value}" for key, value in options.items()]
    return "\n".join(lines) + "\n"
