"""Pictures that are drawn from the code's own tables when the documentation is built, so that none can say something else than the code does.

`:::{picture} health` puts one into a page, as SVG that takes the page's colours. The two pictures of the README are files, `docs/_static/plan.svg` and
`report.svg`; each build writes them anew, and `python docs/_ext/pictures.py` does it alone.
"""

from __future__ import annotations

import re
import sys
import textwrap
from html import escape
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sphinx.application import Sphinx

STATIC = Path(__file__).resolve().parent.parent / "_static"
WIDTH = 480
"""Narrow enough that the letters stay readable where a phone scales the picture down."""
LINE = 17
LETTER = 7.1
"""A letter's width at most, at the size of the running text."""


class Drawing:
    """Shapes on a canvas that grows downwards."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.height = 4.0

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        self.parts.append(f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>')

    def box(self, title: str, lines: list[str], kind: str = "") -> None:
        """Add a box over the whole width: a title, and lines below it."""
        height = 26 + LINE * len(lines) + (4 if lines else 0)
        self.parts.append(f'<rect x="1" y="{self.height:g}" width="{WIDTH - 2}" height="{height}" rx="8" class="box {kind}"/>')
        self.text(12, self.height + 19, title, "title")
        for number, line in enumerate(lines, 1):
            self.text(12, self.height + 19 + LINE * number, line)
        self.height += height

    def down(self, words: str = "") -> None:
        """Add an arrow to what follows, and what goes along it."""
        top = self.height
        self.parts.append(f'<path d="M28 {top + 2:g} v22" class="line" marker-end="url(#tip)"/>')
        if words:
            self.text(44, top + 18, words, "soft")
        self.height += 30

    def svg(self, title: str) -> str:
        tip = '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker>'
        return (
            f'<svg class="picture" role="img" aria-label="{escape(title)}" viewBox="0 0 {WIDTH} {self.height + 4:g}" xmlns="http://www.w3.org/2000/svg">'
            f"<defs>{tip}</defs>{''.join(self.parts)}</svg>"
        )


def wrapped(words: str, room: float = WIDTH - 24) -> list[str]:
    return textwrap.wrap(words, int(room / LETTER), break_long_words=False, break_on_hyphens=False)


def pipeline() -> str:
    """From a request to a plan: what each step reads, and the names of its rules and passes."""
    from routecore.routing.ranking.passes import PASSES
    from routecore.routing.ranking.sorting import SORTS
    from routecore.routing.rules import RULES

    one = Drawing()
    one.box("request: body, provider block, account, keys", wrapped("read once: all faults at once, and nothing guessed"))
    one.down("with a catalog, and facts: statistics, health, pins")
    one.box(f"eligibility: {len(RULES)} rules remove endpoints", wrapped("\u00a0· ".join(rule.name for rule in RULES)), "strong")
    one.down("endpoints that may serve; every other with its reasons")
    one.box("expansion: an attempt for each credential", wrapped("the caller's own keys, and the gateway's"))
    one.down("attempts")
    one.box(f"ranking: {len(PASSES)} passes, then the strategy", wrapped(" › ".join([*(step.name for step in PASSES), "strategy"])), "strong")
    one.down("all attempts, in order")
    one.box("strategy, where no pass tells two apart", wrapped("\u00a0· ".join(["balance: a weighted draw", *(f"sort by {name}" for name in SORTS)])))
    one.down()
    one.box("plan: a prefix of the ranking, explained when asked", [])
    return one.svg("How a plan is made: rules remove, passes rank, a strategy breaks ties")


def passes() -> str:
    """The passes as a ladder: what stands higher decides first."""
    from routecore.routing.ranking.passes import PASSES

    one = Drawing()
    for number, step in enumerate(PASSES, 1):
        one.box(f"{number}. {step.name}", wrapped(step.effect.replace("`", "")), "strong" if number == 1 else "")
        one.height += 6
    one.box(f"{len(PASSES) + 1}. strategy", wrapped("sort if given, else the balance"))
    return one.svg("The passes of the ranking, the strongest first")


def health() -> str:
    """The states as lanes, and an arrow for each way from one to another."""
    from tables import COOLDOWN_MEANINGS

    from routecore.live.health_table import TRANSITIONS, State

    one = Drawing()
    lanes = {state: WIDTH * (place + 0.5) / len(State) for place, state in enumerate(State)}
    for state, x in lanes.items():
        one.parts.append(f'<rect x="{x - 48:g}" y="4" width="96" height="26" rx="13" class="box strong"/>')
        one.text(x, 22, str(state), "title", "middle")
    y = 44.0
    rows = sorted(TRANSITIONS, key=lambda row: (list(State).index(row.state), list(State).index(row.to), row.cooldown))
    arrows: list[str] = []
    for (state, to, cooldown), group in groupby(rows, key=lambda row: (row.state, row.to, row.cooldown)):
        events = ", ".join(str(row.event).replace("_", " ") for row in group)
        cools = "" if cooldown == "none" else f": cools for {COOLDOWN_MEANINGS[cooldown].replace('`', '')}"
        start, end = lanes[state], lanes[to]
        left = min(start, end) < WIDTH / 2
        x = min(start, end) + 6 if left else WIDTH - 4
        for line in wrapped(f"{events}{cools}", WIDTH - x - 16 if left else x - 16):
            y += LINE
            one.text(x, y, line, "soft", "start" if left else "end")
        y += 10
        path = f"M{start:g} {y:g} H{end:g}" if start != end else f"M{start:g} {y - 4:g} h26 v8 h-22"
        arrows.append(f'<path d="{path}" class="line" marker-end="url(#tip)"/><circle cx="{start:g}" cy="{y if start != end else y - 4:g}" r="3" class="dot"/>')
        y += 6
    threads = [f'<path d="M{x:g} 30 V{y + 8:g}" class="thread"/>' for x in lanes.values()]
    one.parts = [*threads, *one.parts, *arrows]
    one.height = y + 8
    return one.svg("The states of an attempt's health, and what leads from one to another")


PICTURES: dict[str, Callable[[], str]] = {"pipeline": pipeline, "passes": passes, "health": health}


def terminal(title: str, lines: Iterable[tuple[str, str]]) -> str:
    """Return lines of text with their styles as the picture of a terminal, which looks the same on a page of any colour."""
    listed = list(lines)
    width = max(len(text) for text, _ in listed) * 8.43 + 32
    height = len(listed) * 19 + 52
    rows = "".join(
        f'<text x="16" y="{54 + 19 * number}" class="{style}" xml:space="preserve">{escape(text)}</text>' for number, (text, style) in enumerate(listed) if text
    )
    dots = "".join(f'<circle cx="{20 + 18 * place}" cy="18" r="5.5" fill="{colour}"/>' for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")))
    style = (
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e6edf3}"
        ".dim{fill:#9aa5b1}.bold{font-weight:700}.prompt{fill:#4cc38a}"
    )
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" xmlns="http://www.w3.org/2000/svg">'
        f"<style>{style}</style>"
        f'<rect width="100%" height="100%" rx="10" fill="#171c23"/>{dots}{rows}</svg>\n'
    )


def plan_picture() -> str:
    """The README's plan, as the command line prints it."""
    import routecore
    from routecore.routing.plan_view import show_plan, show_why
    from routecore.showing.sheet import Sheet

    class Styled(Sheet):
        def put(self, text: str, style: str) -> None:
            styled.append((text, style))

    styled: list[tuple[str, str]] = []
    body = {"model": "deepseek/deepseek-v3.2", "provider": {"sort": "price", "zdr": True, "preferred_min_throughput": {"p90": 40}}}
    plan = routecore.decide(routecore.example_catalog(), body, routecore.example_facts(), context={"prompt_tokens": 12_000, "completion_tokens": 500})
    sheet = Styled(86)
    sheet.line(">>> print(plan)", "prompt")
    show_plan(plan, sheet)
    sheet.line()
    sheet.line(">>> print(plan.explain())  # of which, of the second:", "prompt")
    show_why(plan.why("deepseek/deepseek-v3.2@deepinfra/fp4"), plan, sheet)
    return terminal("A plan: three attempts in order with their prices, and why the cheapest is not first", styled)


