"""Trains a model, or goes on with a run that was stopped.

  python -m tfgan_zoo.train --model=dcgan
  python -m tfgan_zoo.train --config=dcgan_fashion_mnist --config.data.source=idx:~/fashion_mnist
  python -m tfgan_zoo.train --config=my_recipe.py --workdir=runs/mine --config.train.steps=20000

--model=NAME is short for --config=NAME, the model's quick recipe on the embedded data. Every entry
of the config can be set with --config.KEY=VALUE; --dry_run shows them all.

The same command again resumes. Flags given when the run began, such as --config.data.batch_size=32,
may be left out then. A run resumes with its stored config, even if the recipe has changed since;
values set on the command line are compared with it. If its data have changed, add
--accept_changed_data to resume.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from absl import flags
from ml_collections import ConfigDict

from tfgan_zoo import cli
from tfgan_zoo import config as config_lib
from tfgan_zoo.errors import InputError


def main(argv: list[str]) -> None:
    """Resolves the config and trains."""
    given = flags.FlagValues()
    flags.DEFINE_string("model", None, "A model: gan, dcgan, wgan_gp, ...", given)
    flags.DEFINE_string("config", None, "A recipe by name, or a Python file.", given)
    cli.define_path("workdir", None, "The run folder; runs/CONFIG if not given.", given)
    flags.DEFINE_bool("dry_run", False, "Print the resolved config and stop.", given)
    flags.DEFINE_bool("accept_changed_data", False, "Resume though the data have changed.", given)
    overrides, others = cli.take_overrides(argv)
    cli.parse(given, others, __doc__)

    flag, name = ("--config", given.config) if given.config else ("--model", given.model)
    if not name:
        names = ", ".join(config_lib.list_configs())
        raise InputError(f"Give --model or --config: one of {names}.")
    config = config_lib.load_config(name, overrides, flag)
    if given.model and config.model != given.model:
        raise InputError(f"--model={given.model}: the config {name} is for {config.model!r}.")
    if any(key.endswith(".name") for key in overrides):
        config = _fitting(config, overrides)
    recipe = config_lib.recipe_name(name)
    workdir = Path(given.workdir or Path("runs") / recipe)
    if config_lib.has_begun(workdir):
        today = config
        config, differ = config_lib.config_to_resume(workdir, config, overrides, name, flag)
        if differ:
            to_change = config_lib.flags_to_change(config, today, differ)
            # Standard output is for the config of a dry run.
            print(_not_used(workdir, name, differ, to_change), file=sys.stderr)
    if given.dry_run:
        print(json.dumps(config.to_dict(), indent=2))
        return
    cli.quiet_tensorflow(lambda: _open_devices(config))
    from tfgan_zoo.run import experiment

    result = experiment.train(
        config, workdir, recipe=recipe, accept_changed_data=given.accept_changed_data
    )
    if result.ended:
        print(f"ended {result.ended}")
    for score, value in result.scores.items():
        print(f"{score}: {value:.3f}")
    print(f"samples:    {result.samples}")
    print(f"model:      {result.model} (step {result.step})")
    if result.export is not None:
        print(f"SavedModel: {result.export} (checked against the model)")


def _fitting(config: ConfigDict, overrides: Mapping[str, str]) -> ConfigDict:
    """Drops the recipe's arguments of networks and optimizers that the command line replaces."""
    cli.quiet_tensorflow(lambda: None)  # Devices are opened later, by the config of the run.
    from tfgan_zoo.run import building

    config, dropped = building.fitting(config, overrides)
    if dropped:
        named = ", ".join(f"{k}={v}" for k, v in overrides.items() if k.endswith(".name"))
        # Standard output is for the config of a dry run.
        gone = f"the recipe's {', '.join(dropped)} {'is' if len(dropped) == 1 else 'are'} dropped"
        print(f"With {named}, {gone}.", file=sys.stderr)
    return config


def _not_used(workdir: Path, name: str, differ: list[str], to_change: list[str]) -> str:
    """Says in a line how the recipe differs from a run's stored config, and what can be adopted.

    Either the recipe has changed since, or flags that the run began with were left out.
    """
    shown = "; ".join(differ[:6]) + (f"; and {len(differ) - 6} more" if len(differ) > 6 else "")
    text = f"{workdir} resumes with its stored config; other values of {name} are not used: {shown}"
    if to_change:
        them = "it" if len(to_change) == 1 else "them"
        text += f"; to change {them} for this run, add {' '.join(to_change)}"
    return text


def _open_devices(config: ConfigDict) -> None:
    from tfgan_zoo.run.devices import open_devices

    open_devices(config)


if __name__ == "__main__":
    cli.run(main)
