"""The experiments of `tools/benchmark_games.py`, one a file."""
