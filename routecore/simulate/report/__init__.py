"""What it came to: summaries, changes, the page."""
