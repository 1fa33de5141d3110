"""The context: keys, pin, estimates and the account's standing policy, and every fault of them."""

from __future__ import annotations

import pytest

from routecore import Account, Context, InvalidRequest
from tests.routing.scenes import ask, faults, row


@pytest.mark.parametrize("value", [None, {}, {"byok": []}, {"byok": None, "account": None, "sticky": None, "prompt_tokens": None}])
def test_a_context_that_says_nothing_is_the_default(value):
    assert Context.parse(value) == Context()


def test_the_key_id_of_a_key_is_the_slug_as_written():
    assert [(key.slug, key.key_id) for key in Context.parse({"byok": ["Google-Vertex", {"slug": "P/V"}]}).byok] == [
        ("google-vertex", "Google-Vertex"),
        ("p/v", "P/V"),
    ]


@pytest.mark.parametrize(
    ("context", "path"),
    [
        ([], "context"),
        (7, "context"),
        ({"byok": "p"}, "context.byok"),
        ({"byok": {}}, "context.byok"),
        ({"byok": ["p", ""]}, "context.byok[1]"),
        ({"byok": ["p", 7]}, "context.byok[1]"),
        ({"byok": [{}]}, "context.byok[0].slug"),
        ({"byok": [{"slug": None}]}, "context.byok[0].slug"),
        ({"byok": [{"slug": "p", "key_id": ""}]}, "context.byok[0].key_id"),
        ({"byok": [{"slug": "p", "key_id": 7}]}, "context.byok[0].key_id"),
        ({"byok": [{"slug": "p", "key_id": "a b"}]}, "context.byok[0].key_id"),
        ({"byok": [{"slug": "p", "models": "a/b"}]}, "context.byok[0].models"),
        ({"byok": [{"slug": "p", "models": ["a/b", ""]}]}, "context.byok[0].models[1]"),
        ({"byok": [{"slug": "p", "model": "a/b"}]}, "context.byok[0].model"),
        ({"byok": ["p", "p"]}, "context.byok[1]"),
        ({"byok": ["p", {"slug": "q", "key_id": "p"}]}, "context.byok[1].key_id"),
        ({"byok": [{"slug": "p", "key_id": "k"}, {"slug": "q", "key_id": "k"}]}, "context.byok[1].key_id"),
        ({"byok_only": "p"}, "context.byok_only"),
        ({"byok_only": ["p", 7]}, "context.byok_only[1]"),
        ({"sticky": 7}, "context.sticky"),
        ({"sticky": {}}, "context.sticky"),
        ({"prompt_tokens": -1}, "context.prompt_tokens"),
        ({"prompt_tokens": True}, "context.prompt_tokens"),
        ({"prompt_tokens": 2**63}, "context.prompt_tokens"),
        ({"completion_tokens": 0.5}, "context.completion_tokens"),
        ({"cached_tokens": "7"}, "context.cached_tokens"),
        ({"native_files": 1}, "context.native_files"),
        ({"promt_tokens": 1}, "context.promt_tokens"),
    ],
)
def test_a_bad_context_is_a_fault_of_the_request(context, path):
    assert faults(ask(row(), context=context), "invalid_request") == [path]
    with pytest.raises(InvalidRequest):
        Context.parse(context)


def test_two_spellings_of_one_slug_are_two_key_ids():
    assert len(Context.parse({"byok": ["p", "P"]}).byok) == 2


def test_a_context_reads_back_from_its_own_mapping():
    given = Context.parse(
        {
            "byok": ["P", {"slug": "q/v", "key_id": "k", "models": ["a/b", "c/d"]}],
            "byok_only": ["q"],
            "sticky": "a/b@p#byok:P",
            "account": {"only": ["p"], "ignore": ["r"], "data_collection": "deny", "deny_training": True, "zdr": True},
            "prompt_tokens": 0,
            "completion_tokens": 5,
            "cached_tokens": 3,
            "native_files": True,
        }
    )
    assert Context.parse(given.to_mapping()) == given
    assert Context.parse(Context().to_mapping()) == Context()


# --- the account ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, {}, {"only": None}, {"ignore": []}, {"zdr": False}, {"data_collection": "allow"}, {"deny_training": False}])
def test_an_account_without_a_policy_is_the_default(value):
    assert Account.parse(value) == Account()


@pytest.mark.parametrize("value", [[], ()])
def test_an_empty_allow_list_of_the_account_is_a_fault_and_no_open_door(value):
    with pytest.raises(InvalidRequest, match="an empty allow-list allows nobody"):
        Account.parse({"only": value})


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "context.account"),
        ("zdr", "context.account"),
        ({"zdr": 1}, "context.account.zdr"),
        ({"only": "p"}, "context.account.only"),
        ({"only": ["p", ""]}, "context.account.only[1]"),
        ({"data_collection": "no"}, "context.account.data_collection"),
        ({"deny_training": "yes"}, "context.account.deny_training"),
        ({"quantizations": ["fp8"]}, "context.account.quantizations"),
    ],
)
def test_a_bad_account_policy_is_a_fault_of_the_request(value, path):
    assert faults(ask(row(), context={"account": value}), "invalid_request") == [path]
    with pytest.raises(InvalidRequest):
        Account.parse(value)
