"""One pass a file, two strategies, one draw."""
