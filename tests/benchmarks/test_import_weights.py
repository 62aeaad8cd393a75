"""The benchmark of imported weights, on files that PyTorch need not write."""

import numpy as np
import pytest

from benchmarks import import_weights
from tests.importing import authors
from tests.weight_files.torch_files import write_arrays


def test_a_row_and_a_network_that_differs(tmp_path):
    state = authors.srvgg_state(2)
    file = write_arrays(tmp_path / "srvgg.x2.pth", state)
    made = {}
    for i, size in enumerate(((4, 5), (6, 3))):
        image = np.random.default_rng(i).uniform(size=(*size, 3))
        made[f"images_{i}"] = image[None].astype("float32")
        result = authors.srvgg(state, image.transpose(2, 0, 1)).transpose(1, 2, 0)
        made[f"results_{i}"] = result[None].astype("float32")
    np.savez(tmp_path / "srvgg.x2.npz", **made)
    line = import_weights.row(file, tmp_path / "imported")
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:4] == [
        "`srvgg`",
        "a compact network of 3 inner convolutions and 4 maps, x2",
        f"{sum(value.size for value in state.values()):,}",
        "4x5, 6x3",
    ]
    assert float(cells[5]) < 1e-5
    assert len(cells) == import_weights._HEADER.splitlines()[0].count("|") - 1
    made["results_1"][0, 0, 0, 0] += 1e-3
    np.savez(tmp_path / "srvgg.x2.npz", **made)
    with pytest.raises(SystemExit, match=r"srvgg\.x2: expected differences up to 0\.0001"):
        import_weights.row(file, tmp_path / "again")
