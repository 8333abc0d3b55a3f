"""Text and tables for the terminal, a pipe or a file."""
