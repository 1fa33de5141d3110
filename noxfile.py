"""The suite on every Python that is supported, with the oldest and the newest dependencies that are allowed: ``nox``."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "oldest"]


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the claims with the newest dependencies; ``nox -s tests-3.13 -- -m laws`` runs others."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "pytest", "--numprocesses", "auto", "--ignore=tests/neighbours", *(session.posargs or ["-m", "not slow and not laws"]))


@nox.session(python="3.11", venv_backend="uv")
def oldest(session: nox.Session) -> None:
    """Run the claims with the oldest versions that pyproject.toml allows for what the library itself needs."""
    session.install("-e", ".[dev]")
    session.install("--resolution", "lowest-direct", "-e", ".[cli,parquet]")
    session.run("python", "-m", "pytest", "--numprocesses", "auto", "--ignore=tests/neighbours", *(session.posargs or ["-m", "not slow and not laws"]))
