"""Figures of lectures on GANs, drawn by the models of the zoo: `python -m benchmarks.gallery`."""
