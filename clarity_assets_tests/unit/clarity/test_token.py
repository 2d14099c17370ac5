"""The token, checked without a call."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from clarity_assets.clarity.token import check_subject, check_token
from clarity_assets.demo.token import make_token
from clarity_assets.errors import TokenError

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
SOON = NOW + timedelta(days=1)


def token(**claims) -> SecretStr:
    return SecretStr(make_token(**{"expires_at": SOON} | claims))


def test_a_good_token_tells_its_expiry_and_only_hashes_of_itself():
    text = make_token(expires_at=SOON)
    checked = check_token(SecretStr(f"  {text}\n"), now=NOW)
    assert checked.expires_at == SOON
    assert text not in repr(checked)
    assert text.split(".")[1] not in repr(checked)


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (None, "CLARITY_API_TOKEN is not set"),
        (SecretStr("  "), "CLARITY_API_TOKEN is not set"),
        (SecretStr("abc"), "malformed"),
        (SecretStr("a.b.c"), "malformed"),
        (SecretStr("eyJhbGciOiJIUzI1NiJ9.e30.c2ln"), "lacks the scope Data.Export"),
        (token(scope="Other"), "lacks the scope Data.Export"),
        (token(scope=5), "lacks the scope Data.Export"),
        (token(expires_at=NOW - timedelta(seconds=1)), "expired at 2026-10-05 00:59 UTC"),
        (token(subject=""), "names no project"),
    ],
)
def test_a_bad_token_is_refused_with_the_reason_and_the_place_to_make_a_new_one(secret, words):
    with pytest.raises(TokenError, match=words) as caught:
        check_token(secret, now=NOW)
    assert "Generate new API token" in str(caught.value)
    if secret and secret.get_secret_value().strip():
        assert secret.get_secret_value() not in str(caught.value)


def test_a_token_of_another_project_than_before_is_refused():
    known = check_token(token(subject="1"), now=NOW).subject_hash
    check_subject(check_token(token(subject="1"), now=NOW), known_hash=known, project_id="p", others={})
    check_subject(check_token(token(subject="2"), now=NOW), known_hash=None, project_id="p", others={"q": known})
    with pytest.raises(TokenError, match="another Clarity project than the one collected as 'p'"):
        check_subject(check_token(token(subject="2"), now=NOW), known_hash=known, project_id="p", others={})


def test_one_clarity_project_under_two_ids_is_refused_because_it_has_one_quota():
    first = check_token(token(subject="1"), now=NOW)
    with pytest.raises(TokenError, match="collected as 'shop' in this warehouse; set CLARITY_PROJECT_ID=shop"):
        check_subject(first, known_hash=None, project_id="typo", others={"shop": first.subject_hash})
