import functools
import sys

import numpy as np
import pytest

from benchmarks import input as benchmark


def test_a_photograph_s_amplitudes_fall_with_the_frequency():
    pixels = benchmark.photograph(128, 128)
    assert pixels.shape == (128, 128, 3)
    assert pixels.dtype == np.uint8
    waves = np.abs(np.fft.rfft2(pixels[..., 0] - pixels[..., 0].mean()))
    octaves = [waves[0, start : 2 * start].mean() for start in (4, 8, 16)]
    halves = np.divide(octaves[1:], octaves[:-1])
    assert (abs(halves - 0.5) < 0.3).all()


@pytest.mark.slow
def test_a_folder_is_measured_and_written_down(tmp_path, monkeypatch):
    make = functools.partial(benchmark.images, num=70, height=40, width=36, ending="jpg")
    case = benchmark.Case("dcgan", "dcgan", "70 JPEG 36x40", make)
    monkeypatch.setitem(benchmark.CASES, "folder", case)
    page = tmp_path / "performance.md"
    page.write_text("<!-- input:begin -->\nNot measured.\n<!-- input:end -->\n")
    flags = ["--sources=folder", "--seconds=0.05", f"--output={page}"]
    monkeypatch.setattr(sys, "argv", ["input", *flags])
    benchmark.main()
    cells = [cell.strip() for cell in page.read_text().splitlines()[5].split("|")[1:-1]]
    assert cells[:4] == ["folder", "70 JPEG 36x40", "`dcgan`", "64"]
    assert cells[6].endswith("(`dcgan`)")
    decoding, steady, step = (float(c.split()[0].replace(",", "")) for c in cells[4:7])
    ratios = [float(ratio) for ratio in cells[7].split(", ")]
    np.testing.assert_allclose(ratios, [decoding / step, steady / step], rtol=0.1, atol=0.1)
    assert cells[8] == "uint8"
