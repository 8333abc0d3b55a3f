"""``python -m mnistspec``."""

from mnistspec.cli import main

main()
