import os

# Tiny networks gain nothing from threads, and threads that wait for each other lose much on a
# busy machine. Set before torch is imported, and inherited by the commands that tests run.
os.environ.setdefault("OMP_NUM_THREADS", "1")
