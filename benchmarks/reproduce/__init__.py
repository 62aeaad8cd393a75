"""Reproductions of published tables: `python -m benchmarks.reproduce NAME`."""
