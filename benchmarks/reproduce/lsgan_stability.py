"""LSGAN's stability table, on points: which of eight settings lose modes.

Mao et al. 2016 (https://arxiv.org/abs/1611.04076, table 1) train regular GANs and LSGANs on LSUN
bedrooms without batch normalization in the generator (`BN_G`), or without it in both networks
(`BN_GD`), by Adam or RMSProp, and judge by eye whether the samples collapse. The names say where
batch normalization is left out: in the authors' code (https://github.com/xudonmao/LSGAN, folder
`stability_comparison`), `BN_G` keeps it in all hidden layers of the discriminator but the first.

Here the data are the paper's other example, 8 Gaussians on a circle, and a count replaces the eye:
a mode is present if it gets at least a quarter of its fair share of 4,000 samples, within a quarter
of the distance between neighbors. Sharpness of the samples is not required. A setting collapses if
fewer than half of the modes are present at the end of most of its trials.

Both games take the zoo's step: `DCGAN` plays the regular game with the step of `LSGAN`. The
networks are fully connected, with three layers of 128 units; z is 32 uniform numbers and a batch
has 256 points. The learning rate is 1e-3 for Adam (beta1 0.5) and for RMSProp. The authors train
convolutional networks on 64x64 images, with z of 1024 uniform numbers, batches of 64 and a learning
rate of 2e-4; their code uses the least-squares targets (-1, 1, 0) in one of these settings, where
this one always uses (0, 1, 1).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from benchmarks import common

POINTS, SAMPLES, BATCH, LATENT, UNITS = "8gaussians", 4000, 256, 32, (128,) * 3
#: Batch normalization by the paper's names: (in the generator, in the discriminator).
BATCH_NORM = {"BN_G": (False, True), "BN_GD": (False, False)}
#: (game, setting of batch normalization, optimizer) -> collapsed, as published.
PUBLISHED = {
    ("regular", "BN_G", "adam"): True,
    ("regular", "BN_G", "rmsprop"): False,
    ("regular", "BN_GD", "adam"): True,
    ("regular", "BN_GD", "rmsprop"): True,
    ("LSGAN", "BN_G", "adam"): False,
    ("LSGAN", "BN_G", "rmsprop"): False,
    ("LSGAN", "BN_GD", "adam"): True,
    ("LSGAN", "BN_GD", "rmsprop"): False,
}


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_integer("steps", 3000, "Steps of each trial.", flag_values=given)
    flags.DEFINE_integer("trials", 3, "Trials of each setting.", flag_values=given)


def run(given: flags.FlagValues) -> str:
    """Trains missing trials; returns the table.

    `modes.json` in the workdir stores the modes of every finished trial, by the paper's names.
    """
    done = Path(given.workdir) / "modes.json"
    found: dict[str, int] = json.loads(done.read_text()) if done.exists() else {}
    lines = [
        f"{given.trials} trials of {given.steps:,} steps of each setting; {common.where()}.",
        "",
        "| game | setting | batch norm in G | in D | optimizer | modes of 8, by trial | collapse "
        "| published |",
        "|---|---|---|---|---|---|---|---|",
    ]
    agreed = 0
    for (game, setting, optimizer), published in PUBLISHED.items():
        modes = []
        for trial in range(given.trials):
            key = f"{game} {setting} {optimizer} {given.steps} {trial}"
            if key not in found:
                points = train(game, setting, optimizer, trial, given.steps)
                found[key] = modes_present(points)
                done.write_text(json.dumps(found, indent=1))
                print(key, found[key], flush=True)
            modes.append(found[key])
        ours = collapsed(modes)
        agreed += ours == published
        where = " | ".join("yes" if has else "no" for has in BATCH_NORM[setting])
        lines.append(
            f"| {game} | `{setting}` | {where} | {optimizer} | "
            f"{', '.join(map(str, modes))} | {yes(ours)} | {yes(published)} |"
        )
    return "\n".join([*lines, "", f"The same answer in {agreed} of {len(PUBLISHED)} settings."])


def yes(answer: bool) -> str:
    """Formats an answer like the paper."""
    return "YES" if answer else "NO"


def modes_present(points: np.ndarray) -> int:
    """Returns how many modes have at least a quarter of their share of points near them."""
    from tfgan_zoo.data.points import mixture

    centres = mixture(POINTS).centres
    distance = np.linalg.norm(points[:, None] - centres[None], axis=-1)
    near = distance < np.linalg.norm(centres[0] - centres[1]) / 4
    return int((near.mean(axis=0) >= 1 / (4 * len(centres))).sum())


def collapsed(modes: list[int]) -> bool:
    """Returns whether most trials have fewer than half of the 8 modes."""
    return sum(count < 4 for count in modes) > len(modes) / 2


def train(game: str, setting: str, optimizer: str, trial: int, steps: int) -> np.ndarray:
    """Trains a trial; returns samples of the final generator."""
    import keras

    from tfgan_zoo import data

    keras.utils.set_random_seed(trial)
    model = build(game, setting, trial)
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


def build(game: str, setting: str, seed: int) -> Any:
    """Returns the model of a game, with the setting's batch normalization."""
    import tfgan_zoo
    from tfgan_zoo import networks

    in_generator, in_discriminator = BATCH_NORM[setting]
    generator = networks.mlp_generator(
        (2,), LATENT, units=UNITS, batch_norm=in_generator, initializer="he_uniform"
    )
    # Explicit, because the defaults of the two classes differ.
    z = {"latent_distribution": "uniform"}
    model_class = tfgan_zoo.LSGAN if game == "LSGAN" else tfgan_zoo.DCGAN
    return model_class((2,), LATENT, generator, discriminator(in_discriminator), seed=seed, **z)


def discriminator(batch_norm: bool) -> Any:
    """Returns the network; its first layer is never normalized, as in the authors' code."""
    import keras

    layers: list[Any] = [keras.Input((2,))]
    for i, width in enumerate(UNITS):
        layers.append(keras.layers.Dense(width, kernel_initializer="he_uniform"))
        if batch_norm and i:
            layers.append(keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
        layers.append(keras.layers.LeakyReLU(negative_slope=0.2))
    return keras.Sequential([*layers, keras.layers.Dense(1)])
