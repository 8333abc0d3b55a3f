"""The file formats that images and labels come in, one a file."""
