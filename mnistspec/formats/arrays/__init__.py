"""Pictures in arrays: their headers, their layout and their labels, whatever the file they are in."""
