from __future__ import annotations

import pytest

from routecore.live.error_facts import error_facts, error_in, parsed


def test_messages_come_innermost_first_without_what_relays_put_before_them():
    facts = error_facts(
        {"error": {"message": "litellm.BadRequestError: AnthropicException - Bad words", "metadata": {"raw": '{"error": {"message": "Inner"}}'}}}, {}
    )
    assert facts.messages == ("inner", "bad words")
    assert facts.relayed


def test_an_empty_message_is_none_and_of_many_sixteen_are_kept():
    assert error_facts({"error": {"message": "  ", "detail": "x"}}, {}).messages == ("x",)
    assert len(error_facts({"error": {"details": ["x"] * 100, "errors": ["y"] * 100}}, {}).messages) == 16


def test_a_number_is_no_code_and_only_a_failing_status_is_a_status():
    facts = error_facts({"error": {"code": "429", "status": 200, "type": "tokens"}}, {})
    assert (facts.codes, facts.types, facts.status) == (frozenset(), frozenset({"tokens"}), 429)
    assert error_facts({"code": 0, "message": "x"}, {}).status is None


def test_a_provider_s_own_number_is_a_code():
    assert error_facts({"error": {"code": 1301}}, {}).codes == error_facts({"error": {"code": "1301"}}, {}).codes == {"1301"}
    assert error_facts({"error": {"code": True, "status": 10**400}}, {}).codes == frozenset()


def test_an_exception_s_name_comes_from_the_header_or_the_body_without_its_namespace():
    assert error_facts({}, {"x-amzn-errortype": "ThrottlingException:http://x"}).codes == {"throttlingexception"}
    assert error_facts({"__type": "com.amazon#ValidationException"}, {}).codes == {"validationexception"}


def test_the_innermost_status_counts():
    assert error_facts({"error": {"code": 502, "metadata": {"raw": '{"error": {"code": 400}}'}}}, {}).status == 400


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"error": {"a": 1}}, True), ({"error": "x"}, True), ({"error": None}, False), ({"error": {}}, False), ({"type": "error"}, True), ({"object": "error"}, True),
        ({"object": "response", "status": "failed"}, True), ({"object": "response", "status": "completed"}, False), ({"status": "failed"}, False),
        ({"code": 500, "message": "x"}, True), ({"code": 500}, False), ({"error_code": 18, "error_msg": "qps"}, True),
        ({"error_code": 0, "text": "Hi"}, False), ({"error_code": [1]}, False), ({"success": False}, True), ({"success": True, "result": {}}, False), ({"code": 200, "message": "x"}, False), ({"status": 503, "message": "x"}, True), ([], False), (None, False),
    ],
)  # fmt: skip
def test_what_carries_an_error_although_its_status_is_good(body, found):
    assert error_in(body) is found


def test_bytes_that_are_no_text_cannot_be_read_where_the_whole_is_asked_for():
    assert parsed(b"\xff{}") == (None, False)
    assert parsed(b"\xff{}", 100)[0] == "\ufffd{}"
    assert parsed(memoryview(b"[1]")) == ([1], True)
    assert parsed("x" * 10, 3) == ("xxx", False)
