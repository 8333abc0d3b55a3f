"""Pictures of data, networks and runs from arrays of numpy: each function returns a canvas, the same for the same."""