def report_picture() -> str:
    """A what-if's frontier, as the page of the report draws it: what each policy costs, and how long it takes."""
    import routecore
    from routecore import simulate

    world = simulate.World.from_stats(routecore.example_facts())
    trace = simulate.generate(600, ["z-ai/glm-4.7"], seed=1, session_share=0.5)
    policies = [
        simulate.Policy("balance"),
        simulate.Policy("cheapest", provider={"sort": "price"}),
        simulate.Policy("fastest", provider={"sort": "throughput"}),
    ]
    report = simulate.simulate(trace, routecore.example_catalog(), world, policies)
    found = re.search(r'<div class="still"><svg(.*?)</svg></div>', report.to_html(), re.DOTALL)
    assert found is not None
    # a ground of its own, so that it can be read on a page of any colour
    opening, _, drawing = found[1].partition(">")
    return f'<svg{opening}><rect width="100%" height="100%" rx="10" fill="#fff"/>{drawing}</svg>\n'


FILES: dict[str, Callable[[], str]] = {"plan.svg": plan_picture, "report.svg": report_picture}


def write() -> None:
    """Write the README's pictures; a file that says the same already is left alone."""
    for name, draw in FILES.items():
        path, drawn = STATIC / name, draw()
        if not path.is_file() or path.read_text(encoding="utf-8") != drawn:
            path.write_text(drawn, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class Picture(Directive):
        required_arguments = 1

        def run(self) -> list[nodes.Node]:
            for file in (__file__, Path(__file__).with_name("tables.py")):
                self.state.document.settings.env.note_dependency(str(file))
            return [nodes.raw("", f'<figure class="picture">{PICTURES[self.arguments[0]]()}</figure>', format="html")]

    app.add_directive("picture", Picture)
    app.connect("builder-inited", lambda _: write())
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    write()
