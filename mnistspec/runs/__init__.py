"""One training run: its folder, its checkpoints, its execution from beginning to end."""
