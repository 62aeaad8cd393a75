"""Six games on Fashion-MNIST with the same networks and number of generator steps.

This is the zoo's own comparison, as in surveys of GANs, without published figures. Networks are
those of `dcgan_fashion_mnist`, except for the critics' normalisation; optimizers are the papers'
(WGAN's with a rate ten times higher). Samples are compared with test images in the features of the
project's own classifier: `fid[fashion_mnist_v1]` is not Inception's FID.
"""

from pathlib import Path
from typing import Any

from absl import flags

from benchmarks import common, plots
from tfgan_zoo.errors import InputError

_ADAM = {"name": "adam", "learning_rate": 2e-4, "beta_1": 0.5}
#: model -> (recipe, settings that differ from it).
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "gan": ("gan", {"optimizer": _ADAM}),
    "dcgan": ("dcgan", {"optimizer": _ADAM}),
    "lsgan": ("lsgan", {"optimizer": _ADAM}),
    "relativistic_gan": ("relativistic_gan", {"optimizer": _ADAM}),
    "wgan": ("wgan", {"optimizer": {"name": "rmsprop", "learning_rate": 5e-4, "rho": 0.99}}),
    "wgan_gp": ("wgan_gp_fashion_mnist", {"optimizer": None}),
}


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_string("data", None, "Folder with Fashion-MNIST's files.", given, required=True)
    flags.DEFINE_list("models", list(MODELS), "Models.", given)
    flags.DEFINE_integer("steps", 5000, "Steps of each generator.", flag_values=given)
    flags.DEFINE_integer("checkpoints", 5, "Checkpoints to score per run.", flag_values=given)
    flags.DEFINE_integer("samples", 10_000, "Samples to generate and score.", flag_values=given)
    flags.DEFINE_integer(
        "filters", 32, "Feature maps of the networks' widest layers.", flag_values=given
    )
    flags.DEFINE_string("curves", None, "A .png file for a plot of FID over steps.", given)


def run(given: flags.FlagValues) -> str:
    """Trains and scores what is missing, draws the curves, and returns the table."""
    unknown = set(given.models) - set(MODELS)
    if unknown:
        raise InputError(f"--models: expected some of {', '.join(MODELS)}, got {unknown.pop()!r}.")
    lines = [
        f"FID in fashion_mnist_v1, of {given.samples:,} samples; {common.where()}.",
        "",
        "| model | steps | FID | at best | precision | recall | time | images/s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    curves = {}
    for name in given.models:
        workdir = Path(given.workdir) / name
        common.train(MODELS[name][0], workdir, *overrides(name, given))
        found = common.checkpoint_scores(
            workdir,
            metrics=("fid", "precision_recall"),
            source=f"idx:{given.data}",
            split="test",
            num=given.samples,
            features="fashion_mnist_v1",
        )
        scored = {step: plain(scores) for step, scores in found.items()}
        curves[name] = [(step, scored[step]["fid"]) for step in sorted(scored)]
        last, (step, best) = max(scored), min(curves[name], key=lambda point: point[1])
        end = scored[last]
        lines.append(
            f"| `{name}` | {last:,} | {end['fid']:.2f} | {best:.2f} at {step:,} | "
            f"{end['precision']:.3f} | {end['recall']:.3f} | {common.minutes(workdir):.1f} min | "
            f"{common.speed(workdir):,.0f} |"
        )
    if given.curves:
        from tfgan_zoo import pictures

        picture = plots.plot(curves, "FID[fashion_mnist_v1]", "steps", log=True)
        pictures.save_png(Path(given.curves), picture)
    return "\n".join(lines)


def overrides(name: str, given: flags.FlagValues) -> list[str]:
    """Returns the changes to a model's recipe, as command-line flags."""
    every = max(1, given.steps // given.checkpoints)
    entries = {
        "model_args.image_shape": "(32,32,1)",
        "model_args.latent_dim": 100,
        "model_args.packing": 1,
        "model_args.r1_gamma": 0.0,
        "generator.filters": given.filters,
        "discriminator.filters": given.filters,
        "discriminator.normalization": "none" if name == "wgan_gp" else "batch",
        "data.source": f"idx:{given.data}",
        "data.fit": "pad",
        "data.flip": False,
        "data.batch_size": 64,
        "train.steps": given.steps,
        "train.log_every": every,
        "train.sample_every": every,
        "train.checkpoint_every": every,
        "train.keep_checkpoints": given.checkpoints,
        "evaluate.metrics": "()",
    }
    if name == "wgan":
        entries["model_args.discriminator_steps"] = 5
    optimizer = MODELS[name][1]["optimizer"]
    for role in ("generator", "discriminator") if optimizer else ():
        entries |= {f"{role}_optimizer.{key}": value for key, value in optimizer.items()}
        entries[f"{role}_optimizer.decay"] = "constant"
    return [f"--config.{key}={value}" for key, value in entries.items()]


def plain(scores: dict[str, float]) -> dict[str, float]:
    """Removes the features from the names of scores.

    Example:
        >>> plain({"fid[fashion_mnist_v1]": 3.0})
        {'fid': 3.0}
    """
    return {name.split("[")[0]: value for name, value in scores.items()}
