"""How fast mnistspec is: ``python -m tests.benchmarks``, with ``mnistspec[benchmark]`` installed."""
