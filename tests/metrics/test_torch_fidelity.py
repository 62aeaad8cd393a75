import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.metrics.samples import features
from tfgan_zoo.metrics import (
    frechet_distance,
    improved_precision_recall,
    inception_score_from_logits,
    kernel_distance,
)


def fid(real, generated):
    moments = [(x.mean(axis=0), np.cov(x.T)) for x in (real.astype(float), generated.astype(float))]
    return frechet_distance(*moments[0], *moments[1])


@pytest.mark.skipif(
    importlib.util.find_spec("torch_fidelity") is None, reason="torch-fidelity is not installed"
)
def test_same_values(tmp_path):
    real, generated, logits = features()
    np.savez(tmp_path / "features.npz", real=real, generated=generated, logits=logits)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("fidelity.py"), tmp_path / "features.npz"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    isc, isc_std = inception_score_from_logits(logits, 7)
    precision, recall = improved_precision_recall(real, generated)
    found = {
        "fid": fid(real, generated),
        "fid_of_few": fid(real[:9], generated[:9]),
        "kid": kernel_distance(real[:300], generated, 1, 300)[0],
        "isc": isc,
        "isc_std": isc_std,
        "precision": precision,
        "recall": recall,
    }
    assert found == pytest.approx(json.loads(done.stdout.splitlines()[-1]), rel=1e-4)
