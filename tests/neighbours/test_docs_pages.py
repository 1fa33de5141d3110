"""The built documentation in a browser: no page is wider than a phone, settings are found by their names on the wire, copied code has no prompts, pictures follow the dark."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright and a Chromium")
ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")]
WIRE_NAMES = ["preferred_min_throughput", "max_price", "require_parameters", "cooldown_seconds", "min_samples", "balance", "zdr"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    out = tmp_path_factory.mktemp("html")
    subprocess.run([sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "-d", str(out / ".doctrees"), str(ROOT / "docs"), str(out)], check=True)
    return out


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as one:
        opened = one.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def open_page(browser, path, **context):
    page = browser.new_context(**context).new_page()
    page.goto(path)
    return page


def test_no_page_is_wider_than_a_phone_and_no_script_of_it_fails(pages, browser):
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    failed = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    wide = []
    for file in sorted(pages.rglob("*.html")):
        page.goto(file.as_uri())
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(file.relative_to(pages).as_posix())
    assert (wide, failed) == ([], [])


@pytest.mark.parametrize("name", WIRE_NAMES)
def test_a_setting_is_found_by_its_name_on_the_wire(pages, browser, name):
    page = open_page(browser, f"{(pages / 'search.html').as_uri()}?q={name}")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li a").count() > 0


def test_what_the_button_copies_has_no_prompts(pages, browser):
    page = open_page(browser, (pages / "index.html").as_uri())
    assert page.locator("button.copybtn").count() > 0
    assert "routecore demo" in page.locator("div.highlight-console pre").first.inner_text()
    script = (pages / "_static" / "copybutton.js").read_text(encoding="utf-8")
    assert r">>> |\\.\\.\\. |\\$ " in script or r">>> |\.\.\. |\$ " in script
    assert page.evaluate("getComputedStyle(document.querySelector('div.highlight .gp')).userSelect") == "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_words_of_a_picture_stand_out_from_its_ground(pages, browser, scheme):
    page = open_page(browser, (pages / "index.html").as_uri(), color_scheme=scheme)
    read = "one => getComputedStyle(document.querySelector(one)).fill.match(/[0-9.]+/g).slice(0, 3).map(Number)"
    words, ground = (page.evaluate(f"({read})('svg.picture {part}')") for part in ("text.title", "rect.box"))
    assert abs(sum(words) - sum(ground)) > 3 * 100
