"""The reference says what the code says: tables made from it are whole, and tables written by hand agree with it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import attrs
import pytest

import routecore
from routecore import decide_scenario
from routecore.catalog.endpoint import QUANTIZATIONS
from routecore.errors import RoutecoreError
from routecore.live.health_table import Cooldown
from routecore.request.body import MAX_TOKENS_KEYS, MODALITY_OF_PART, PARAMETER_OF_KEY
from routecore.request.preferences import PREFERENCE_KEYS, Preferences
from routecore.routing.ranking.passes import PASSES
from routecore.routing.rules import RULES
from routecore.wire.scenario import plan_scenario

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def tables_extension():
    spec = importlib.util.spec_from_file_location("docs_tables", DOCS / "_ext" / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLES = tables_extension()


def rows(markdown):
    """The rows of a page's tables, as lists of cells."""
    lines = [line for line in markdown.splitlines() if line.startswith("|") and not set(line) <= set("|- ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def first_cells(markdown):
    """The code spans of the first cells of a page's tables."""
    return [code for row in rows(markdown) for code in re.findall(r"`([^`]+)`", row[0])]


# --- tables made from the code ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(TABLES.TABLES))
def test_a_table_of_the_code_has_rows_as_wide_as_its_head(name):
    found = rows(TABLES.markdown(name))
    assert len(found) > 1
    assert {len(row) for row in found} == {len(found[0])}
    assert all(cell for row in found for cell in row)


@pytest.mark.parametrize("name", sorted(TABLES.TABLES))
def test_every_table_of_the_code_stands_on_a_page(name):
    assert any(f"{{code-table}} {name}\n" in one.read_text(encoding="utf-8") for one in DOCS.rglob("*.md"))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (TABLES.TYPES_AND_DEFAULTS, PREFERENCE_KEYS),
        (TABLES.QUANTIZATION_MEANINGS, QUANTIZATIONS),
        (TABLES.COOLDOWN_MEANINGS, Cooldown),
    ],
)
def test_words_are_there_for_every_name_and_for_no_other(words, names):
    assert sorted(words) == sorted(map(str, names))


def test_the_pass_table_names_files_that_exist():
    for row in rows(TABLES.markdown("passes"))[1:]:
        first, *more = re.findall(r"`([^`]+)`", row[3])
        assert (ROOT / first).is_file()
        assert all((ROOT / "routecore" / "routing" / "ranking" / name).is_file() for name in more)


def test_the_tables_of_bodies_hold_every_key_that_is_read():
    text = TABLES.markdown("parameters") + TABLES.markdown("output-length") + TABLES.markdown("modalities")
    for key in (*PARAMETER_OF_KEY, *MAX_TOKENS_KEYS, *MODALITY_OF_PART):
        assert f"`{key}`" in text


def test_the_tables_read_what_the_directive_writes():
    assert rows(TABLES.markdown("rules"))[1][1] == f"`{RULES[0].name}`"
    assert len(rows(TABLES.markdown("rules"))) == len(RULES) + 1
    assert [row[1].strip("`") for row in rows(TABLES.markdown("passes"))[1:]] == [*(one.name for one in PASSES), "strategy"]


# --- the provider block -----------------------------------------------------------------------------------------------------------------------

WRITTEN_DEFAULTS = {
    "allow_fallbacks": True,
    "data_collection": "allow",
    "zdr": False,
    "enforce_distillable_text": False,
    "sort": {"partition": "model"},
}


@pytest.mark.parametrize(("key", "value"), WRITTEN_DEFAULTS.items())
def test_a_written_default_is_what_holds_when_the_key_is_not_given(key, value):
    assert Preferences.parse({key: value}) == Preferences()


@pytest.mark.parametrize("key", PREFERENCE_KEYS)
def test_null_is_not_given_for_every_key(key):
    assert Preferences.parse({key: None}) == Preferences()


