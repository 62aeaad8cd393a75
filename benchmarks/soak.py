"""Checks that resident memory stays flat over a thousand steps of each quick recipe.

  python -m benchmarks.soak [--steps=1000] [--models=dcgan,...] [--workdir=DIR] [--output=FILE.md]

Each recipe trains in a separate process, whose resident size is read from /proc twice a second. The
table has the medians over the second and the last quarter of the steps, because scoring and saving
at each checkpoint, one per quarter, briefly take more.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.common import check_places, show, where
from tfgan_zoo.memory import resident_bytes
from tfgan_zoo.models import MODELS


def step_of(workdir: Path) -> int:
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    return json.loads(lines[-1])["step"] if lines else 0


def soak(model: str, steps: int, workdir: Path) -> list[tuple[int, float]]:
    """Returns (last logged step, resident MB) over the course of training."""
    overrides = {"steps": steps, "log_every": steps // 20, "sample_every": steps // 4}
    overrides["checkpoint_every"] = steps // 4
    flags = [f"--config.train.{name}={value}" for name, value in overrides.items()]
    command = [sys.executable, "-m", "tfgan_zoo.train", f"--model={model}", f"--workdir={workdir}"]
    process = subprocess.Popen([*command, *flags])
    seen = []
    while process.poll() is None:
        time.sleep(0.5)
        try:
            seen.append((step_of(workdir), resident_bytes(process.pid) / 2**20))
        except (OSError, ValueError):  # No line yet, or the process has ended.
            continue
    if process.returncode:
        raise SystemExit(f"{model} ended with status {process.returncode}.")
    return [(step, size) for step, size in seen if size]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--workdir", default="runs/soak")
    parser.add_argument("--output")
    args = parser.parse_args()
    check_places(args.output, "soak")
    rows = []
    for model in args.models.split(","):
        seen = soak(model, args.steps, Path(args.workdir) / model)
        warm, last = (
            statistics.median(size for step, size in seen if start <= step / args.steps < stop)
            for start, stop in ((0.25, 0.5), (0.75, 1.0))
        )
        rows.append(f"| `{model}` | {warm:.0f} | {last:.0f} | {100 * (last / warm - 1):+.1f}% |")
        print(rows[-1], flush=True)
    table = "\n".join(
        [
            f"{args.steps:,} steps; {where()}.",
            "",
            "| model | MB, second quarter | MB, last quarter | change |",
            "|---|---|---|---|",
            *rows,
        ]
    )
    show(table, args.output, "soak")


if __name__ == "__main__":
    main()
