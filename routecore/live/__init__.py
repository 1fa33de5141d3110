"""The only state: the router and what it holds: clock, health, pins, sessions, steps, counters."""
