"""The mechanics of training, the same for every model."""
