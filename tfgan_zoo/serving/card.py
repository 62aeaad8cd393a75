"""The README.md of an exported model: description, endpoints, scores, limits, config."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tfgan_zoo.serving.signatures import (
    BITS,
    FILES,
    FLOATS,
    MASKS,
    MASKS_FILES,
    MASKS_UINT8,
    UINT8,
    VOXELS,
    Endpoint,
    outputs,
)

_KINDS = {
    FLOATS: "floats in [-1, 1]",
    UINT8: "0 to 255",
    FILES: 'files; in JSON base64, {"b64": "..."}',
    VOXELS: "occupancies in [0, 1]",
    BITS: "a bit for each voxel, 1 from an occupancy of 0.5 up, as `np.packbits` packs them",
    MASKS: "floats in [0, 1]",
    MASKS_UINT8: "0 to 255",
    MASKS_FILES: 'files; in JSON base64, {"b64": "..."}',
    "seed": "any number; each image depends only on its own seed",
    "label": "the number of a class",
    "class_name": "empty if there is no such class",
    "index": "the number of an attribute, in the order of the table below",
    "attribute": "its name and what it is, as JSON; empty if there is no such attribute",
}


def model_card(
    name: str,
    summary: str,
    signatures: Mapping[str, Endpoint],
    num_bytes: int,
    *,
    facts: Mapping[str, Any] = {},
    scores: Mapping[str, float] = {},
    config: Mapping[str, Any] | None = None,
    class_names: Sequence[str] = (),
    attributes: Mapping[str, Any] = {},
) -> str:
    """Returns the model card, as Markdown.

    Args:
        name: Name of the model.
        summary: Description of the model, with its paper.
        signatures: Signatures of the SavedModel; the first is the default.
        num_bytes: Size of the SavedModel.
        facts: Further facts by name, one line each.
        scores: Scores by name.
        config: Config of the run.
        class_names: Names of the classes that the model is told, by number.
        attributes: What the model draws from, as `tfgan_zoo.attributes` declares it.
    """
    default = next(iter(signatures))
    takes_images = any(s.name == FLOATS for s in signatures[default].inputs)
    lines = [f"# {name}", "", summary, ""]
    lines += [f"- {key}: {value}" for key, value in facts.items()]
    lines += [f"- size: {num_bytes / 1e6:.1f} MB ({num_bytes:,} bytes)", "", "## Endpoints", ""]
    lines += ["| signature | inputs | outputs |", "|---|---|---|"]
    for key, signature in signatures.items():
        takes = "<br>".join(_tensor(spec.name, spec) for spec in signature.inputs)
        gives = "<br>".join(_tensor(out, spec) for out, spec in outputs(signature).items())
        also = " (and `serving_default`)" if key == default else ""
        lines.append(f"| `{key}`{also} | {takes} | {gives} |")
    if class_names:
        lines += ["", "## Classes", "", "| label | class |", "|---|---|"]
        lines += [f"| {i} | {name} |" for i, name in enumerate(class_names)]
    if attributes:
        lines += ["", "## Attributes", "", "| attribute | values |", "|---|---|"]
        lines += [f"| `{name}` | {_values(declared)} |" for name, declared in attributes.items()]
    lines += ["", "## Scores", ""]
    lines += [f"- {key}: {value:.6g}" for key, value in scores.items()] or ["Not measured."]
    lines += ["", "## Intended use and limits", ""]
    if takes_images:
        lines += [
            "For images like those it was trained on, at about the same scale. It also returns "
            "images for other inputs, without a warning. Details that it adds are invented: "
            "plausible, but no evidence of what a scene looked like.",
        ]
    else:
        lines += [
            "For samples like the images it was trained on. It has their gaps and biases, may "
            "generate some kinds more often than they occur, and may reproduce single images "
            "closely.",
        ]
    lines += [
        "The output is not filtered. Permission to use it also depends on the licence of the "
        "training data.",
    ]
    if config is not None:
        lines += ["", "## Config", "", "```json", json.dumps(config, indent=2), "```"]
    return "\n".join(lines) + "\n"


def _values(declared: Any) -> str:
    """Describes the values of an attribute."""
    if isinstance(declared, str):
        return declared
    if isinstance(declared[0], str):
        return ", ".join(f"{i}: {name}" for i, name in enumerate(declared))
    return "{:g} to {:g}".format(*declared)


def _tensor(name: str, spec: tf.TensorSpec) -> str:
    sizes = ", ".join("any" if n is None else str(n) for n in spec.shape[1:])
    shape = f"(batch, {sizes})" if sizes else "(batch,)"
    kind = _KINDS.get(name, "")
    return f"`{name}`: {spec.dtype.name} {shape}{', ' + kind if kind else ''}"
