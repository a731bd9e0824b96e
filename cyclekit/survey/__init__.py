"""What a dataset holds, what is wrong with it, and how to train on it."""
