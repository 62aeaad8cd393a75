"""Metrics: numbers that say how good images are, from the images alone."""
