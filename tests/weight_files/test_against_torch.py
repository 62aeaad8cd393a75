"""Files that PyTorch itself wrote, where it is installed."""

import numpy as np
import pytest

from tfgan_zoo.errors import InputError
from tfgan_zoo.weight_files import open_weights


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
def test_tensors_of_every_kind(tmp_path, zipped, protocol):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    base = torch.arange(100.0).reshape(10, 10)
    network = torch.nn.DataParallel(torch.nn.Conv2d(2, 3, 3))
    kinds = {
        "part": base[2:5, 1:],
        "transposed": base.t(),
        "last": torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
        "half": torch.randn(3).half(),
        "bfloat16": torch.randn(4).bfloat16(),
        "whole": torch.tensor(5),
        "flags": torch.tensor([True, False]),
        "parameter": torch.nn.Parameter(torch.randn(2)),
        "empty": torch.zeros(0, 3),
    }
    path = tmp_path / "x.pth"
    saved = {"kinds": kinds, "network": network.state_dict(), "epoch": 3, "size": base.shape}
    options = {"_use_new_zipfile_serialization": zipped, "pickle_protocol": protocol}
    torch.save(saved, path, **options)
    with open_weights(path) as groups:
        assert list(groups) == ["kinds", "network"]
        assert list(groups["network"]) == ["module.weight", "module.bias"]
        assert list(groups["kinds"]) == list(kinds)
        for name, tensor in kinds.items():
            expected = tensor.detach()
            expected = (expected.float() if name == "bfloat16" else expected).numpy()
            found = groups["kinds"][name].read()
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)
    torch.save(network, path, **options)
    with pytest.raises(InputError, match=r"asks for torch\.nn\.parallel"), open_weights(path):
        pass
