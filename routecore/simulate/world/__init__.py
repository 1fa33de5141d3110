"""How endpoints behave over time."""
