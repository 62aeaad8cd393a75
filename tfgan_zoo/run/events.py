"""TensorBoard's files, which follow from a run's own records."""

import math
import shutil

import tensorflow as tf

from tfgan_zoo.run.folder import Run


def open_events(run: Run, step: int) -> tf.summary.SummaryWriter:
    """Opens TensorBoard's file of a run, so that it shows every step once.

    A resumed run repeats steps that its earlier files may already hold. Those files are deleted,
    and the scalars of `metrics.jsonl` and the sheets of `samples/` are written again. Their wall
    times are those of the rewriting. A TensorBoard that is already running has to be restarted.

    Args:
        run: The run.
        step: The last step that is neither trained nor scored again.

    Returns:
        The writer for the steps to come.
    """
    shutil.rmtree(run.tensorboard, ignore_errors=True)
    events = tf.summary.create_file_writer(str(run.tensorboard))
    with events.as_default():
        for row in run.logged():
            if row["step"] <= step:
                for name, value in row.items():
                    if name != "step":
                        # Non-finite values are null in JSON.
                        tf.summary.scalar(name, math.nan if value is None else value, row["step"])
        for file in sorted(run.samples.glob("step_*.png")):
            number = file.stem.removeprefix("step_")
            if number.isdigit() and int(number) <= step:
                sheet = tf.io.decode_png(tf.io.read_file(str(file)))
                tf.summary.image("samples", sheet[tf.newaxis], int(number))
    events.flush()
    return events
