"""Trains a model, or resumes a run that was stopped.

  python -m tfgan_zoo.train --model=dcgan
  python -m tfgan_zoo.train --config=dcgan_fashion_mnist --config.data.source=idx:~/fashion_mnist
  python -m tfgan_zoo.train --config=my_recipe.py --workdir=runs/mine --config.train.steps=20000
  python -m tfgan_zoo.train --model=dcgan --minutes=10

With images of your own, the settings are derived from them; --model may be left out:

  python -m tfgan_zoo.train --config.data.source=folder:PATH --image_size=64

--minutes plans the number of steps once, from the speed of the first ones, so that the whole
command takes about that long. What the recipe counts in steps is planned with it.

On other data, --model=NAME is short for --config=NAME, the model's quick recipe. Every entry of the
config can be set with --config.KEY=VALUE; --dry_run shows them all. So can any other argument of
the networks and optimizers that the config names.

  python -m tfgan_zoo.train --workdir=runs/mine
  python -m tfgan_zoo.train --workdir=runs/mine --extend_to=40000

The same command again resumes, and so does --workdir alone. A run resumes with its stored config,
even if the recipe has changed since. Entries that do not change training, such as
--config.train.log_every=50 and all of evaluate, can still be set; others are refused. --extend_to
prolongs a run, also one whose learning rate decays. If its data have changed, add
--accept_changed_data to resume.
"""

import json
import sys

from tfgan_zoo import cli
from tfgan_zoo.commands import training


def main(argv: list[str]) -> None:
    """Resolves the config and trains."""
    given = cli.Flags()
    given.define_string("model", None, "A model: gan, dcgan, wgan_gp, ...")
    given.define_string("config", None, "A recipe by name, or a Python file.")
    given.define_string("image_size", None, "The size of the images: 64, or 96x128 (height first).")
    given.define_path("workdir", None, "The run folder; runs/CONFIG if not given.")
    given.define_integer("extend_to", None, "Prolong a run to this number of steps.")
    given.define_float("minutes", None, "Plan a new run to take this long, in minutes.")
    given.define_bool("dry_run", "Print the resolved config and stop.")
    given.define_bool("accept_changed_data", "Resume though the data have changed.")
    overrides, others = cli.take_overrides(argv)
    cli.parse(given, others, __doc__)

    # TensorFlow's devices are opened later, as the config says.
    resolved = training.from_flags(
        given.model,
        given.config,
        given.workdir,
        overrides,
        load_tensorflow=lambda: cli.quiet_tensorflow(lambda: None),
        extend_to=given.extend_to,
        image_size=given.image_size,
        minutes=given.minutes,
    )
    for note in resolved.notes:  # Standard output is for the config of a dry run.
        print(note, file=sys.stderr)
    if given.dry_run:
        if given.minutes is not None:
            print("--minutes plans steps and intervals when the run begins.", file=sys.stderr)
        print(json.dumps(resolved.config.to_dict(), indent=2))
        return
    cli.quiet_tensorflow(lambda: training.open_devices(resolved.config))
    from tfgan_zoo.run import experiment

    result = experiment.train(
        resolved.config,
        resolved.workdir,
        recipe=resolved.recipe,
        accept_changed_data=given.accept_changed_data,
        extend_to=given.extend_to,
        minutes=given.minutes,
        kept=[*overrides],
    )
    print(training.summary(result))


if __name__ == "__main__":
    cli.run(main)
