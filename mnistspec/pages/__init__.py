"""Pages for the browser: the demo on a local server, and the drawing pad as one file that needs none."""
