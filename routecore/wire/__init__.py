"""JSON in, JSON out: scenarios, decision records, replay, cost cases, the shipped examples."""
