"""R3GAN's ablation in small: which losses and penalties lose modes of points.

Huang et al. 2024 (https://arxiv.org/abs/2501.05441, table 1 and figure 1) train on Stacked MNIST,
1,000 modes. The pairing loss with R1 and R2 finds all of them (reverse KL 0.078); the
non-saturating loss with both 693 (0.93); with R1 alone, either diverges. Here the data are 25
Gaussians and a ring of 8, and the networks three layers of 128 units. Stacked MNIST itself is
`python -m benchmarks.reproduce stacked_mnist --models=r3gan`.

Both games take the same steps, on the same samples: `R3GAN(fresh_samples=False)` is the pairing
loss, and `DCGAN` the non-saturating one. Expected before the run: pairing with both penalties
covers all modes in every trial, non-saturating with both covers fewer or not more, and either
without penalties loses modes.

Every trial is scored by 2,500 samples of its final average. `scores.jsonl` in the workdir stores
the finished ones, from which the command goes on.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from benchmarks import common
from tfgan_zoo.errors import InputError

POINTS = ("25gaussians", "ring")
GAMMA = {"25gaussians": 0.1, "ring": 0.1}
GAMES = ("pairing", "non-saturating")
#: Penalties -> whether R1 and R2 are on.
PENALTIES = {"R1 + R2": (True, True), "R1": (True, False), "none": (False, False)}
BATCH, LATENT, SAMPLES, UNITS = 256, 8, 2500, (128,) * 3


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_list("points", list(POINTS), f"Some of {', '.join(POINTS)}.", given)
    flags.DEFINE_integer("steps", 30_000, "Steps of each trial.", flag_values=given)
    flags.DEFINE_integer("trials", 3, "Trials of each setting.", flag_values=given)


def run(given: flags.FlagValues) -> str:
    """Trains missing trials; returns the table."""
    for name in given.points:
        if name not in POINTS:
            raise InputError(f"--points: expected some of {', '.join(POINTS)}, got {name!r}.")
    path = Path(given.workdir) / "scores.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    found = {line["key"]: line for line in map(json.loads, lines)}
    settings = [(n, g, p) for n in given.points for g in GAMES for p in PENALTIES]
    for trial in range(given.trials):  # All settings progress equally.
        for setting in settings:
            key = f"{'/'.join(setting)}/{given.steps}/{trial}"
            if key in found:
                continue
            found[key] = {"key": key, **score(setting[0], train(*setting, trial, given.steps))}
            with path.open("a") as file:
                file.write(json.dumps(found[key]) + "\n")
            print(key, f"{found[key]['modes']:.0f} modes", flush=True)
    table = [
        f"{given.trials} trials of {given.steps:,} steps with batches of {BATCH}; {SAMPLES:,} "
        f"samples each; means, and modes by trial; {common.where()}.",
        "",
        "| points | loss | penalties | modes, by trial | reverse KL | high quality |",
        "|---|---|---|---|---|---|",
    ]
    for setting in settings:
        trials = [found[f"{'/'.join(setting)}/{given.steps}/{i}"] for i in range(given.trials)]
        table.append(row(*setting, trials))
    return "\n".join(table)


def row(name: str, game: str, penalties: str, trials: list[dict[str, Any]]) -> str:
    """Returns a line of the table.

    Args:
        name: Of the points.
        game: The loss.
        penalties: The penalties.
        trials: The scores of each trial.
    """
    modes = ", ".join(f"{each['modes']:.0f}" for each in trials)
    divergence = float(np.mean([each["reverse_kl"] for each in trials]))
    quality = float(np.mean([each["high_quality"] for each in trials]))
    return f"| {name} | {game} | {penalties} | {modes} | {divergence:.2f} | {quality:.0%} |"


def score(name: str, points: np.ndarray) -> dict[str, float]:
    """Scores samples; a run that has diverged has no modes."""
    from tfgan_zoo.data.points import mixture
    from tfgan_zoo.metrics.mode_coverage import mode_scores

    centres = mixture(name).centres
    if not np.isfinite(points).all():
        return {"modes": 0.0, "high_quality": 0.0, "reverse_kl": float(np.log(len(centres)))}
    scores = mode_scores(points, mixture(name))
    return {key: float(scores[key]) for key in ("modes", "high_quality", "reverse_kl")}


def train(name: str, game: str, penalties: str, trial: int, steps: int) -> np.ndarray:
    """Trains a trial; returns samples of the final average."""
    import keras

    from tfgan_zoo import data

    keras.utils.set_random_seed(trial)
    model = build(name, game, penalties, trial)
    model.compile(*(optimizer(steps) for _ in model.roles()))
    batches = data.unconditional(data.open_source(f"points/{name}"), batch_size=BATCH, seed=trial)
    model.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)
    points = model.generate(SAMPLES, seed=trial)
    keras.utils.clear_session()
    return points


def build(name: str, game: str, penalties: str, seed: int) -> Any:
    """Returns the model of a game with some penalties."""
    import tfgan_zoo
    from tfgan_zoo import networks

    settings = {"units": UNITS, "activation": "leaky_relu", "initializer": "he_normal"}
    plain = {"maxout_pieces": 0, "input_dropout": 0.0, "dropout": 0.0}
    generator = networks.mlp_generator((2,), LATENT, **settings)
    discriminator = networks.mlp_discriminator((2,), **settings, **plain)
    r1, r2 = (GAMMA[name] * has for has in PENALTIES[penalties])
    arguments = {"r1_gamma": r1, "r2_gamma": r2, "ema_half_life": 10_000.0, "seed": seed}
    if game == "pairing":
        arguments["fresh_samples"] = False
    model_class = tfgan_zoo.R3GAN if game == "pairing" else tfgan_zoo.DCGAN
    return model_class((2,), LATENT, generator, discriminator, **arguments)


def optimizer(steps: int) -> Any:
    """Returns Adam, whose rate falls to a hundredth while its memory grows."""
    from tfgan_zoo.schedules import Cosine, ScheduledAdam

    rate, beta_2 = Cosine(1e-3, 1e-5, steps), Cosine(0.9, 0.99, steps)
    return ScheduledAdam(rate, beta_1=0.0, beta_2=beta_2)
