"""Photos and drawings of digits, prepared as MNIST prepared its own."""
