"""``routecore replay``: decide a recorded decision again, and say whether it is the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from routecore.cli.errors import sourced
from routecore.cli.options import as_json
from routecore.cli.reading import read_json, shown_name
from routecore.cli.terminal import Page, print_json
from routecore.safe_text import jsonable
from routecore.wire.record import replay as decide_again

if TYPE_CHECKING:
    from routecore.wire.record import Replay

__all__ = ["replay"]

EXIT_DIFFERENT = 1


@click.command(
    short_help="Decide a recorded decision again.",
    epilog="\b\nExample: routecore replay decision.json",
)
@click.argument("record")
@as_json
def replay(record: str, machine: bool) -> int:
    """Decide a decision RECORD again and say whether the answer is identical; exit code 1 and every difference if it is not.

    routecore plan --record writes such records.
    """
    recorded = read_json(record, "a decision record: JSON with 'scenario', 'answer' and 'versions'")
    with sourced({"record": shown_name(record)}):
        again = decide_again(recorded)
    versions = recorded.get("versions") if isinstance(recorded.get("versions"), dict) else {}
    if machine:
        print_json(
            {
                "identical": again.identical,
                "differences": [{"path": path, "recorded": before, "now": after} for path, before, after in again.differences],
                "answer": again.answer,
                "versions": {"recorded": jsonable(versions), "now": again.versions},
            }
        )
    else:
        _show(again, versions, Page())
    return 0 if again.identical else EXIT_DIFFERENT


def _show(again: Replay, versions: dict[str, Any], page: Page) -> None:
    answer = again.answer
    what = f"the error {answer['error']['type']}" if "error" in answer else f"a plan of {len(answer['attempts'])} attempts"
    if again.identical:
        page.line(f"identical: deciding again gives {what}, the same in every part", "bold green")
    else:
        number = "1 difference" if len(again.differences) == 1 else f"{len(again.differences)} differences"
        page.line(f"different: {number} between the recorded answer and {what} now", "bold red")
        for path, before, after in again.differences:
            page.line(f"  {path or 'the answer'}")
            for name, value in (("recorded", before), ("now", after)):
                for line, text in enumerate(_in_lines(value)):
                    page.fact(f"{name if line == 0 else '':<8}  {text}", indent=6, hanging=16)
    for name, now in again.versions.items():
        then = versions.get(name)
        if then != now:
            page.line(f"note: {name} was {_shown(then)} when it was recorded and is {_shown(now)} now")


def _in_lines(value: object) -> list[str]:
    """Return a value as text, one line an item: of attempts, rejections and the like what tells them apart."""
    if not isinstance(value, list) or not value:
        return [_shown(value)]
    return [_item(one) if isinstance(one, dict) else _shown(one) for one in value]


def _item(one: dict[str, Any]) -> str:
    if "endpoint" in one and "probability" in one:
        key = f", own key {one['key_id']}" if one.get("key_id") else ""
        return f"{one['endpoint']}{key}: probability {one['probability']}, expected price {one.get('expected_price')}"
    if "endpoint" in one and isinstance(one.get("rules"), list):
        return f"{one['endpoint']}: {', '.join(map(str, one['rules']))}"
    return _shown(one)


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
