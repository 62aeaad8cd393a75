"""What commands do between their flags and the packages that do the work."""
