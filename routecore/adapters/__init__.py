"""Neighbours' formats, one file a neighbour. Nothing in the library imports these; they import the library."""
