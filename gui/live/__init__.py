"""Live: a source, what is found in it as it happens, and how long that takes."""
