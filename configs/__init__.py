"""Recipes, one per file, found by name; see `tfgan_zoo.config`."""
