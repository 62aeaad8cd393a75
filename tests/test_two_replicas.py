"""Two replicas do what one would: the verdicts of a process that runs all checks."""

import json
import subprocess
import sys

import pytest

from tests.marks import slow
from tests.two_replicas import EQUAL, ROOT, checks

#: Checks that make several graphs, or one for each of several things. `one_kind` compares a model.
SLOW = {
    "tests.networks.replicas:text_encoders_embed_and_differentiate",
    "tests.metrics.replicas:every_metric",
    "tests.metrics.replicas:an_extractor_that_works_with_numpy",
    "tests.run.replicas:samples_of_classes_voxels_and_texts",
    "tests.run.replicas:scores_of_samples",
    "tests.run.replicas:settings_of_training_alone",
}
SLOW |= {
    f"tests.models.replicas:{check}"
    for check in (
        "classes_of_fakes",
        "overflow_on_one_replica",
        "each_kind",
        "every_option",
        "batches_that_replicas_cannot_share_evenly_are_refused",
        "every_other_model",
        "statistics_of_the_whole_batch",
        "scores_relative_to_everyone_s",
        "regularizers_of_weights",
        "a_discriminator_that_waits",
        "adapted_augmentation",
        "xla_within_the_replicas",
        "rematerialized_within_the_replicas",
        "images_are_looked_at",
        "spectrally_normalized",
        "a_generator_with_statistics_of_its_average",
        "synchronized_batch_norm",
        "the_end_of_the_data_is_no_step",
    )
}


@pytest.fixture(scope="session")
def verdicts(request, tmp_path_factory):
    """The verdict on every check that this session asks for."""
    asked = [
        item.callspec.params["check"]
        for item in request.session.items
        if "verdicts" in getattr(item, "fixturenames", ())
    ]
    file = tmp_path_factory.mktemp("replicas") / "verdicts.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.two_replicas", str(file), *asked],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(file.read_text())


@pytest.mark.parametrize(
    "check",
    [slow(check) if check in SLOW else check for check in checks()],
)
def test_two_replicas_do_what_one_would(verdicts, check):
    assert verdicts[check] == EQUAL, verdicts[check][-3000:]
