"""LSGAN's table of stability, on points: which of eight settings lose modes.

Mao et al. 2016 (https://arxiv.org/abs/1611.04076) trained regular GANs and LSGANs with batch
normalisation in the generator or in both players, by Adam or by RMSProp, on LSUN bedrooms, and
looked at whether samples collapsed. Here the data are the paper's other example, 8 Gaussians on a
circle, and the eye is replaced by a count: a mode is there if it has at least a quarter of its fair
share of 4,000 samples, within a quarter of the distance between neighbours (the samples need not be
sharp, which is another question). A setting collapses if in most trials fewer than half of the
modes are there at the end.

Both games are played as in the zoo: `DCGAN`'s step is the regular game with the very step of
`LSGAN`. Players are fully connected, three layers of 128, z of 32 normal numbers, batches of 256;
rate 1e-3 for Adam (beta1 0.5) and for RMSProp.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from benchmarks import common

POINTS, SAMPLES, BATCH, LATENT, UNITS = "8gaussians", 4000, 256, 32, (128,) * 3
#: (game, batch normalisation in the discriminator too, optimizer) -> collapsed, as published.
PUBLISHED = {
    ("regular", False, "adam"): True,
    ("regular", False, "rmsprop"): False,
    ("regular", True, "adam"): True,
    ("regular", True, "rmsprop"): True,
    ("LSGAN", False, "adam"): False,
    ("LSGAN", False, "rmsprop"): False,
    ("LSGAN", True, "adam"): True,
    ("LSGAN", True, "rmsprop"): False,
}


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_integer("steps", 3000, "Of each trial.", flag_values=given)
    flags.DEFINE_integer("trials", 3, "Of each setting.", flag_values=given)


def run(given: flags.FlagValues) -> str:
    """Trains what is not yet done; returns the table."""
    done = Path(given.workdir) / "modes.json"
    found: dict[str, int] = json.loads(done.read_text()) if done.exists() else {}
    lines = [
        f"{given.trials} trials of {given.steps:,} steps of each setting; {common.where()}.",
        "",
        "| game | batch normalisation | optimizer | modes of 8, by trial | collapse | published |",
        "|---|---|---|---|---|---|",
    ]
    agreed = 0
    for (game, both, optimizer), published in PUBLISHED.items():
        modes = []
        for trial in range(given.trials):
            key = f"{game} {both} {optimizer} {given.steps} {trial}"
            if key not in found:
                points = train(game, both, optimizer, trial, given.steps)
                found[key] = modes_present(points)
                done.write_text(json.dumps(found, indent=1))
                print(key, found[key], flush=True)
            modes.append(found[key])
        ours = collapsed(modes)
        agreed += ours == published
        lines.append(
            f"| {game} | {'G and D' if both else 'G'} | {optimizer} | "
            f"{', '.join(map(str, modes))} | {yes(ours)} | {yes(published)} |"
        )
    return "\n".join([*lines, "", f"The same answer in {agreed} of {len(PUBLISHED)} settings."])


def yes(answer: bool) -> str:
    """Writes an answer as the paper does."""
    return "YES" if answer else "NO"


def modes_present(points: np.ndarray) -> int:
    """Returns how many modes have a quarter of their share, or more, of the points near them."""
    from tfgan_zoo.data.points import mixture

    centres = mixture(POINTS).centres
    distance = np.linalg.norm(points[:, None] - centres[None], axis=-1)
    near = distance < np.linalg.norm(centres[0] - centres[1]) / 4
    return int((near.mean(axis=0) >= 1 / (4 * len(centres))).sum())


def collapsed(modes: list[int]) -> bool:
    """Returns whether most trials have fewer than half of the 8 modes."""
    return sum(count < 4 for count in modes) > len(modes) / 2


def train(game: str, both: bool, optimizer: str, trial: int, steps: int) -> np.ndarray:
    """Trains a trial; returns samples of its end."""
    import keras

    import tfgan_zoo
    from tfgan_zoo import data, networks

    keras.utils.set_random_seed(trial)
    model_class = tfgan_zoo.LSGAN if game == "LSGAN" else tfgan_zoo.DCGAN
    generator = networks.mlp_generator(
        (2,), LATENT, units=UNITS, batch_norm=True, initializer="he_uniform"
    )
    model = model_class((2,), LATENT, generator, discriminator(both), seed=trial)
    rule: dict[str, Any] = {
        "adam": lambda: keras.optimizers.Adam(1e-3, beta_1=0.5),
        "rmsprop": lambda: keras.optimizers.RMSprop(1e-3),
    }
    per_call = np.gcd(steps, 100)
    model.compile(rule[optimizer](), rule[optimizer](), steps_per_execution=int(per_call))
    source = data.open_source(f"points/{POINTS}")
    batches = data.unconditional(source, batch_size=BATCH, seed=trial)
    model.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)
    points = model.generate(SAMPLES, seed=trial)
    keras.utils.clear_session()
    return points


def discriminator(batch_norm: bool) -> Any:
    """Returns the network; its input is never normalised, as in DCGAN."""
    import keras

    layers: list[Any] = [keras.Input((2,))]
    for i, width in enumerate(UNITS):
        layers.append(keras.layers.Dense(width, kernel_initializer="he_uniform"))
        if batch_norm and i:
            layers.append(keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
        layers.append(keras.layers.LeakyReLU(negative_slope=0.2))
    return keras.Sequential([*layers, keras.layers.Dense(1)])
