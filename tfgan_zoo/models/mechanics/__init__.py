"""What makes training correct, the same for every model."""
