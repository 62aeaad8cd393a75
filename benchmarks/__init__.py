"""Commands that measure: each prints a table and writes it where docs/ shows it."""
