import os
import tempfile

# Tiny networks gain nothing from threads, and threads that wait for each other lose much on a
# busy machine. Set before torch is imported, and inherited by the commands that tests run.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What a run remembers of this machine must not reach the tests, nor stay after them.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="cyclekit-tests-")

from hypothesis import settings

# `--hypothesis-profile thorough` draws new examples, and many.
settings.register_profile("quick", derandomize=True, max_examples=60, deadline=None)
settings.register_profile("thorough", max_examples=3000, deadline=None)
settings.load_profile("quick")
