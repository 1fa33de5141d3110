"""The configuration: a YAML file with endpoints (a catalog, each row with ``extra.base_url``), accounts and times. Keys are environment variables, never in the file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from routecore import Catalog, CatalogError, Context, Fault

from .upstream import Target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Config:
    """A configuration that was read whole. ``accounts`` are by key; without any, everybody may call."""

    catalog: Catalog
    targets: Mapping[str, Target]
    accounts: Mapping[str, Context]
    first_token_seconds: float = 10.0
    total_seconds: float = 120.0
    idle_seconds: float = 60.0
    deadline_seconds: float | None = None
    most_bytes: int = 16_777_216

    @classmethod
    def load(cls, path: Path, environment: Mapping[str, str] | None = None) -> Config:
        """Read a file. Raises ``CatalogError`` with every fault of rows, addresses and keys."""
        environment = os.environ if environment is None else environment
        # the library reads the rows and finds their faults; what it keeps apart is read here
        catalog = Catalog.load(path)
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        faults: list[Fault] = []
        targets = {}
        for index, (endpoint, row) in enumerate(zip(catalog, document["endpoints"], strict=True)):
            extra = row.get("extra") or {}
            where = f"endpoints[{index}].extra"
            if not isinstance(extra.get("base_url"), str):
                faults.append(Fault(f"{where}.base_url", extra.get("base_url"), "the address of an endpoint, such as https://api.example.com/v1"))
                continue
            key = _key(extra.get("key_env"), environment, f"{where}.key_env", faults)
            targets[endpoint.id] = Target(extra["base_url"].rstrip("/"), extra.get("model") or endpoint.model, key)
        accounts = {}
        for name, account in (document.get("accounts") or {}).items():
            key = _key(account.get("key_env"), environment, f"accounts.{name}.key_env", faults)
            if key is not None:
                # read once, not with every request
                accounts[key] = Context.parse({"account": account.get("policy") or {}, "account_id": name}, path=f"accounts.{name}")
        times = document.get("timeouts") or {}
        known = {"first_token_seconds", "total_seconds", "idle_seconds", "deadline_seconds"}
        faults.extend(
            Fault(f"timeouts.{name}", value, f"one of {', '.join(sorted(known))}, above 0")
            for name, value in times.items()
            if name not in known or not value > 0
        )
        if faults:
            raise CatalogError(faults)
        return cls(catalog, targets, accounts, **times)


def _key(variable: object, environment: Mapping[str, str], where: str, faults: list[Fault]) -> str | None:
    if variable is None:
        return None
    if not isinstance(variable, str) or not environment.get(variable):
        faults.append(Fault(where, variable, "an environment variable that holds a key"))
        return None
    return environment[variable]
