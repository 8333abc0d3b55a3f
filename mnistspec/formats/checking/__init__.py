"""The whole check of a set before any training: what is there, and what is wrong."""
