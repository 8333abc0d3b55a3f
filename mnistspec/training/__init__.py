"""Training in memory: knows no files and prints nothing."""
