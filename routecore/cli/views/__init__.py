"""One view a file: what a terminal shows."""
