"""The formats that traces come in: how each is recognised, and how its rows become the trace's own.

A format gives, for each record, the row as a dict of the trace's own fields, or raises ``BadRow`` with what is wrong. Sources of the public formats: Azure's
LLM inference traces of 2023 (``TIMESTAMP, ContextTokens, GeneratedTokens``), Mooncake's of FAST '25 (prefix-block hashes), and captured Claude Code sessions.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from routecore.errors import Fault, InvalidPreferences
from routecore.reading.checks import is_name
from routecore.request.preferences import Preferences
from routecore.simulate.noise import key_of
from routecore.simulate.traces.names import session_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from routecore.simulate.traces.names import Names

__all__ = ["FORMATS", "BadRow", "Format", "Reading", "recognise"]

TOKENS_EXPECTED: Final = "a whole number of tokens from 0 to 2**31 - 1"
SECONDS_EXPECTED: Final = "a finite number of seconds, 0 or more"
MODEL_EXPECTED: Final = "a model's name; give model= for a trace that names none"
CHANCES_EXPECTED: Final = "an object: endpoint id -> its probability, summing to 1"
_EVEN: Final = 1e-6
_MOST_DIGITS: Final = 40
_BEYOND: Final = 1e300
_MOST_TOKENS: Final = 2**31 - 1
_MOONCAKE_BLOCK: Final = 512
_SPREAD_SECONDS: Final = 8 * 3600.0


class BadRow(Exception):
    """A row that cannot be read: what is wrong with it."""

    def __init__(self, path: str, value: object, expected: str) -> None:
        super().__init__(path)
        self.fault = Fault(path, value, expected)


class Reading:
    """What a reader knows beside the rows: the model to take where a row names none, other names of models, and what it assumed."""

    def __init__(self, names: Names, model: str | None = None, models: Mapping[str, str] | None = None, spread_s: float = _SPREAD_SECONDS) -> None:
        self.names = names
        self.default_model = model
        self.renamed = dict(models or {})
        self.spread_s = spread_s
        self.assumptions: dict[str, None] = {}
        self.skip_sessions: frozenset[str] = frozenset()
        self.skipped = 0

    def assume(self, text: str) -> None:
        """Say what had to be assumed, once."""
        self.assumptions[text] = None

    def model(self, name: object) -> int:
        """Return the code of a row's model."""
        if name is None or name == "":
            name = self.default_model
        if not isinstance(name, str) or not is_name(name):
            raise BadRow("model", name, MODEL_EXPECTED)
        return self.names.model(self.renamed.get(name, name))

    def provider(self, value: object) -> int:
        """Return the code of a row's provider block. One that no router would take is a fault of the row, not of the run."""
        found = block(value)
        if found and not self.names.knows_provider(found):
            try:
                Preferences.parse(found)
            except InvalidPreferences as error:
                fault = error.faults[0]
                raise BadRow(fault.path, fault.value, fault.expected) from None
        return self.names.provider(found)


def chances(value: object, path: str) -> dict[str, float] | None:
    """Return the probabilities of all endpoints, which CSV and Parquet hold as JSON text: they sum to 1; 0 is for those that could not be chosen."""
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise BadRow(path, value, CHANCES_EXPECTED) from None
    if value is None or value == "":
        return None
    if not isinstance(value, dict) or not value or not all(isinstance(key, str) for key in value):
        raise BadRow(path, value, CHANCES_EXPECTED)
    found = {key: number(one, f"{path}.{key}", "a probability from 0 to 1", required=True, most=1) for key, one in value.items()}
    kept = {key: one for key, one in found.items() if one is not None}
    if abs(sum(kept.values()) - 1.0) > _EVEN:
        raise BadRow(path, round(sum(kept.values()), 9), "probabilities that sum to 1")
    return kept


def tokens(value: object, path: str, *, missing: int | None = None) -> int:
    """Return a count of tokens; text and whole floats are read as CSV and Parquet give them."""
    if value is None or value == "":
        if missing is not None:
            return missing
    elif isinstance(value, str):
        if value.isascii() and value.strip().isdigit() and len(value) < _MOST_DIGITS:
            value = int(value)
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_TOKENS:
        raise BadRow(path, value, TOKENS_EXPECTED)
    return value


