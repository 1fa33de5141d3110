"""A directive that makes reference tables from the code's own: a table in the documentation cannot say something else than the code does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sphinx.application import Sphinx

Rows = "Sequence[Sequence[str]]"


def provider_block() -> tuple[Sequence[str], Rows]:
    from routecore.preferences import PREFERENCE_KEYS

    return ("key", "effect"), [(f"`{key}`", effect) for key, effect in PREFERENCE_KEYS.items()]


def rules() -> tuple[Sequence[str], Rows]:
    from routecore.eligibility import RULES

    meanings = RULE_MEANINGS
    return ("#", "rule", "removes", "the request can lift it"), [
        (str(number), f"`{rule.name}`", meanings[rule.name], "yes" if rule.of_request else "no") for number, rule in enumerate(RULES, 1)
    ]


def passes() -> tuple[Sequence[str], Rows]:
    from routecore.ranking import PASSES

    rows = [(str(number), f"`{one.name}`", one.effect, f"`routecore/ranking/{one.name}.py`") for number, one in enumerate(PASSES, 1)]
    rows.append((str(len(rows) + 1), "strategy", "`sort` if given, else the balance", "`routecore/ranking/sorting.py`, `balance.py`, `draw.py`"))
    return ("#", "pass", "what comes first", "lives in"), rows


def warnings() -> tuple[Sequence[str], Rows]:
    from routecore.plan_warnings import WARNINGS

    return ("code", "meaning"), [(f"`{code}`", meaning) for code, meaning in WARNINGS.items()]


def parameters() -> tuple[Sequence[str], Rows]:
    from routecore.request import PARAMETER_OF_KEY

    return ("body key", "parameter that an endpoint must support"), [(f"`{key}`", f"`{name}`") for key, name in PARAMETER_OF_KEY.items()]


def modalities() -> tuple[Sequence[str], Rows]:
    from routecore.request import MODALITY_OF_PART

    return ("type of a content part", "input modality"), [(f"`{part}`", f"`{modality}`") for part, modality in MODALITY_OF_PART.items()]


def transitions() -> tuple[Sequence[str], Rows]:
    from routecore.health import TRANSITIONS

    return ("state", "event", "becomes", "cooldown"), [(f"`{row.state}`", f"`{row.event}`", f"`{row.to}`", f"`{row.cooldown}`") for row in TRANSITIONS]


RULE_MEANINGS = {
    "disabled": "endpoints that the catalog disables",
    "account.only": "endpoints that the account's `only` does not name",
    "account.ignore": "endpoints that the account's `ignore` names",
    "account.data_collection": "with the account's `deny`: endpoints that train on or store prompts",
    "account.training": "with the account's `deny_training`: endpoints that train on prompts",
    "account.zdr": "with the account's `zdr`: endpoints that retain prompts",
    "only": "endpoints that `only` does not name",
    "ignore": "endpoints that `ignore` names",
    "data_collection": "with `deny`: endpoints that train on or store prompts",
    "zdr": "endpoints that retain prompts",
    "enforce_distillable_text": "endpoints whose author is not known to allow distillation",
    "quantizations": "endpoints of another quantization level",
    "context_length": "endpoints that the prompt and the output asked for do not fit",
    "max_tokens": "endpoints that give no output so long",
    "tools": "endpoints without tools, where the body has `tools` or `tool_choice`",
    "modality": "endpoints that do not accept an input modality of the messages",
    "require_parameters": "with `true`: endpoints that lack a parameter of the request",
    "max_price": "endpoints dearer than a limit; an equal price stays",
    "byok_only": "endpoints of providers that take the caller's keys only, where no key matches",
    "fallbacks_disabled": "with `allow_fallbacks: false` and an `order`: endpoints that `order` does not name",
}
"""What each rule removes, in a reader's words; a rule without words, or words without a rule, fails the build."""

TABLES: dict[str, Callable[[], tuple[Sequence[str], Rows]]] = {
    "provider-block": provider_block,
    "rules": rules,
    "passes": passes,
    "warnings": warnings,
    "parameters": parameters,
    "modalities": modalities,
    "transitions": transitions,
}


def markdown(name: str) -> str:
    """Return a table of the code as Markdown."""
    header, rows = TABLES[name]()
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(one.replace("|", "\\|") for one in line) + " |" for line in lines)


class CodeTable(Directive):
    """`:::{code-table} rules` stands for the table of that name."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse the table as the Markdown of the page that it stands in."""
        parent = nodes.Element()
        self.state.nested_parse(StringList(markdown(self.arguments[0]).splitlines(), "code-table"), self.content_offset, parent)
        return parent.children


def setup(app: Sphinx) -> dict[str, bool]:
    from routecore.eligibility import RULES

    assert {rule.name for rule in RULES} == set(RULE_MEANINGS)
    app.add_directive("code-table", CodeTable)
    return {"parallel_read_safe": True}
