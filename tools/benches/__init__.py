"""The larger parts of `tools/bench.py`."""