def seconds(value: object, path: str, *, required: bool = False) -> float | None:
    """Return a number of seconds, ``None`` where there is none and none is required."""
    return number(value, path, SECONDS_EXPECTED, required=required)


def number(value: object, path: str, expected: str, *, required: bool = False, most: float = float("inf")) -> float | None:
    """Return a number from 0 to ``most``."""
    if (value is None or value == "" or value != value) and not required:  # noqa: PLR0124 - NaN, as Parquet spells missing
        return None
    found = None
    if isinstance(value, str):
        try:
            found = float(value)
        except ValueError:
            found = None
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and -_BEYOND < value < _BEYOND:
        found = float(value)
    if found is None or not isfinite(found) or not 0 <= found <= most:
        raise BadRow(path, value, expected)
    return found


def flag(value: object, path: str) -> bool | None:
    """Return a yes or no as JSON or CSV writes it."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.lower() in {"true", "false", "1", "0"}:
        return value.lower() in {"true", "1"}
    if isinstance(value, list):
        return bool(value)
    raise BadRow(path, value, "true or false")


def block(value: object) -> object:
    """Return a provider block, which CSV and Parquet hold as JSON text."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise BadRow("provider", value, "a provider block as JSON") from None
    if value is not None and not isinstance(value, dict):
        raise BadRow("provider", value, "an object")
    return value


class Format:
    """One format: its name, the keys that tell it, and how a record becomes a row. ``row`` may keep state over one file."""

    name = "rows"
    keys: frozenset[str] = frozenset({"timestamp_s", "prompt_tokens"})

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def row(self, record: Mapping[str, Any], place: int) -> dict[str, Any] | None:  # noqa: ARG002 - the protocol's
        """Return the row of a record, the ``place``-th of its file; ``None`` to leave it out on purpose. Raises ``BadRow``."""
        reading = self.reading
        get = record.get
        status = number(get("status"), "status", "an HTTP status from 100 to 599", most=599)
        if status is not None and (status < 100 or not status.is_integer()):
            raise BadRow("status", get("status"), "an HTTP status from 100 to 599")
        propensity = number(get("propensity"), "propensity", "a probability above 0, 1 at most", most=1)
        if propensity == 0:
            raise BadRow("propensity", 0, "a probability above 0, 1 at most")
        session = get("session_id")
        endpoint = get("endpoint")
        for path, value in (("session_id", session), ("endpoint", endpoint)):
            if value is not None and not isinstance(value, (str, int)):
                raise BadRow(path, value, "text")
        prompt = tokens(get("prompt_tokens"), "prompt_tokens")
        cached = tokens(get("cached_prefix_tokens"), "cached_prefix_tokens", missing=0)
        if cached > prompt:
            raise BadRow("cached_prefix_tokens", cached, f"at most the prompt's {prompt} tokens")
        return {
            "timestamp_s": seconds(get("timestamp_s"), "timestamp_s", required=True),
            "model": reading.model(get("model")),
            "prompt_tokens": prompt,
            "completion_tokens": tokens(get("completion_tokens"), "completion_tokens"),
            "session": session_key(None if session is None or session == "" else str(session)),
            "cached_prefix_tokens": cached,
            "provider": reading.provider(get("provider")),
            "tools": flag(get("tools"), "tools"),
            "max_tokens": tokens(get("max_tokens"), "max_tokens", missing=0),
            "stream": flag(get("stream"), "stream"),
            "endpoint": reading.names.endpoint(str(endpoint) if endpoint not in (None, "") else None),
            "propensity": propensity,
            "ttft_s": seconds(get("ttft_s"), "ttft_s"),
            "total_s": seconds(get("total_s"), "total_s"),
            "status": None if status is None else int(status),
            "cost_usd": number(get("cost_usd"), "cost_usd", "an amount of USD, 0 or more"),
            "chances": reading.names.chance(chances(get("propensities"), "propensities")),
            "pinned": flag(get("pinned"), "pinned"),
        }


def _fraction(digits: str) -> float:
    """Return a fraction of a second from its digits. Raises ``ValueError`` for anything else, such as ``1e999``."""
    return int(digits[:_MOST_DIGITS]) / 10 ** len(digits[:_MOST_DIGITS]) if digits.isascii() and digits.isdigit() else float("")


