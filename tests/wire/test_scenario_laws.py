"""Hostile input: whatever is put wherever in a scenario, the answer is a plan or a documented error, it is JSON, and it comes soon."""

from __future__ import annotations

import copy
import json
import math
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from routecore import decide_scenario, record, replay
from tests.routing.scenes import error, row

TYPES = {"invalid_preferences": 400, "invalid_request": 400, "invalid_catalog": 400, "unknown_model": 404, "no_eligible_endpoint": 503}
PLAN_KEYS = {"attempts", "rejections", "funnel", "strategy", "sticky", "panic", "warnings", "draw"}


def base() -> dict[str, Any]:
    """Return a scenario that has something in every place that is read."""
    rows = [
        row(
            f"p{place}/v", "a/b" if place % 3 else "c/d", quantization="fp8", context_length=8192, max_output_tokens=4096, max_prompt_tokens=8000,
            supported_parameters=["tools", "seed"], input_modalities=["text", "image"], implicit_caching=True, data_policy={"trains": False, "retains": False},
            distillable=True, disabled=False, pricing={"input_cache_read": "0.0000001", "request": "0.001", "image": "0.002"},
        )
        for place in range(6)
    ]  # fmt: skip
    percentiles = {"p50": 3, "p75": 3, "p90": 3, "p99": 3}
    return {
        "catalog": {"endpoints": rows},
        "request": {
            "model": "a/b", "models": ["c/d:floor"], "messages": [{"role": "user", "content": [{"type": "text"}, {"type": "image_url"}]}], "input": [{"content": []}],
            "max_tokens": 5, "tools": [], "seed": 1, "session_id": "s", "response_format": {"type": "json_schema"}, "text": {"format": {"type": "x"}},
            "provider": {
                "order": ["p1"], "allow_fallbacks": True, "require_parameters": False, "data_collection": "deny", "zdr": True, "enforce_distillable_text": True,
                "only": ["p1", "p2", "p3", "p4"], "ignore": ["p4"], "quantizations": ["fp8"], "sort": {"by": "price", "partition": "none"},
                "preferred_min_throughput": {"p50": 1}, "preferred_max_latency": {"p90": 9}, "max_price": {"prompt": 9, "completion": "9", "request": 1, "image": 1},
            },
        },
        "stats": {"a/b@p1/v": {"latency": dict(percentiles), "throughput": dict(percentiles), "samples": 9, "success_rate": 0.5}},
        "health": {"a/b@p1/v": "cooling", "a/b@p2/v#byok:k": "available"},
        "context": {
            "byok": ["p1", {"slug": "p2", "key_id": "k", "models": ["a/b"]}], "byok_only": ["p2"], "sticky": "a/b@p1/v", "native_files": False,
            "account": {"only": ["p1", "p2", "p3"], "ignore": ["p5"], "data_collection": "deny", "deny_training": True, "zdr": True},
            "prompt_tokens": 10, "completion_tokens": 10, "cached_tokens": 5,
        },
        "settings": {"balance": {"price": 1, "throughput": 1, "latency": 1, "reliability": 1}, "min_samples": 1, "sticky": "documented", "deny_means": "storing"},
        "draw": 7,
    }  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside ``value``, itself among them."""
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


def put(path: tuple[Any, ...], value: Any) -> Any:
    """Return the base scenario with ``value`` at ``path``."""
    if not path:
        return value
    scenario: Any = base()
    holder = scenario
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return scenario


def documented(scenario: Any) -> dict[str, Any]:
    """Ask, and see that the answer is a plan or a documented error, and that UTF-8 JSON can carry it."""
    answer = decide_scenario(scenario)
    text = json.dumps(answer, allow_nan=False, ensure_ascii=False)
    assert json.loads(text.encode()) == answer
    if "error" not in answer:
        assert set(answer) == PLAN_KEYS
        assert answer["attempts"]
        assert all(0 < one["probability"] <= 1 for one in answer["attempts"])
        return answer
    assert set(answer) == {"error"}
    body = answer["error"]
    assert set(body) == {"message", "type", "param", "code", "metadata"}
    assert TYPES[body["type"]] == body["code"]
    if body["code"] == 400:
        assert body["metadata"]["faults"]
        assert body["param"] == body["metadata"]["faults"][0]["path"]
        assert all(set(one) == {"path", "value", "expected"} and isinstance(one["path"], str) and one["expected"] for one in body["metadata"]["faults"])
    return answer


def test_the_scenario_that_is_broken_here_is_whole_at_first():
    assert "error" not in documented(base())


# --- every kind of wrong value at every place -------------------------------------------------------------------------------------------------


class Raising:
    def __repr__(self):
        raise RuntimeError("no repr")

    __str__ = __repr__


class Unhashable:
    def __hash__(self):
        raise RuntimeError("no hash")


class Incomparable:
    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = object.__hash__


class Text(str):
    """Text of another type, as some frameworks hand over."""

    __slots__ = ()


class BrokenText(str):
    __slots__ = ()

    def __hash__(self):
        raise RuntimeError("no hash")

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    def __getitem__(self, key):
        raise RuntimeError("no items")

    def lower(self):
        raise RuntimeError("no lower case")


class BrokenDict(dict):
    def get(self, *args):
        raise RuntimeError("no get")

    def items(self):
        raise RuntimeError("no items")

    def __iter__(self):
        raise RuntimeError("no iteration")

    def __len__(self):
        raise RuntimeError("no length")

    def __getitem__(self, key):
        raise RuntimeError("no items")


class BrokenList(list):
    def __iter__(self):
        raise RuntimeError("no iteration")

    def __len__(self):
        raise RuntimeError("no length")


class BrokenInt(int):
    def __lt__(self, other):
        raise RuntimeError("no comparison")

    __le__ = __gt__ = __ge__ = __eq__ = __lt__
    __hash__ = int.__hash__

    def __repr__(self):
        raise RuntimeError("no repr")


class BrokenFloat(float):
    def __float__(self):
        raise RuntimeError("no float")

    def __repr__(self):
        raise RuntimeError("no repr")


def circle(width: int) -> list[Any]:
    found: list[Any] = []
    found.extend([found] * width)
    return found


def circular_object(width: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    found.update({f"k{place}": found for place in range(width)})
    return found


def deep_list(levels: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


def deep_object(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"content": [found], "type": "image"}
    return found


def shared(levels: int) -> list[Any]:
    """Return a list of two references to a list of two references…, as a YAML anchor makes it: small to hold, endless to walk."""
    found: list[Any] = [1]
    for _ in range(levels):
        found = [found, found]
    return found


PLAIN = [
    None, True, False, 0, 1, -1, 0.0, -0.0, 0.5, 5e-324, 1e300, 2**63, 2**64, -(2**63), 10**400, 10**5000, math.nan, math.inf, -math.inf,
    "", " ", "a", "a/b", "p1", "\ud800", "\udfff\ud800", "\x00", "\x1b[31m", "\u202e", "a@b", "a#b", "NaN", "1e999999999", "-1", "x" * 257, "é", "１", "true", "null",
    [], {}, [[]], [{}], [None], [""], [True], ["p1", 7], {"": 1}, {"a": 1}, {"p95": 1}, {"by": 1}, {"prompt": -1}, {"slug": 1}, {"type": []},
]  # fmt: skip
ODD = [
    b"x", bytearray(b"x"), (), ("p1",), {1}, frozenset(), object(), object, range(3), iter([1]), 1j, Fraction(1, 3), Decimal("0.5"), Decimal("NaN"), Decimal("sNaN"),
    Decimal("1e999999"), Decimal("0e999999"), Decimal("-0"), Raising(), Unhashable(), Incomparable(), Text("p1"), Text(""), BrokenText("p1"), BrokenDict(a=1),
    BrokenList([1]), BrokenInt(5), BrokenFloat(0.5), circle(1), circle(3), circular_object(2), deep_list(100_000), deep_object(100_000), shared(40), lambda: 1,
    {1: 2}, {None: 1}, {(1, 2): 3}, {10**5000: 1}, {Raising(): 1}, {"\ud800": 1}, {b"a": 1}, {1.5: 1}, {True: 1}, {math.nan: 1}, {"k" * 100_000: 1}, {Text("zdr"): True},
]  # fmt: skip
PLACES = [path for path in places(base()) if path[:2] != ("catalog", "endpoints") or len(path) == 2 or path[2] == 0]
"""Every place of the scenario, but of the catalog's rows the first alone: they are read alike."""


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)) or "scenario")
def test_any_value_anywhere_is_answered(path):
    for value in (*PLAIN, *ODD):
        documented(put(path, value))
        documented(put(path, [value]))
        documented(put(path, {"a": value}))


