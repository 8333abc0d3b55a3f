"""MNIST-like data sets as tensors, and photos of digits prepared like them."""
