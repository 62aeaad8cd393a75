import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "checks",
    [
        ["every_model"],
        ["every_option"],
        ["regularizers_of_weights", "a_discriminator_that_waits"],
        [
            "synchronized_batch_norm",
            "compiled_outside_the_scope",
            "batches_that_replicas_cannot_share_evenly_are_refused",
            "images_are_looked_at",
            "replicas_draw_different_noise",
            "xla_within_the_replicas",
            "rematerialized_within_the_replicas",
            "several_steps_per_execution_are_refused",
            "overflow_on_one_replica",
            "the_end_of_the_data_is_no_step",
        ],
    ],
    ids=" ".join,
)
def test_two_replicas_train_as_one_would(checks):
    done = subprocess.run(
        [sys.executable, "-m", "tests.models.replicas", *checks],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.stdout.strip().endswith("equal"), done.stderr[-3000:]
