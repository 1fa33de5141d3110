"""Rolling percentiles: logs, sketches, one reader, export."""
