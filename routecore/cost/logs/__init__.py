"""Logs as others write them, turned into the rows that ``price_row`` reads: one writer a file, and one place that tells them apart."""
