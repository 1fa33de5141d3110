"""The configuration: a YAML file with endpoints (a catalog, each row with ``extra.base_url``), accounts and times. Keys are environment variables, never in the file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from routecore import Catalog, CatalogError, Context, Fault

from .upstream import PATHS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TIMES = ("first_token_seconds", "total_seconds", "idle_seconds", "deadline_seconds")


@dataclass(frozen=True)
class Config:
    """A configuration that was read whole.

    ``accounts`` are by key; without any, everybody may call. An account is its contexts, one a dialect, read once and not with every request.
    """

    catalog: Catalog
    accounts: Mapping[str, Mapping[str, Context]]
    everybody: Mapping[str, Context]
    first_token_seconds: float = 10.0
    total_seconds: float = 120.0
    idle_seconds: float = 60.0
    deadline_seconds: float | None = None
    most_bytes: int = 16_777_216

    @classmethod
    def load(cls, path: Path, environment: Mapping[str, str] | None = None) -> Config:
        """Read a file. Raises ``CatalogError`` with every fault of rows, addresses and keys, ``InvalidRequest`` for those of an account's policy."""
        environment = os.environ if environment is None else environment
        catalog = Catalog.load(path)
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        faults: list[Fault] = []
        for index, endpoint in enumerate(catalog):
            extra = endpoint.extra or {}
            if not isinstance(extra.get("base_url"), str):
                faults.append(
                    Fault(f"endpoints[{index}].extra.base_url", extra.get("base_url"), "the address of an endpoint, such as https://api.example.com/v1")
                )
            _key(extra.get("key_env"), environment, f"endpoints[{index}].extra.key_env", faults)
        accounts = {}
        for name, account in (document.get("accounts") or {}).items():
            key = _key(account.get("key_env"), environment, f"accounts.{name}.key_env", faults)
            if key is not None:
                accounts[key] = _contexts({"account": account.get("policy") or {}, "account_id": name}, f"accounts.{name}")
        times = document.get("timeouts") or {}
        faults.extend(
            Fault(f"timeouts.{name}", value, f"seconds above 0, for one of {', '.join(TIMES)}")
            for name, value in times.items()
            if name not in TIMES or not value > 0
        )
        if faults:
            raise CatalogError(faults)
        return cls(catalog, accounts, _contexts({}, "context"), **times)


def _contexts(common: Mapping[str, object], path: str) -> dict[str, Context]:
    # an endpoint whose row does not list the dialect among its apis is left out: nothing here translates
    return {dialect: Context.parse({**common, "api": dialect}, path) for dialect in PATHS}


def _key(variable: object, environment: Mapping[str, str], where: str, faults: list[Fault]) -> str | None:
    if variable is None:
        return None
    if not isinstance(variable, str) or not environment.get(variable):
        faults.append(Fault(where, variable, "an environment variable that holds a key"))
        return None
    return environment[variable]
