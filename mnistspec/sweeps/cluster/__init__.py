"""The engine for many machines, on a Dask scheduler."""
