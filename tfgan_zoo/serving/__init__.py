"""SavedModels of endpoints for TF Serving, and clients of it."""
