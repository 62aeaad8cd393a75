"""Published tables, done again: `python -m benchmarks.reproduce NAME`."""
