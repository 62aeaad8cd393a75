"""One file per form in which data comes."""