@pytest.mark.parametrize("path", [path for path in PLACES if path], ids=lambda path: ".".join(map(str, path)))
def test_a_scenario_with_a_part_missing_is_answered(path):
    scenario = base()
    holder: Any = scenario
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    documented(scenario)


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)) or "scenario")
def test_odd_keys_anywhere_are_answered(path):
    for key in (1, None, True, (1, 2), 1.5, b"a", 10**5000, Raising(), "", "\ud800", "\x00", "k" * 100_000, Text("zdr"), "__class__", "model"):
        scenario: Any = base()
        holder = scenario
        for step in path:
            holder = holder[step]
        if isinstance(holder, dict):
            holder[key] = 1
            documented(scenario)


@pytest.mark.parametrize("seed", range(20))
def test_several_wrong_values_at_once_are_answered(seed):
    dice = random.Random(seed)
    for _ in range(60):
        scenario: Any = base()
        for _ in range(dice.randrange(2, 6)):
            path = dice.choice([one for one in PLACES if one])
            holder = scenario
            for key in path[:-1]:
                # an earlier change may have taken the way to this place
                holder = holder.get(key) if isinstance(holder, dict) else holder[0] if isinstance(holder, list) and holder else None
            if isinstance(holder, dict):
                holder[path[-1]] = copy.deepcopy(dice.choice(PLAIN))
        answer = documented(scenario)
        assert decide_scenario(copy.deepcopy(scenario)) == answer


