"""Pseudonyms: the same number from Python and DuckDB, another one with another key; the key is made once and never lost unseen."""

import hmac
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as run_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from clarity_assets.clickstream.ingest.troubles import KeyMissing
from clarity_assets.clickstream.pseudonyms import KINDS, add_macro, pseudonym, pseudonym_key
from clarity_assets_tests.unit.clickstream.ingest.shop import deliver_rows, settings_of, view

KEY = b"0123456789abcdef"


def in_duckdb(raw: str, *, key: bytes, kind: str) -> int:
    with duckdb.connect() as con:
        add_macro(con, key=key)
        return con.execute("select pseudonym_of($1, $2)", [kind, raw]).fetchall()[0][0]


def test_a_pseudonym_is_the_first_63_bits_of_hmac_sha256():
    digest = hmac.new(KEY, b"user:ada@example.com", "sha256").digest()
    assert pseudonym("ada@example.com", key=KEY, kind="user") == int.from_bytes(digest[:8]) >> 1


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda t: t == t.strip(" \t\r\n\u00a0")),
       st.binary(min_size=1, max_size=100), st.sampled_from(KINDS))  # fmt: skip
@run_settings(max_examples=60, deadline=None)
def test_duckdb_makes_the_same_number_of_any_id_and_key(raw, key, kind):
    assert in_duckdb(raw, key=key, kind=kind) == pseudonym(raw, key=key, kind=kind)


def test_key_and_kind_change_the_number():
    told = {pseudonym("1", key=key, kind=kind) for key in (KEY, b"another") for kind in KINDS}
    assert len(told) == 6
    assert all(0 <= number < 2**63 for number in told)


def test_a_whole_number_that_pandas_wrote_with_a_point_is_the_same_person():
    assert pseudonym("13085.0", key=KEY, kind="user") == pseudonym(" 13085\n", key=KEY, kind="user")
    assert in_duckdb("13085.0", key=KEY, kind="user") == pseudonym("13085", key=KEY, kind="user")
    assert pseudonym("1.00", key=KEY, kind="user") != pseudonym("1", key=KEY, kind="user")


def test_the_key_is_made_once_for_this_user_alone(settings):
    key = pseudonym_key(settings)
    file = settings.events_folder / "pseudonym.key"
    assert file.read_bytes() == key == pseudonym_key(settings)
    assert len(key) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {path.name for path in settings.events_folder.iterdir()} == {"pseudonym.key", "pseudonym.check"}


def test_of_many_who_make_the_key_at_once_all_get_the_same(settings):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: pseudonym_key(settings), range(32)))) == 1


def test_a_key_of_the_settings_is_used_and_not_stored(tmp_path):
    settings = settings_of(tmp_path, clickstream_key=SecretStr("correct horse battery"))
    assert pseudonym_key(settings) == b"correct horse battery"
    assert all(b"correct horse" not in path.read_bytes() for path in settings.events_folder.iterdir())


def test_a_lost_key_is_not_replaced_in_silence(settings):
    deliver_rows(settings, [view()])
    os.remove(settings.events_folder / "pseudonym.key")
    with pytest.raises(KeyMissing, match=r"pseudonym\.key is missing.*backup"):
        deliver_rows(settings, [view(product_id="sofa")])


def test_another_key_is_refused_where_there_are_events(tmp_path):
    deliver_rows(settings_of(tmp_path), [view()])
    with pytest.raises(KeyMissing, match="another key"):
        deliver_rows(settings_of(tmp_path, clickstream_key=SecretStr("a key of one's own")), [view()])
