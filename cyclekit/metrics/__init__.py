"""Measures of what a model does."""