def test_require_parameters_has_no_default_among_its_values():
    assert Preferences.parse({"require_parameters": True}) != Preferences() != Preferences.parse({"require_parameters": False})


def test_every_key_of_the_block_has_an_example_on_its_page():
    text = page("reference/provider-block.md")
    examples = "\n".join(line for line in text.splitlines() if line.startswith((">>> ", "... ")))
    missing = [key for key in PREFERENCE_KEYS if f'"{key}"' not in examples]
    assert missing == []


# --- settings ---------------------------------------------------------------------------------------------------------------------------------


def number_of(cell):
    return float(cell.replace(",", "").strip('`"')) if re.fullmatch(r"[\d,.]+", cell) else cell.strip('`"')


@pytest.mark.parametrize("name", ["WindowSettings", "HealthSettings", "StepSettings", "PinSettings", "LimitSettings"])
def test_the_settings_page_states_every_setting_with_its_default(name):
    settings = getattr(routecore, name)()
    section = page("reference/settings.md").split(f"## `{name}`\n")[1].split("\n## ")[0]
    written = {row[0].strip("`"): number_of(row[1]) for row in rows(section)[1:]}
    assert written == {field.name: getattr(settings, field.name) for field in attrs.fields(type(settings))}


def test_the_page_of_decision_settings_states_every_setting():
    text = page("reference/decision-settings.md")
    for kind in (routecore.Settings, routecore.RouterSettings):
        assert {field.name for field in attrs.fields(kind)} <= set(first_cells(text))
    weights = routecore.BalanceWeights()
    assert f"price {weights.price:g}, throughput {weights.throughput:g}, latency {weights.latency:g}, reliability {weights.reliability:g}" in text


def test_the_page_of_decision_settings_states_the_modes_in_order():
    from routecore.request.settings import STICKY_MODES

    section = page("reference/decision-settings.md").split("## `sticky`\n")[1].split("\n## ")[0]
    assert tuple(first_cells(section)) == STICKY_MODES


# --- the wire form ----------------------------------------------------------------------------------------------------------------------------

ROW = {"model": "a/b", "provider": "p"}


@pytest.mark.parametrize("part", ["request", "context", "stats", "health", "settings", "draw"])
def test_the_page_names_every_part_of_a_scenario(part):
    assert part in first_cells(page("reference/wire-form.md"))


def test_the_page_names_every_key_of_the_context_and_of_the_settings():
    text = page("reference/wire-form.md") + page("reference/decision-settings.md")
    for part in ("context", "settings"):
        fault = decide_scenario({"catalog": {"endpoints": [ROW]}, "request": {"model": "a/b"}, part: {"?": 1}})["error"]["metadata"]["faults"][0]
        names = fault["expected"].partition(": ")[2].split(", ")
        assert len(names) > 4
        assert set(names) <= set(first_cells(text))


def test_the_page_names_every_field_of_a_row():
    from routecore import Catalog

    row = Catalog.from_mapping({"endpoints": [{**ROW, "pricing": {}, "max_prompt_tokens": 1, "context_length": 1, "max_output_tokens": 1}]}).to_mapping()[
        "endpoints"
    ][0]
    assert set(row) <= set(first_cells(page("reference/wire-form.md")))


def test_the_page_names_every_key_of_an_answer_in_its_order():
    answer = plan_scenario({"catalog": {"endpoints": [ROW]}, "request": {"model": "a/b"}}).to_dict()
    section = page("reference/wire-form.md").split("## The answer\n")[1].split("\n## ")[0]
    assert first_cells(section)[: len(answer)] == list(answer)


def test_the_page_states_type_code_and_exit_code_of_every_error_of_a_decision():
    from routecore.cli.errors import exit_code

    section = page("reference/wire-form.md").split("## Errors\n")[1].split("\n## ")[0]
    written = {row[0].strip("`"): (int(row[1]), int(row[4])) for row in rows(section)[1:] if len(row) == 5}
    assert list(written) == ["invalid_catalog", "invalid_request", "invalid_preferences", "unknown_model", "no_eligible_endpoint"]
    for kind, (code, exits) in written.items():
        error = next(one for one in vars(routecore.errors).values() if isinstance(one, type) and issubclass(one, RoutecoreError) and one.type == kind)
        assert (error.code, exit_code({"error": {"type": kind, "code": error.code}})) == (code, exits)


