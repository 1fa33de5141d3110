"""A catalog that is read again: the last good one stays, whatever its file turns into."""

from __future__ import annotations

import json
import logging

import pytest

from routecore import Catalog, Router
from routecore.adapters.catalog_file import CatalogFile
from tests.adapters.feed_documents import PRICE_MAP


def rows(*prices):
    return {"endpoints": [{"model": "m", "provider": f"p{place}", "pricing": {"prompt": price}} for place, price in enumerate(prices)]}


@pytest.fixture
def held(tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps(rows("0.000001", "0.000002", "0.000003")), encoding="utf-8")
    router = Router(Catalog.load(path))
    return path, router, CatalogFile(path, router)


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def test_a_file_that_did_not_change_is_not_read(held):
    _, _, file = held
    assert file.poll() is None


def test_a_good_file_is_taken_and_told_in_the_log(held, caplog):
    path, router, file = held
    caplog.set_level(logging.INFO, "routecore.catalog")
    write(path, rows("0.000001", "0.000002", "0.000004", "0.000005"))
    done = file.poll()
    assert done.taken
    assert len(router.catalog) == 4
    assert caplog.messages == [f"catalog {path}: 1 endpoints added, 0 removed, 1 changed"]
    assert file.poll() is None


@pytest.mark.parametrize("content", ["", "{", '{"endpoints": 7}', '{"endpoints": [{"model": 7}]}', "<html>503</html>", "[" * 100_000], ids=range(6))
def test_a_file_with_faults_is_not_taken_and_the_last_good_one_stays(held, content, caplog):
    path, router, file = held
    before = router.catalog
    write(path, content)
    done = file.poll()
    assert not done.taken
    assert router.catalog is before
    assert "not taken, the last good one stays" in caplog.text
    # nor is it read again until it changes
    assert file.poll() is None


def test_a_file_that_is_gone_leaves_the_last_good_one_and_is_taken_when_it_is_back(held):
    path, router, file = held
    path.unlink()
    assert not file.poll().taken
    write(path, rows("0.1", "0.2", "0.3"))
    assert file.poll().taken
    assert router.catalog["m@p0"].pricing.to_mapping() == {"prompt": "0.1"}


def test_a_file_with_half_its_rows_gone_is_refused_unless_told(held, caplog):
    path, router, file = held
    write(path, rows("0.000001"))
    done = file.poll()
    assert (done.taken, done.reason) == (False, "2 of 3 endpoints are gone")
    assert "2 of 3 endpoints are gone" in caplog.text
    assert len(router.catalog) == 3
    assert file.reload(force=True).taken
    assert len(router.catalog) == 1


def test_prices_up_a_thousandfold_are_taken_and_flagged(held, caplog):
    path, _, file = held
    write(path, rows("0.001", "0.000002", "0.000003"))
    done = file.poll()
    assert done.taken
    assert done.alarms == ("1 price jumped by a factor of 100 or more: m@p0 prompt 0.000001 -> 0.001",)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_the_same_content_written_again_is_not_taken_and_no_fault(held, caplog):
    path, router, file = held
    before = router.catalog
    write(path, json.dumps(rows("0.000001", "0.000002", "0.000003"), indent=2))
    assert file.poll().reason == "nothing changed"
    assert router.catalog is before
    assert caplog.text == ""


def test_a_feeds_file_is_imported_with_its_options(tmp_path):
    path = tmp_path / "prices.json"
    write(path, PRICE_MAP)
    options = {"policies": {"openai": {"retains": False}}}
    router = Router(CatalogFile.read(path, "litellm", options))
    file = CatalogFile(path, router, feed="litellm", options=options)
    write(path, {**PRICE_MAP, "gpt-6": {**PRICE_MAP["gpt-5"]}})
    assert file.poll().taken
    assert router.catalog["gpt-6@openai"].data_policy.retains is False


def test_a_feed_with_a_wrong_schema_is_not_taken(tmp_path, caplog):
    path = tmp_path / "prices.json"
    write(path, PRICE_MAP)
    router = Router(CatalogFile.read(path, "litellm"))
    file = CatalogFile(path, router, feed="litellm")
    write(path, [{"model": "gpt-5", "price": 3}])
    assert not file.poll().taken
    assert "LiteLLM's price map" in caplog.text
    assert len(router.catalog) > 1


def test_an_address_that_is_all_that_changed_is_taken(held):
    path, router, file = held
    content = rows("0.000001", "0.000002", "0.000003")
    content["endpoints"][0]["extra"] = {"base_url": "https://new.example/v1"}
    write(path, content)
    assert file.poll().taken
    assert router.catalog["m@p0"].extra["base_url"] == "https://new.example/v1"
