"""The README.md of an exported model: what it is, what it was trained on, what it answers."""

import json
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfgan_zoo.serving.signatures import FILES, FLOATS, UINT8, Endpoint, outputs

_KINDS = {
    FLOATS: "floats in [-1, 1]",
    UINT8: "0..255",
    FILES: 'files; in JSON base64, {"b64": "..."}',
    "seed": "any number; an image depends on its own alone",
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
) -> str:
    """Returns the card, as Markdown.

    Args:
        name: of the model.
        summary: what it is, with its paper.
        signatures: what it is asked by; the first is the default too.
        num_bytes: of the SavedModel.
        facts: what else is to be said, by name, a line each.
        scores: metrics, by name.
        config: of the run.
    """
    default = next(iter(signatures))
    takes_images = any(s.name == FLOATS for s in signatures[default].inputs)
    lines = [f"# {name}", "", summary, ""]
    lines += [f"- {key}: {value}" for key, value in facts.items()]
    lines += [f"- size: {num_bytes / 1e6:.1f} MB ({num_bytes:,} bytes)", "", "## Endpoints", ""]
    lines += ["| signature | takes | gives |", "|---|---|---|"]
    for key, signature in signatures.items():
        takes = "<br>".join(_tensor(spec.name, spec) for spec in signature.inputs)
        gives = "<br>".join(_tensor(out, spec) for out, spec in outputs(signature).items())
        also = " (and `serving_default`)" if key == default else ""
        lines.append(f"| `{key}`{also} | {takes} | {gives} |")
    lines += ["", "## Scores", ""]
    lines += [f"- {key}: {value:.6g}" for key, value in scores.items()] or ["Not measured."]
    lines += ["", "## Intended use and limits", ""]
    if takes_images:
        lines += [
            "For images of the kind it was trained on, at about the scale they had there. Of "
            "others it makes something too, and does not say that it should not. What it adds is "
            "invented: plausible, not measured, and no evidence of what a scene looked like.",
        ]
    else:
        lines += [
            "For samples like the images it was trained on. It knows nothing else, shares their "
            "gaps and biases, may show some kinds more often than they occur there, and may come "
            "close to single images of them.",
        ]
    lines += [
        "Nothing filters what comes out. Whether it may be used depends on the licence of its "
        "training data as well.",
    ]
    if config is not None:
        lines += ["", "## Config", "", "```json", json.dumps(config, indent=2), "```"]
    return "\n".join(lines) + "\n"


def _tensor(name: str, spec: tf.TensorSpec) -> str:
    sizes = ", ".join("any" if n is None else str(n) for n in spec.shape[1:])
    shape = f"(batch, {sizes})" if sizes else "(batch,)"
    kind = _KINDS.get(name, "")
    return f"`{name}`: {spec.dtype.name} {shape}{', ' + kind if kind else ''}"