def test_every_reason_for_skipping_a_pin_stands_in_the_reference():
    source = (ROOT / "routecore" / "routing" / "ranking" / "sticky.py").read_text(encoding="utf-8")
    reasons = re.findall(r'Sticky\("skipped", "(\w+)"\)', source)
    section = page("reference/rules-and-passes.md").split("## Sticky sessions\n")[1].split("\n## ")[0]
    assert first_cells(section) == reasons


# --- the whole --------------------------------------------------------------------------------------------------------------------------------


def test_every_public_name_stands_in_the_api_reference():
    documented = set(re.findall(r"auto\w+:: routecore\.(\w+)$", page("reference/api.md"), re.MULTILINE))
    errors = {name for name in routecore.__all__ if getattr(routecore, name).__class__ is type and getattr(routecore, name).__module__ == "routecore.errors"}
    assert set(routecore.__all__) - {"__version__", "adapters", "simulate", "testing"} - errors <= documented
    assert documented <= {*routecore.__all__, "errors"}
    assert "automodule:: routecore.errors" in page("reference/api.md")


def test_every_metric_stands_on_the_page_about_logging():
    router = routecore.Router(routecore.Catalog.from_mapping({"endpoints": [ROW]}), clock=lambda: 0.0)
    for _ in range(10):
        router.observe(router.plan({"model": "a/b"}).first, routecore.Outcome.success(ttft_seconds=1, total_seconds=2, output_tokens=9))
    router.tick()
    written = first_cells(page("how-to/log-decisions.md"))
    for name in {one.name for one in router.metrics()}:
        assert name in written or (name.startswith("routecore.health.") and "routecore.health.*" in written)


def test_a_page_of_routecore_that_is_named_exists():
    for path in (*DOCS.rglob("*.md"), ROOT / "README.md", *(ROOT / "routecore").rglob("*.py")):
        for name in re.findall(r"`(docs/[\w/.-]+\.md)`", path.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), f"{path}: {name}"


def test_a_module_that_a_page_names_exists():
    for path in (*DOCS.rglob("*.md"), ROOT / "README.md"):
        for name in re.findall(r"`((?:[a-z_]+/)*[a-z_0-9]+\.py)`", path.read_text(encoding="utf-8")):
            homes = (ROOT, ROOT / "routecore")
            assert any((home / name).is_file() for home in homes), f"{path}: {name}"


def test_the_glossary_gives_each_word_one_row_and_a_meaning():
    words = [(word, row[1]) for row in rows(page("glossary.md"))[1:] for word in row[0].split(", ")]
    assert len({word for word, _ in words}) == len(words)
    assert all(meaning for _, meaning in words)
    needed = "endpoint provider model slug attempt fallback retry plan rejection threshold balance sort pin BYOK outcome latency TTFT total throughput cooldown probe"
    engine = "case pool field candidate mask shape pose solve ladder rates anomaly snapshot prepared session trace world policy engine"
    later = "unsuitable run commit hedge deadline tier full affinity regime replication verdict conformance"
    phrases = {"hard filter", "panic", "propensity", "what-if", "replay", "outcome kind", "adjusted price", "share cap", "in flight", "censored sample"}
    assert {*needed.split(), *engine.split(), *later.split(), *phrases} <= {word for word, _ in words}


def test_the_numbers_of_decisions_are_unique_and_stand_in_their_titles():
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    numbers = [one.name[:3] for one in pages]
    assert len(set(numbers)) == len(numbers)
    for one in pages:
        assert one.read_text(encoding="utf-8").startswith(f"# {one.name[:3]}. "), one.name
