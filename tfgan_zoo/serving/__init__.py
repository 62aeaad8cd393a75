"""From endpoints to a SavedModel that TF Serving serves, and a client that asks it."""
