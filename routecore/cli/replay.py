"""``routecore replay``: decide a decision record again, and say whether the plan is identical."""

from __future__ import annotations

import click

from routecore.cli import screen
from routecore.cli.files import read_json
from routecore.errors import RoutecoreError
from routecore.records import replay as replay_record


@click.command(epilog="Example: routecore replay record.json")
@click.argument("record", metavar="RECORD.json")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def replay(record: str, as_json: bool) -> None:
    """Decide a recorded request again. Exit code 0: the plan is identical; 1: it is not."""
    try:
        again = replay_record(read_json(record))
    except RoutecoreError as error:
        screen.fail(error, as_json=as_json)
        return
    if as_json:
        differences = [{"path": path, "recorded": before, "now": after} for path, before, after in again.differences]
        screen.print_json({"identical": again.identical, "differences": differences, "versions": again.versions, "answer": again.answer})
    elif again.identical:
        screen.say(f"identical: the same answer, byte for byte ({again.versions['library']}, {again.versions['catalog']}, {again.versions['facts']})")
    else:
        screen.say(f"not identical: {len(again.differences)} differences")
        screen.say()
        screen.table(
            "", ("at", "recorded", "now"), ((path or "answer", screen.jsonl(before), screen.jsonl(after)) for path, before, after in again.differences)
        )
    if not again.identical:
        raise SystemExit(1)
