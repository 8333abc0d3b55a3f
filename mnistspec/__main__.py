"""``python -m mnistspec``."""

from mnistspec.cli.app import main

main()
