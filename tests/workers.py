"""`tfgan_zoo.train` as one of several processes; run by `tests/run/test_devices.py`.

Its final state goes to the file WEIGHTS. It is killed before the step after KILL_AT, and gets
SIGTERM before the step after TERM_AT. With --minutes it plans PLANNED steps. As it ends, it writes
the names of the files in the folder SEEN to the file NOTE.
"""

import os
import signal
from pathlib import Path

import numpy as np

from tfgan_zoo import callbacks, cli, train
from tfgan_zoo.run import experiment, planning

original = experiment.finish


def finish(stage):
    model = stage.model
    if path := os.environ.get("WEIGHTS"):
        owners = (model, model.generator_optimizer, model.discriminator_optimizer)
        arrays = [v.numpy() for owner in owners for v in owner.variables]
        np.savez(path, *arrays, step=model.steps_done)
    return original(stage)


class Stop(callbacks.StopOnSignal):
    def on_train_batch_begin(self, batch, logs=None):
        for name, number in (("KILL_AT", signal.SIGKILL), ("TERM_AT", signal.SIGTERM)):
            if os.environ.get(name) == str(self.model.steps_done):
                os.kill(os.getpid(), number)


if __name__ == "__main__":
    experiment.finish = finish
    callbacks.StopOnSignal = Stop
    if steps := os.environ.get("PLANNED"):
        planning.choose_steps = lambda *_: (int(steps), 1)
        planning._SHARE = 0.002
    try:
        cli.run(train.main)
    finally:
        if path := os.environ.get("NOTE"):
            Path(path).write_text("\n".join(os.listdir(os.environ["SEEN"])))
