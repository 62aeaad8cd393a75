"""LSGAN's stability: which of its settings lose modes, and which those of regular GANs do.

Mao et al. 2016 (https://arxiv.org/abs/1611.04076) compare the two games twice. Here every setting
is trained several times, and a number replaces the eye that judges whether samples collapse.

On points: 8 Gaussians on a circle, with the settings of the authors' code
(https://github.com/xudonmao/LSGAN, folder `stability_comparison/mixture_gaussian`): networks of two
layers of 128 tanh units with orthogonal weights, z of 256 normal numbers, batches of 512, Adam with
beta1 0.5 and rates of 1e-4 for the discriminator and 1e-3 for the generator, both updated at once,
and 35,000 steps. Departure: their list of angles ends where it begins, so one of their modes is
twice as likely as the others. A mode is present if it gets at least a quarter of its fair share of
4,000 samples, within a quarter of the distance between neighbours; samples need not be sharp. A
trial collapses if fewer than half of the modes are present at its end.

On images: table 1, DCGAN's networks without batch normalization in the generator (`BN_G`), or
without it in both networks (`BN_GD`), trained by Adam or RMSProp. The names say where batch
normalization is left out: in the authors' code, `BN_G` keeps it in all hidden layers of the
discriminator but the first. Theirs too are z of 1024 uniform numbers, batches of 64, the rate of
2e-4, and the targets (-1, 1, 0) in the setting of their code that has them. Departures: drawn
figures of 32x32 pixels instead of LSUN's bedrooms of 64x64, so the networks have a layer less;
`--filters` feature maps instead of 64; `--steps` steps, where theirs have no end. A trial collapses
if its samples are more alike than its data are, by MS-SSIM of 1,000 pairs: by more than half of
what is left to 1, at which all images are the same. Collapse of a setting is that of most trials.

`tfgan_zoo.DCGAN` stands for the regular game. On images, the discriminator is updated before the
generator, as in the authors' code.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from benchmarks import common
from benchmarks.reproduce.significance import fisher
from tfgan_zoo.atomic import write_atomically
from tfgan_zoo.errors import InputError

GAMES = ("regular", "LSGAN")
POINTS, SAMPLES = "ring", 4000
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
#: The setting in which the authors' code has the targets (-1, 1, 0) instead of (0, 1, 1).
OTHER_TARGETS = ("LSGAN", "BN_GD", "rmsprop")
#: Generated images that are compared.
IMAGES = 500


class Setting(NamedTuple):
    """A row of the table of images."""

    game: str
    batch_norm: str
    optimizer: str


def define(given: flags.FlagValues) -> None:
    flags.DEFINE_list("parts", ["points", "images"], "What to compare.", given)
    flags.DEFINE_integer("point_trials", 10, "Trials of each game on points.", flag_values=given)
    flags.DEFINE_integer("point_steps", 35_000, "Steps of each trial on points.", flag_values=given)
    flags.DEFINE_integer("trials", 10, "Trials of each setting on images.", flag_values=given)
    flags.DEFINE_integer("steps", 3000, "Steps of each trial on images.", flag_values=given)
    flags.DEFINE_integer(
        "filters", 16, "Feature maps of the networks for images.", flag_values=given
    )
    flags.DEFINE_string(
        "numbers",
        None,
        "File of the numbers of finished trials, such as docs/lsgan_stability.json; one in the "
        "workdir by default.",
        given,
    )


def run(given: flags.FlagValues) -> str:
    """Trains missing trials; returns the tables.

    `--numbers` stores the number of every finished trial, and the workdir a sheet of samples of
    every trial on images. `images.png` has some of each setting's first.
    """
    parts = {"points": points_table, "images": images_table}
    for part in given.parts:
        if part not in parts:
            raise InputError(f"--parts: expected some of {', '.join(parts)}, got {part!r}.")
    for flag in ("point_trials", "trials"):
        if given[flag].value < 1:
            raise InputError(f"--{flag}: expected 1 or more, got {given[flag].value}.")
    tables = [parts[part](given) for part in given.parts]
    return "\n\n".join([f"{common.where()}.", *tables])


class Kept:
    """Numbers of finished trials, in a file.

    Args:
        given: The flags. The file may not exist yet.

    Raises:
        InputError: If it has something else.
    """

    def __init__(self, given: flags.FlagValues):
        self._path = Path(given.numbers or Path(given.workdir) / "numbers.json")
        self._numbers: dict[str, float] = {}
        if self._path.exists():
            try:
                known = json.loads(self._path.read_text())
                self._numbers = {key: float(value) for key, value in known.items()}
            except (OSError, ValueError, TypeError, AttributeError) as error:
                raise InputError(
                    f"--numbers: expected a file of finished trials, got {self._path}."
                ) from error

    def get(self, key: str, measure: Any) -> float:
        """Returns the number of a trial, which is trained if it is missing."""
        if key not in self._numbers:
            self._numbers[key] = measure()
            write_atomically(self._path, json.dumps(self._numbers, indent=1) + "\n")
            print(key, self._numbers[key], flush=True)
        return self._numbers[key]


# ---------------------------------------------------------------------- points


def points_table(given: flags.FlagValues) -> str:
    """Trains both games on points."""
    kept = Kept(given)
    lines = [
        f"On 8 Gaussians, {given.point_steps:,} steps of each trial:",
        "",
        "| game | modes of 8, by trial | trials with all modes | trials that collapse |",
        "|---|---|---|---|",
    ]
    collapsed = []
    for game in GAMES:
        modes = []
        for trial in range(given.point_trials):
            key = f"points at once {game} {given.point_steps} {trial}"

            def measure(game: str = game, trial: int = trial) -> int:
                return modes_present(train_points(game, trial, given.point_steps))

            modes.append(int(kept.get(key, measure)))
        counts = (sum(m == 8 for m in modes), sum(m < 4 for m in modes))
        shares = " | ".join(f"{count} of {len(modes)}" for count in counts)
        lines.append(f"| {game} | {', '.join(map(str, modes))} | {shares} |")
        collapsed.append((counts[1], len(modes)))
    p = fisher(*collapsed)
    return "\n".join([*lines, "", f"Of trials that collapse, p by Fisher's exact test: {p:.2f}."])


def modes_present(points: np.ndarray) -> int:
    """Returns how many modes have at least a quarter of their share of points near them."""
    from tfgan_zoo.data.points import mixture

    centres = mixture(POINTS).centres
    distance = np.linalg.norm(points[:, None] - centres[None], axis=-1)
    near = distance < np.linalg.norm(centres[0] - centres[1]) / 4
    return int((near.mean(axis=0) >= 1 / (4 * len(centres))).sum())


def at_once(model_class: Any) -> Any:
    """Returns a class of the same game that updates both players at once.

    Each is updated by the gradients at the weights before the step. Those of the generator come
    first, because the fakes that the discriminator sees were made before.

    Args:
        model_class: `DCGAN` or `LSGAN`.
    """

    class AtOnce(model_class):
        def train_step(self, data: Any) -> dict[str, Any]:
            real, given = self.real(data)
            fake = self.record_fakes("latents", real, self.asked(given))
            g_logs = self.update("generator", self.generator_loss, fake, real, given)
            d_logs = self.update("discriminator", self.discriminator_loss, real, fake.value, given)
            return self.end_step(d_logs | g_logs, real)

    return AtOnce


def point_model(game: str, seed: int) -> Any:
    """Returns a game on points, whose players are updated at once."""
    import keras

    import tfgan_zoo
    from tfgan_zoo import networks

    of_g, of_d = (keras.initializers.Orthogonal(1.4, seed=100 * seed + i) for i in range(2))
    generator = networks.mlp_generator(
        (2,), 256, units=(128, 128), activation="tanh", initializer=of_g
    )
    discriminator = networks.mlp_discriminator(
        (2,),
        units=(128, 128),
        maxout_pieces=0,
        activation="tanh",
        input_dropout=0.0,
        dropout=0.0,
        initializer=of_d,
    )
    model_class = at_once(tfgan_zoo.LSGAN if game == "LSGAN" else tfgan_zoo.DCGAN)
    return model_class((2,), 256, generator, discriminator, latent_distribution="normal", seed=seed)


def train_points(game: str, trial: int, steps: int) -> np.ndarray:
    """Trains a trial; returns points of the final generator."""
    import keras

    from tfgan_zoo import data

    keras.utils.set_random_seed(trial)
    model = point_model(game, trial)
    source = data.open_source(f"points/{POINTS}")
    batches = data.unconditional(source, batch_size=512, seed=trial)
    fit(model, *(adam(rate) for rate in (1e-3, 1e-4)), batches, steps)
    points = model.generate(SAMPLES, seed=trial)
    keras.utils.clear_session()
    return points


def adam(rate: float) -> Any:
    """Returns the optimizer of both comparisons."""
    import keras

    return keras.optimizers.Adam(rate, beta_1=0.5, epsilon=1e-8)


def fit(model: Any, of_generator: Any, of_discriminator: Any, batches: Any, steps: int) -> None:
    """Trains for some steps, of which a call runs up to 100."""
    model.compile(of_generator, of_discriminator, steps_per_execution=int(np.gcd(steps, 100)))
    model.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)


# ---------------------------------------------------------------------- images


def images_table(given: flags.FlagValues) -> str:
    """Trains all settings of table 1 on figures."""
    from tfgan_zoo import pictures
    from tfgan_zoo.data import figures
    from tfgan_zoo.metrics import ms_ssim_diversity

    folder = Path(given.workdir)
    kept = Kept(given)
    data = ms_ssim_diversity(figures.load("", "test", num=IMAGES)["image"])
    lines = [
        f"On figures, {given.steps:,} steps of each trial, networks of {given.filters} feature "
        f"maps; MS-SSIM of pairs of data is {data:.2f}, so {bound(data):.2f} is collapse:",
        "",
        "| game | setting | batch norm in G | in D | optimizer | MS-SSIM, by trial | "
        "trials that collapse | collapse | published |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    agreed, firsts = 0, {}
    for names, published in PUBLISHED.items():
        setting = Setting(*names)
        found = []
        for trial in range(given.trials):
            key = f"images {' '.join(names)} {given.filters} {given.steps} {trial}"
            sheet = folder / f"{key.replace(' ', '_')}.png"

            def measure(
                setting: Setting = setting, trial: int = trial, sheet: Path = sheet
            ) -> float:
                images = train_images(setting, trial, given.filters, given.steps)
                pictures.save_png(sheet, pictures.grid(images[:64]))
                return ms_ssim_diversity(images)

            found.append(kept.get(key, measure))
            if not trial and sheet.exists():
                firsts[f"{setting.game}, {setting.batch_norm}, {setting.optimizer}"] = sheet
        gone = sum(value > bound(data) for value in found)
        ours = gone > len(found) / 2
        agreed += ours == published
        where = " | ".join("yes" if has else "no" for has in BATCH_NORM[setting.batch_norm])
        numbers = ", ".join(f"{value:.2f}" for value in found)
        lines.append(
            f"| {setting.game} | `{setting.batch_norm}` | {where} | {setting.optimizer} | {numbers}"
            f" | {gone} of {len(found)} | {yes(ours)} | {yes(published)} |"
        )
    if firsts:
        shown = np.stack([first_row(sheet) for sheet in firsts.values()])
        pictures.save_png(folder / "images.png", pictures.labelled_rows(list(firsts), shown))
    return "\n".join([*lines, "", f"The same answer in {agreed} of {len(PUBLISHED)} settings."])


def bound(data: float) -> float:
    """Returns the MS-SSIM above which images are called collapsed, given that of the data.

    Example:
        >>> bound(0.2)
        0.6
    """
    return (1 + data) / 2


def yes(answer: bool) -> str:
    """Formats an answer like the paper."""
    return "YES" if answer else "NO"


def first_row(sheet: Path, side: int = 32, gap: int = 2) -> np.ndarray:
    """Returns the images in the first row of a sheet, uint8 `[8, side, side, 3]`."""
    from PIL import Image

    with Image.open(sheet) as opened:
        pixels = np.asarray(opened)[:side]
    starts = range(0, pixels.shape[1], side + gap)
    return np.stack([pixels[:, start : start + side] for start in starts])


def image_model(setting: Setting, filters: int, seed: int) -> Any:
    """Returns the game of a setting on images."""
    import tfgan_zoo
    from tfgan_zoo import networks

    shape, latent_dim = (32, 32, 3), 1024
    norms = ("batch" if has else "none" for has in BATCH_NORM[setting.batch_norm])
    of_g, of_d = ({"filters": filters, "normalization": norm} for norm in norms)
    generator = networks.dcgan_generator(shape, latent_dim, **of_g)
    discriminator = networks.dcgan_discriminator(shape, **of_d)
    arguments: dict[str, Any] = {"latent_distribution": "uniform", "seed": seed}
    model_class = tfgan_zoo.LSGAN if setting.game == "LSGAN" else tfgan_zoo.DCGAN
    if setting == OTHER_TARGETS:
        arguments |= {"a": -1.0, "b": 1.0, "c": 0.0}
    return model_class(shape, latent_dim, generator, discriminator, **arguments)


def optimizer(name: str) -> Any:
    """Returns an optimizer with the authors' rate, and TensorFlow's defaults of that time."""
    import keras

    if name == "adam":
        return adam(2e-4)
    return keras.optimizers.RMSprop(2e-4, rho=0.9, epsilon=1e-10)


def train_images(setting: Setting, trial: int, filters: int, steps: int) -> np.ndarray:
    """Trains a trial; returns images of the final generator, uint8."""
    import keras

    from tfgan_zoo import data, pictures

    keras.utils.set_random_seed(trial)
    model = image_model(setting, filters, trial)
    batches = data.unconditional(data.open_source("figures"), batch_size=64, seed=trial)
    fit(model, *(optimizer(setting.optimizer) for _ in "gd"), batches, steps)
    images = pictures.to_uint8(model.generate(IMAGES, seed=trial))
    keras.utils.clear_session()
    return images
