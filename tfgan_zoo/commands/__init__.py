"""What commands do between their flags and the rooms that do the work."""
