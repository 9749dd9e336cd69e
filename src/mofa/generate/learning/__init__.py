"""What learned generators share: one training loop, data parallelism, and files of weights that cannot run code."""
