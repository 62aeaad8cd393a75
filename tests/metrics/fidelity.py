"""Scores an .npz file of features with torch-fidelity; run by test_torch_fidelity.

It runs in a separate process: importing PyTorch and TensorFlow in the same one has crashed.
"""

import json
import sys
from unittest import mock

import numpy as np
import torch

# The scores need no torchvision. torch-fidelity imports it for networks and data sets, and PyPI's
# does not load with a PyTorch that was built for CPUs alone.
for name in ("", ".datasets", ".models", ".transforms", ".transforms.functional"):
    sys.modules[f"torchvision{name}"] = mock.MagicMock()

from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc  # noqa: E402

with np.load(sys.argv[1]) as file:
    real, generated, logits = (torch.from_numpy(file[n]) for n in ("real", "generated", "logits"))
sums = [metric_fid.fid_features_to_statistics(x) for x in (real, generated)]
few = [metric_fid.fid_features_to_statistics(x[:9]) for x in (real, generated)]
kid = metric_kid.kid_features_to_metric(
    real[:300],
    generated,
    kid_subsets=1,
    kid_subset_size=300,
    kid_degree=3,
    kid_gamma=None,
    kid_coef0=1,
    rng_seed=0,
    verbose=False,
)
prc = metric_prc.prc_features_to_metric(
    generated, real, prc_neighborhood=3, prc_batch_size=1000, verbose=False, save_cpu_ram=False
)
isc = metric_isc.isc_features_to_metric(logits, splits=7, shuffle=False)
fid, fid_of_few = (
    metric_fid.fid_statistics_to_metric(*each, verbose=False)["frechet_inception_distance"]
    for each in (sums, few)
)
print(
    json.dumps(
        {
            "fid": fid,
            "fid_of_few": fid_of_few,
            "kid": kid["kernel_inception_distance_mean"],
            "isc": isc["inception_score_mean"],
            "isc_std": isc["inception_score_std"],
            "precision": prc["precision"],
            "recall": prc["recall"],
        }
    )
)
