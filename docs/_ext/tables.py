"""A directive that makes reference tables from the code's own: a table in the documentation cannot say something else than the code does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sphinx.application import Sphinx

    from routecore.live.answers import AnswerRule

Rows = "Sequence[Sequence[str]]"


def provider_block() -> tuple[Sequence[str], Rows]:
    from routecore.request.preferences import PREFERENCE_KEYS

    return ("key", "type", "default", "effect"), [(f"`{key}`", *TYPES_AND_DEFAULTS[key], effect) for key, effect in PREFERENCE_KEYS.items()]


def rules() -> tuple[Sequence[str], Rows]:
    from routecore.routing.rules import RULES

    return ("#", "rule", "removes", "the request can lift it"), [
        (str(number), f"`{rule.name}`", rule.removes, "yes" if rule.of_request else "no") for number, rule in enumerate(RULES, 1)
    ]


def passes() -> tuple[Sequence[str], Rows]:
    from routecore.routing.ranking.passes import PASSES

    rows = [(str(number), f"`{one.name}`", one.effect, f"`routecore/routing/ranking/{one.name}.py`") for number, one in enumerate(PASSES, 1)]
    rows.append((str(len(rows) + 1), "strategy", "`sort` if given, else the balance", "`routecore/routing/ranking/sorting.py`, `balance.py`, `draw.py`"))
    return ("#", "pass", "what comes first", "lives in"), rows


def warnings() -> tuple[Sequence[str], Rows]:
    from routecore.routing.warnings import WARNINGS

    return ("code", "meaning"), [(f"`{code}`", meaning) for code, meaning in WARNINGS.items()]


def parameters() -> tuple[Sequence[str], Rows]:
    from routecore.request.body import PARAMETER_OF_KEY

    asking: dict[str, list[str]] = {}
    for key, name in PARAMETER_OF_KEY.items():
        asking.setdefault(name, []).append(f"`{key}`")
    asking["response_format"] = [f"{', '.join(asking['response_format'])}, `text.format`, of any type but `json_schema`"]
    asking["structured_outputs"].append("`response_format` or `text.format` of type `json_schema`")
    return ("parameter", "body keys that ask for it"), [(f"`{name}`", ", ".join(keys)) for name, keys in asking.items()]


def output_length() -> tuple[Sequence[str], Rows]:
    from routecore.request.body import MAX_TOKENS_KEYS

    return ("body key", "asks for"), [(f"`{key}`", "so many tokens of output; of several the largest counts") for key in MAX_TOKENS_KEYS]


def modalities() -> tuple[Sequence[str], Rows]:
    from routecore.request.body import MODALITY_OF_PART

    parts: dict[str, list[str]] = {}
    for part, modality in MODALITY_OF_PART.items():
        parts.setdefault(modality, []).append(f"`{part}`")
    return ("input modality", "types of content parts that need it"), [(f"`{modality}`", ", ".join(found)) for modality, found in parts.items()]


def quantizations() -> tuple[Sequence[str], Rows]:
    from routecore.catalog.endpoint import QUANTIZATIONS

    return ("level", "what it is"), [(f"`{level}`", QUANTIZATION_MEANINGS[level]) for level in QUANTIZATIONS]


def transitions() -> tuple[Sequence[str], Rows]:
    from routecore.live.health_table import TRANSITIONS

    return ("state", "event", "becomes", "cooldown"), [
        (f"`{row.state}`", f"`{row.event}`", f"`{row.to}`", COOLDOWN_MEANINGS[row.cooldown]) for row in TRANSITIONS
    ]


def steps() -> tuple[Sequence[str], Rows]:
    from routecore.live.kinds import KINDS

    among = {"any": "", "other_endpoint": " of another endpoint", "other_model": " of another model"}
    return ("outcome", "while attempts are left", "when none is left", "why"), [
        (f"`{kind}`", f"`{row.left}`{among[row.among]}", f"`{row.exhausted}`", row.reason) for kind, row in KINDS.items()
    ]


def kinds() -> tuple[Sequence[str], Rows]:
    from routecore.live.kinds import KINDS

    return ("kind", "what happened", "whose fault", "`error.type`", "event of health"), [
        (f"`{kind}`", row.meaning, row.whose, f"`{row.error_type}`" if row.error_type else "–", f"`{row.event}`" if row.event else "none")
        for kind, row in KINDS.items()
    ]


def answers() -> tuple[Sequence[str], Rows]:
    from routecore.live.answers import ANSWERS

    def statuses(found: tuple[int, ...] | None) -> str:
        runs: list[list[int]] = []
        for status in found or ():
            if runs and runs[-1][1] == status - 1:
                runs[-1][1] = status
            else:
                runs.append([status, status])
        return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs) or "any"

    def said(rule: AnswerRule) -> str:
        parts = [f"code {', '.join(f'`{word}`' for word in rule.code)}"] if rule.code else []
        parts += [f"type {', '.join(f'`{word}`' for word in rule.type)}"] if rule.type else []
        # a bar would end the table's cell
        parts += ["words: " + ", ".join(f"`{words}`" for words in _alternatives(rule.message))] if rule.message else []
        return "; ".join(parts) or "–"

    return ("row", "status", "what it says", "kind", "cools"), [
        (f"`{rule.name}`", statuses(rule.status), said(rule), f"`{rule.kind}`", "the key" if rule.cools == "key" else "the attempt" if _cools(rule) else "–")
        for rule in ANSWERS
    ]


def _alternatives(message: str) -> list[str]:
    """Split a pattern at its outermost bars, each alternative written without any."""
    found, depth, start = [], 0, 0
    for at, letter in enumerate(message):
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and depth == 0:
            found.append(message[start:at])
            start = at + 1
    return [one.replace("|", "/").replace("`", "'") for one in (*found, message[start:])]


def _cools(rule: AnswerRule) -> bool:
    from routecore.live.kinds import KINDS

    return KINDS[rule.kind].event is not None


def errors() -> tuple[Sequence[str], Rows]:
    from routecore import errors as tree

    rows = [
        (f"`{one.__name__}`", f"`{one.type}`", str(one.code), sentence(one.__doc__))
        for one in (getattr(tree, name) for name in tree.__all__)
        if isinstance(one, type) and issubclass(one, tree.RoutecoreError) and one.type != tree.RoutecoreError.type
    ]
    return ("error", "type", "code", "what it means"), rows


def laws() -> tuple[Sequence[str], Rows]:
    from routecore.testing.laws import LAWS

    return ("law", "what it holds"), [(f"`{law.__name__}`", sentence(law.__doc__)) for law in LAWS]


def sentence(docstring: str | None) -> str:
    """Return the first sentence of a docstring on one line, in Markdown's spelling of code."""
    first = (docstring or "").strip().split("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


TYPES_AND_DEFAULTS = {
    "order": ("list of slugs", "none"),
    "allow_fallbacks": ("bool", "`true`"),
    "require_parameters": ("bool", "not given, which is neither `true` nor `false`"),
    "data_collection": ("`allow` or `deny`", "`allow`"),
    "zdr": ("bool", "`false`"),
    "enforce_distillable_text": ("bool", "`false`"),
    "only": ("list of slugs", "none"),
    "ignore": ("list of slugs", "none"),
    "quantizations": ("list of levels", "all"),
    "sort": ("text or object", "none: the balance; `partition` is `model`"),
    "preferred_min_throughput": ("number or object", "none"),
    "preferred_max_latency": ("number or object", "none"),
    "max_price": ("object of numbers or decimal text", "none"),
}
"""Type and default of each key of the provider block, in a reader's words; tests/docs holds them to what the parser does."""

QUANTIZATION_MEANINGS = {
    "int4": "4-bit integers",
    "int8": "8-bit integers",
    "fp4": "4-bit floating point",
    "fp6": "6-bit floating point",
    "fp8": "8-bit floating point",
    "fp16": "16-bit floating point",
    "bf16": "16-bit brain floating point",
    "fp32": "32-bit floating point",
    "mxfp4": "4-bit floating point with shared scales (OCP microscaling)",
    "mxfp8": "8-bit floating point with shared scales (OCP microscaling)",
    "nvfp4": "4-bit floating point with shared scales (NVIDIA)",
    "unknown": "the provider does not say; `none` is another word for it",
}

COOLDOWN_MEANINGS = {
    "none": "–",
    "backoff": "the next of the backoff: 5 s, doubling to 300 s",
    "retry_after": "`Retry-After`, else 5 s",
    "longer_retry_after": "`Retry-After`, if it ends later",
    "retry_after_or_backoff": "`Retry-After`, else the next of the backoff",
    "credential": "`Retry-After`, else 300 s, doubling to an hour",
}

TABLES: dict[str, Callable[[], tuple[Sequence[str], Rows]]] = {
    "provider-block": provider_block,
    "rules": rules,
    "passes": passes,
    "warnings": warnings,
    "parameters": parameters,
    "output-length": output_length,
    "modalities": modalities,
    "quantizations": quantizations,
    "answers": answers,
    "kinds": kinds,
    "steps": steps,
    "errors": errors,
    "transitions": transitions,
    "laws": laws,
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
    for name in TABLES:
        markdown(name)
    app.add_directive("code-table", CodeTable)
    return {"parallel_read_safe": True}
