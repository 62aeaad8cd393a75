import subprocess
import sys
from pathlib import Path


def test_two_replicas_score_as_one_would():
    done = subprocess.run(
        [sys.executable, "-m", "tests.metrics.replicas"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.stdout.strip().endswith("equal"), done.stderr[-3000:]
