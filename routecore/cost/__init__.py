"""Usage × price list = a bill; logs, tables, reconciliation, credits."""
