"""Trains a model, or goes on with a run that was stopped.

  python -m tfgan_zoo.train --model=dcgan
  python -m tfgan_zoo.train --config=dcgan_fashion_mnist --config.data.source=idx:~/fashion_mnist
  python -m tfgan_zoo.train --config=my_recipe.py --workdir=runs/mine --config.train.steps=20000

With images of your own, the settings are derived from them; --model may be left out:

  python -m tfgan_zoo.train --config.data.source=folder:PATH --image_size=64

On other data, --model=NAME is short for --config=NAME, the model's quick recipe. Every entry of the
config can be set with --config.KEY=VALUE; --dry_run shows them all.

The same command again resumes. Flags given when the run began, such as --config.data.batch_size=32,
may be left out then. A run resumes with its stored config, even if the recipe has changed since;
values set on the command line are compared with it. If its data have changed, add
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
    given.define_bool("dry_run", "Print the resolved config and stop.")
    given.define_bool("accept_changed_data", "Resume though the data have changed.")
    overrides, others = cli.take_overrides(argv)
    cli.parse(given, others, __doc__)

    # TensorFlow's devices are opened later, as the config says.
    resolved = training.resolve(
        given.model,
        given.config,
        given.workdir,
        overrides,
        load_tensorflow=lambda: cli.quiet_tensorflow(lambda: None),
        image_size=given.image_size,
    )
    for note in resolved.notes:  # Standard output is for the config of a dry run.
        print(note, file=sys.stderr)
    if given.dry_run:
        print(json.dumps(resolved.config.to_dict(), indent=2))
        return
    cli.quiet_tensorflow(lambda: training.open_devices(resolved.config))
    from tfgan_zoo.run import experiment

    options = {"recipe": resolved.recipe, "accept_changed_data": given.accept_changed_data}
    print(training.summary(experiment.train(resolved.config, resolved.workdir, **options)))


if __name__ == "__main__":
    cli.run(main)
