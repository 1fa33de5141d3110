"""The report's page in a browser: it draws, answers to hover and click, fetches nothing, and fits phones, the dark and paper."""

import shutil

import pytest

from routecore import Catalog
from routecore.simulate import Policy, World, generate, simulate, steady

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    # the driver's own loop leaves a pipe to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    rows = [{"model": "m", "provider": name, "pricing": {"prompt": price, "completion": price}} for name, price in (("a", "0.000001"), ("b", "0.000002"))]
    world = World({"m@a": steady(ttft={"p50": 0.5, "p90": 1.0}, error_rate=0.1), "m@b": steady(ttft=0.2)})
    policies = [Policy("balance"), Policy("cheapest", provider={"sort": "price"}), Policy("just the same")]
    report = simulate(generate(1_500, ["m"], rate_per_s=5), Catalog.from_mapping({"endpoints": rows}), world, policies)
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(report.to_html(), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


class Opened:
    def __init__(self, browser, file, width, scheme):
        self.errors, self.fetched = [], []
        self.page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.on("request", lambda request: self.fetched.append(request.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_function("document.body.dataset.drawn")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1_280, "light"), (1_280, "dark")])
def test_the_page_draws_every_chart_fits_its_width_and_fetches_nothing(browser, page_file, width, scheme):
    opened = Opened(browser, page_file, width, scheme)
    assert opened.errors == []
    assert opened.fetched == [page_file.as_uri()]
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.page.evaluate("document.body.dataset.drawn") == scheme
    charts = opened.page.locator(".chart")
    assert opened.page.locator(".chart svg.marks").count() == charts.count() >= 7
    for place in range(charts.count()):
        assert charts.nth(place).bounding_box()["width"] <= width


def test_a_point_tells_its_figures_when_it_is_hovered_over_and_a_click_picks_a_policy(browser, page_file):
    page = Opened(browser, page_file, 1_280, "light").page
    frontier = page.locator("#chart-0")
    frontier.locator("g.mark-symbol path").first.hover(force=True)
    page.locator("#vg-tooltip-element.visible").wait_for()
    told = page.locator("#vg-tooltip-element").inner_text()
    assert "USD per 1,000" in told
    # the last drawn lies on top of the first, which it equals
    assert "just the same" in told
    latency = page.locator("figure", has_text="Time to first token").locator(".chart")
    faint = f"[...document.querySelectorAll('#{latency.get_attribute('id')} g.mark-line path')].filter(one => one.getAttribute('opacity') === '0.12').length"
    assert page.evaluate(faint) == 0
    latency.locator("g.role-legend-label text").nth(1).click(force=True)
    page.wait_for_function(f"{faint} === 2")


def test_what_is_printed_is_light_whatever_the_screen_is(browser, page_file):
    opened = Opened(browser, page_file, 1_000, "dark")
    opened.page.emulate_media(media="print")
    opened.page.wait_for_function("document.body.dataset.drawn === 'light'")
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_without_script_there_are_still_pictures(browser, page_file):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(page_file.as_uri())
    assert page.locator(".still svg").count() == page.locator(".chart").count()