class Azure(Format):
    """Azure's LLM inference traces: arrivals and token counts, no model, no session."""

    name = "azure"
    keys = frozenset({"TIMESTAMP", "ContextTokens", "GeneratedTokens"})

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self._start: float | None = None

    def row(self, record: Mapping[str, Any], place: int) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        """Return arrival and counts; time counts from the first row."""
        text = record.get("TIMESTAMP")
        try:
            # Python reads six digits of a second, the trace has seven
            whole, _, rest = str(text).partition(".")
            moment = datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp() + (_fraction(rest) if rest else 0.0)
        except (ValueError, OverflowError):
            raise BadRow("TIMESTAMP", text, "a time like 2023-11-16 18:17:03.9799600") from None
        if self._start is None:
            self._start = moment
        if moment < self._start:
            raise BadRow("TIMESTAMP", text, "at or after the first row's")
        self.reading.assume("the Azure trace names no model and no session: every request is taken to ask for the given model, alone")
        return {
            "timestamp_s": moment - self._start,
            "model": self.reading.model(None),
            "prompt_tokens": tokens(record.get("ContextTokens"), "ContextTokens"),
            "completion_tokens": tokens(record.get("GeneratedTokens"), "GeneratedTokens"),
        }


class Mooncake(Format):
    """Mooncake's traces: sessions are linked by prefix blocks of 512 tokens, as equal ids mean an equal block after an equal prefix."""

    name = "mooncake"
    keys = frozenset({"timestamp", "input_length", "output_length"})

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self._tips: dict[int, int] = {}
        self._sessions = 0

    def row(self, record: Mapping[str, Any], place: int) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        """Return the row; it continues the session whose last prompt (all but its last block) its own prompt begins with."""
        hashes = record.get("hash_ids") or []
        if not isinstance(hashes, list):
            raise BadRow("hash_ids", hashes, "a list of block ids")
        prompt = tokens(record.get("input_length"), "input_length")
        at = seconds(record.get("timestamp"), "timestamp", required=True)
        assert at is not None
        session, cached = 0, 0
        for index in range(len(hashes) - 1, 0, -1):
            found = self._tips.pop(hashes[index], 0)
            if found:
                session, cached = found, min((index + 1) * _MOONCAKE_BLOCK, prompt)
                break
        if not session:
            self._sessions += 1
            session = key_of(f"mooncake {self._sessions}")
        for block_id in hashes[-2:]:
            self._tips[block_id] = session
        self.reading.assume("Mooncake requests are linked to sessions where a prompt begins with an earlier one (all but its last 512-token block)")
        return {
            "timestamp_s": at / 1000.0,
            "model": self.reading.model(record.get("model")),
            "prompt_tokens": prompt,
            "completion_tokens": tokens(record.get("output_length"), "output_length"),
            "session": session,
            "cached_prefix_tokens": cached,
        }


class ClaudeCode(Format):
    """Captured Claude Code sessions: times count from each session's start, so starts are spread evenly over ``spread_s`` by the session's name."""

    name = "claude_code"
    keys = frozenset({"session_id", "t_s", "input_tokens", "output_tokens", "cached_prefix_tokens"})

    def row(self, record: Mapping[str, Any], place: int) -> dict[str, Any] | None:  # noqa: ARG002 - the protocol's
        """Return the row, ``None`` for a session that is known to be a duplicate."""
        session = record.get("session_id")
        if not isinstance(session, str) or not session:
            raise BadRow("session_id", session, "text")
        if session in self.reading.skip_sessions:
            self.reading.skipped += 1
            return None
        at = seconds(record.get("t_s"), "t_s", required=True)
        assert at is not None
        key = session_key(session)
        prompt = tokens(record.get("input_tokens"), "input_tokens")
        self.reading.assume(f"the sessions have no wall-clock times: their starts are spread evenly over {self.reading.spread_s / 3600:g} h by session name")
        return {
            "timestamp_s": key / 2**64 * self.reading.spread_s + at,
            "model": self.reading.model(record.get("model")),
            "prompt_tokens": prompt,
            "completion_tokens": tokens(record.get("output_tokens"), "output_tokens"),
            "session": key,
            "cached_prefix_tokens": min(tokens(record.get("cached_prefix_tokens"), "cached_prefix_tokens", missing=0), prompt),
            "tools": True,
            "stream": record.get("type") == "s",
            "ttft_s": seconds(record.get("ttft_s"), "ttft_s"),
            "total_s": seconds(record.get("api_time_s"), "api_time_s"),
        }