def test_a_wrong_value_is_never_changed_by_being_looked_at():
    for path in PLACES:
        for value in ([1, [2]], {"a": [1]}):
            scenario = put(path, value)
            before = copy.deepcopy(scenario)
            decide_scenario(scenario)
            assert scenario == before


@pytest.mark.parametrize("path", [path for path in PLACES if len(path) < 4], ids=lambda path: ".".join(map(str, path)) or "scenario")
def test_a_record_of_anything_that_json_holds_replays_identically(path):
    for value in PLAIN:
        if type(value) is not int or abs(value) < 10**4000:
            made = record(put(path, value))
            assert replay(made).identical


# --- size -------------------------------------------------------------------------------------------------------------------------------------


def asking(**parts: Any) -> dict[str, Any]:
    return {"catalog": {"endpoints": [row(f"p{place}") for place in range(20)]}, "request": {"model": "a/b", "messages": [], **parts}}


def beside(**parts: Any) -> dict[str, Any]:
    return {**asking(), **parts}


MANY = 100_000
LARGE = {
    "only": lambda n: asking(provider={"only": ["p0", *(f"q{place}" for place in range(n))]}),
    "only, nothing left": lambda n: asking(provider={"only": [f"q{place}" for place in range(n)]}),
    "ignore": lambda n: asking(provider={"ignore": [f"q{place}" for place in range(n)]}),
    "order": lambda n: asking(provider={"order": [f"q{place}" for place in range(n)]}),
    "order, no fallbacks": lambda n: asking(provider={"order": [f"q{place}" for place in range(n)], "allow_fallbacks": False}),
    "bad slugs": lambda n: asking(provider={"only": [place for place in range(n)]}),
    "quantizations": lambda n: asking(provider={"quantizations": ["unknown"] * n}),
    "unknown keys of the block": lambda n: asking(provider={f"key{place}": 1 for place in range(n)}),
    "unknown keys of the body": lambda n: asking(**{f"key{place}": 1 for place in range(n)}),
    "unknown settings": lambda n: beside(settings={f"key{place}": 1 for place in range(n)}),
    "unknown context": lambda n: beside(context={f"key{place}": 1 for place in range(n)}),
    "models": lambda n: asking(models=[f"x/{place}" for place in range(n)]),
    "models, all unknown": lambda n: {**asking(), "request": {"models": [f"a/b{place}" for place in range(n)]}},
    "messages": lambda n: asking(messages=[{"role": "user", "content": [{"type": "text"}]}] * n),
    "content": lambda n: asking(messages=[{"role": "user", "content": [{"type": "image_url"} for _ in range(n)]}]),
    "stats": lambda n: beside(stats={f"a/b@p{place}": {"samples": 1} for place in range(n)}),
    "bad stats": lambda n: beside(stats={f"a/b@p{place}": {"samples": -1} for place in range(n)}),
    "health": lambda n: beside(health={f"a/b@p{place}": "cooling" for place in range(n)}),
    "bad health": lambda n: beside(health={f"a/b@p{place}": "hot" for place in range(n)}),
    "account": lambda n: beside(context={"account": {"only": [f"q{place}" for place in range(n)]}}),
    "byok of nobody": lambda n: beside(context={"byok": [{"slug": "zz", "key_id": f"k{place}"} for place in range(n // 10)]}),
    "byok models": lambda n: beside(context={"byok": [{"slug": "p0", "models": [f"m{place}" for place in range(n)]}]}),
    "bad rows": lambda n: {"catalog": {"endpoints": [{"model": "a/b"}] * n}, "request": {"model": "a/b"}},
    "a long name": lambda n: asking(models=["x" * 10 * n]),
    "a long slug": lambda n: asking(provider={"only": ["x" * 10 * n]}),
    "a long key": lambda n: asking(provider={"x" * 10 * n: 1}),
    "a long pin": lambda n: beside(context={"sticky": "x" * 10 * n}),
    "a long health key": lambda n: beside(health={"x" * 10 * n: "cooling"}),
    "a long price": lambda n: asking(provider={"max_price": {"prompt": "1" * 10 * n}}),
    "a wide value": lambda n: asking(provider={"sort": {"by": [list(range(100))] * (n // 100)}}),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_hundred_thousand_of_anything_is_answered(name):
    documented(LARGE[name](MANY))


@pytest.mark.parametrize("name", ["only, nothing left", "order, no fallbacks", "account"])
def test_a_long_list_does_not_come_back_once_for_every_endpoint(name):
    assert len(json.dumps(decide_scenario(LARGE[name](MANY)))) < 1_000_000


@pytest.mark.parametrize(
    "value", [circle(30), circular_object(12), shared(40), deep_list(100_000), list(range(1_000_000)), "x" * 5_000_000], ids=lambda value: type(value).__name__
)
def test_a_wrong_value_without_end_comes_back_cut_short(value):
    answer = documented(put(("request", "provider", "zdr"), value))
    assert len(json.dumps(answer)) < 100_000
    assert error(answer, "invalid_preferences")["param"] == "provider.zdr"


def test_a_long_key_comes_back_cut_short():
    assert len(json.dumps(documented(asking(provider={"x" * 1_000_000: 1})))) < 10_000


@pytest.mark.parametrize("block", [{}, {"sort": "price"}, {"zdr": True}, {"order": [f"p{place}" for place in range(0, 3000, 2)]}])
def test_three_thousand_endpoints_of_one_model_are_answered(block):
    rows = [row(f"p{place}", price=place + 1, context_length=place) for place in range(3000)]
    documented({"catalog": {"endpoints": rows}, "request": {"model": "a/b", "provider": block}})


def test_ten_thousand_models_in_one_request_are_answered():
    rows = [row("p", f"m/{place}") for place in range(10_000)]
    body = {"models": [f"m/{place}" for place in range(10_000)], "provider": {"sort": "price"}}
    assert len(documented({"catalog": {"endpoints": rows}, "request": body})["attempts"]) == 10_000
