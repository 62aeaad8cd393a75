"""Recipes: one file each, found by name; see `tfgan_zoo.config`."""
