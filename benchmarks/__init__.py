"""Benchmarks: each module here with a ``run(quick)`` is one, by its own name. ``python -m benchmarks NAME [--quick] [--json]``.

Each holds its results against a floor written out by hand, and against peers where there are any, before it times them; all are timed in one process,
interleaved, so that a slow moment of the machine meets all of them.
"""