class DecisionRecords(Format):
    """The project's own decision records, each with what the gateway logged beside it: ``timestamp_s``, ``outcome``, ``cost_usd``."""

    name = "decisions"
    keys = frozenset({"scenario", "answer"})

    def row(self, record: Mapping[str, Any], place: int) -> dict[str, Any]:
        """Return the row of a decision; a refused one has no endpoint."""
        scenario, answer = record.get("scenario"), record.get("answer")
        if not isinstance(scenario, dict) or not isinstance(answer, dict) or not isinstance(scenario.get("request"), dict):
            raise BadRow("scenario", scenario, "a scenario beside its answer")
        body, context = scenario["request"], scenario.get("context") or {}
        attempts = answer.get("attempts") or [{}]
        if not isinstance(context, dict) or not isinstance(attempts, list) or not isinstance(attempts[0], dict):
            raise BadRow("answer", answer, "a decision's answer")
        outcome = record.get("outcome") or {}
        if not isinstance(outcome, dict):
            raise BadRow("outcome", outcome, "an object")
        models = body.get("models") or []
        at = record.get("timestamp_s")
        if at is None:
            self.reading.assume("decision records without timestamp_s are taken to be one second apart")
        if context.get("prompt_tokens") is None or context.get("completion_tokens") is None:
            self.reading.assume("decision records without token estimates are taken to be nominal: 3,000 prompt and 1,000 completion tokens")
        propensity = record.get("propensity")
        return super().row(
            {
                "timestamp_s": float(place) if at is None else at,
                "model": body.get("model") or (models if isinstance(models, str) else next(iter(models), None)),
                "prompt_tokens": record.get("prompt_tokens", 3000 if context.get("prompt_tokens") is None else context["prompt_tokens"]),
                "completion_tokens": record.get("completion_tokens", 1000 if context.get("completion_tokens") is None else context["completion_tokens"]),
                "session_id": body.get("session_id") or record.get("session_id"),
                "cached_prefix_tokens": context.get("cached_tokens"),
                "provider": body.get("provider"),
                "tools": bool(body.get("tools") or body.get("tool_choice")),
                "max_tokens": body.get("max_tokens"),
                "endpoint": attempts[0].get("endpoint"),
                "propensity": attempts[0].get("probability") if propensity is None else propensity,
                "ttft_s": outcome.get("ttft_seconds"),
                "total_s": outcome.get("total_seconds"),
                "status": outcome.get("status", 200 if outcome.get("kind") == "success" else None),
                "cost_usd": record.get("cost_usd"),
                "propensities": record.get("propensities", _of_attempts(attempts)),
                "pinned": record.get("pinned", isinstance(answer.get("sticky"), dict) and answer["sticky"].get("status") == "hit"),
            },
            place,
        )  # type: ignore[return-value]


def _of_attempts(attempts: list[Any]) -> dict[str, float] | None:
    """Return the first-choice probability of every endpoint of an answer; ``None`` where it does not tell all."""
    found: dict[str, float] = {}
    for one in attempts:
        if not isinstance(one, dict) or not isinstance(one.get("endpoint"), str) or not isinstance(one.get("probability"), (int, float)):
            return None
        found[one["endpoint"]] = found.get(one["endpoint"], 0.0) + one["probability"]
    return found if abs(sum(found.values()) - 1.0) <= _EVEN else None


FORMATS: Final[dict[str, Callable[[Reading], Format]]] = {one.name: one for one in (Format, Azure, Mooncake, ClaudeCode, DecisionRecords)}
"""Format name -> its reader."""


def recognise(keys: Iterable[str]) -> str | None:
    """Return the format that a record's keys tell, ``None`` if they tell none.

    >>> recognise(["TIMESTAMP", "ContextTokens", "GeneratedTokens"])
    'azure'
    """
    present = set(keys)
    for one in (DecisionRecords, Azure, Mooncake, ClaudeCode, Format):
        if one.keys <= present:
            return one.name
    return None


def duplicates(lines: Iterable[str]) -> Iterator[str]:
    """Give the sessions that a ``sessions.csv`` beside a Claude Code trace names as duplicates of others."""
    import csv

    for row in csv.DictReader(lines):
        if row.get("duplicate_of") and row.get("session_id"):
            yield row["session_id"]
