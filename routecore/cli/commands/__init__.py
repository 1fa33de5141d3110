"""One command a file: reads what is asked, calls the library."""
