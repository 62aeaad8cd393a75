"""Trains a model, or goes on with a run that was stopped.

  python -m tfgan_zoo.train --model=dcgan
  python -m tfgan_zoo.train --config=dcgan_fashion_mnist --config.data.source=idx:~/fashion_mnist
  python -m tfgan_zoo.train --config=my_recipe.py --workdir=runs/mine --config.train.steps=20000

--model=NAME is short for --config=NAME: the model's quick recipe on the embedded data. Every entry of the
config can be set with --config.KEY=VALUE; --dry_run shows them all. The same command again resumes.
"""

import json
import sys
from pathlib import Path

from absl import flags

from tfgan_zoo import cli
from tfgan_zoo import config as config_lib
from tfgan_zoo.errors import InputError

_MODEL = flags.DEFINE_string("model", None, "A model: gan, dcgan, lsgan, wgan, wgan_gp, ...")
_CONFIG = flags.DEFINE_string("config", None, "A config's name, or a Python file's path.")
_WORKDIR = flags.DEFINE_string("workdir", None, "The run folder; runs/<config's name> by default.")
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print the resolved config and stop.")


def main(overrides: dict[str, str]) -> None:
    """Resolves the config and trains."""
    name = _CONFIG.value or _MODEL.value
    if name is None:
        raise InputError(f"Give --model or --config: one of {', '.join(config_lib.list_configs())}.")
    config = config_lib.load_config(name, overrides)
    if _MODEL.value and config.model != _MODEL.value:
        raise InputError(f"--model={_MODEL.value}: config {name} is for --model={config.model}.")
    if _DRY_RUN.value:
        print(json.dumps(config.to_dict(), indent=2))
        return
    workdir = _WORKDIR.value or str(Path("runs") / Path(name).stem)
    cli.quiet_tensorflow()
    from tfgan_zoo import experiment

    result = experiment.train(config, workdir)
    for score, value in result.scores.items():
        print(f"{score}: {value:.3f}")
    print(f"samples:    {result.samples}")
    print(f"model:      {result.model} (step {result.step})")
    print(f"SavedModel: {result.export} (checked against the model)")


if __name__ == "__main__":
    given = cli.take_overrides(sys.argv)
    cli.run(lambda: main(given))
