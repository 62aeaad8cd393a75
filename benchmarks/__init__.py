"""Measuring commands: each prints a table and can write it to the page in docs/ that shows it."""
