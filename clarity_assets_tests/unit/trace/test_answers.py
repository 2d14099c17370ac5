"""A stored answer that is not what was stored is named, whatever was done to it; an intact one never is."""

import hashlib

import pytest
import zstandard

from clarity_assets.reports.figures import Source
from clarity_assets.trace.answers import CHUNK_ANSWERS, damage_of, verify_answers
from clarity_assets.trace.rendering import render_trace, render_verified
from clarity_assets.trace.traced import Traced
from clarity_assets_tests.unit.trace.told import AFTER, DERIVED, MEASURED, Warehouse

STORED = b'[{"metricName":"Traffic","information":[{"totalSessionCount":"41"}]}]' * 40
PACKED = zstandard.ZstdCompressor(level=3).compress(STORED)
SHA256 = hashlib.sha256(STORED).hexdigest()
START = "shop-base-1d-20260908T010000-"


def damage(body: bytes | None, *, sha256: str = SHA256, answer_id: str | None = None) -> tuple[str, str] | None:
    answer_id = answer_id or f"{START}{SHA256[:8]}"
    return damage_of(body, sha256=sha256, byte_count=len(STORED), answer_id=answer_id, id_start=START)


def answer_of(warehouse: Warehouse, request: str = "base") -> tuple[str, bytes]:
    """Id and stored form of the measured day's answer."""
    answer_id = warehouse.one(
        "select answer_id from ops.clarity_answer where request = ? order by window_end, num_of_days limit 1", request
    )
    body = warehouse.one("select body from ops.clarity_answer where answer_id = ?", answer_id)
    return answer_id, zstandard.ZstdDecompressor().decompress(body)


def spoil(warehouse: Warehouse, answer_id: str, body: bytes | None, **more: object) -> None:
    columns = ", ".join(f"{name} = ?" for name in ("body", *more))
    warehouse.con.execute(
        f"update ops.clarity_answer set {columns} where answer_id = ?", [body, *more.values(), answer_id]
    )


def traced(warehouse: Warehouse) -> Traced:
    """The measured day's dead clicks."""
    return warehouse.traced(Source("marts.fct_site_daily", "dead_click_count", (), MEASURED, DERIVED))


# --- one body -----------------------------------------------------------------------------------------------------


def test_what_was_stored_is_intact():
    assert damage(PACKED) is None


def test_any_flipped_bit_of_the_packed_body_is_noticed_or_changes_nothing():
    for place in range(len(PACKED)):
        for bit in range(8):
            changed = bytearray(PACKED)
            changed[place] ^= 1 << bit
            found = damage(bytes(changed))
            assert found or zstandard.ZstdDecompressor().decompress(bytes(changed)) == STORED, (place, bit)


@pytest.mark.parametrize("place", range(0, len(STORED), 97))
def test_any_flipped_bit_of_the_answer_itself_is_named_with_both_hashes(place):
    changed = bytearray(STORED)
    changed[place] ^= 1
    found = damage(zstandard.ZstdCompressor().compress(bytes(changed)))
    assert found == ("TAMPERED", f"stored sha256 {SHA256}, body has {hashlib.sha256(changed).hexdigest()}")


@pytest.mark.parametrize("size", [0, 1, 4, 9, len(PACKED) // 2, len(PACKED) - 1])
def test_a_truncated_body_is_damage(size):
    kind, words = damage(PACKED[:size])
    assert (kind, words.startswith("its body cannot be unpacked (")) == ("DAMAGED", True)


def test_a_missing_body_and_one_of_another_length_are_damage():
    assert damage(None) == ("DAMAGED", "it has no body")
    kind, words = damage(zstandard.ZstdCompressor().compress(STORED + b" "))
    assert (kind, words) == ("DAMAGED", "its body says that it has 2,761 bytes, and 2,760 were stored")


def test_a_hash_that_was_changed_together_with_its_body_does_not_fit_the_id():
    changed = STORED.replace(b"41", b"14")
    sha256 = hashlib.sha256(changed).hexdigest()
    kind, words = damage(zstandard.ZstdCompressor().compress(changed), sha256=sha256)
    assert (kind, words) == (
        "TAMPERED",
        f"its id does not fit its window and hash, which would make it {START}{sha256[:8]}",
    )


# --- in a trace ---------------------------------------------------------------------------------------------------


def test_a_changed_byte_is_named_with_answer_request_window_and_both_hashes(warehouse):
    answer_id, stored = answer_of(warehouse)
    changed = stored.replace(b"1", b"2", 1)
    spoil(warehouse, answer_id, zstandard.ZstdCompressor().compress(changed))
    found = traced(warehouse)
    assert not found.is_intact
    assert [answer.damage for answer in found.damaged] == [
        f"TAMPERED: answer {answer_id} of request base, window {MEASURED} 01:00 to {DERIVED} 01:00 UTC: stored sha256 "
        f"{hashlib.sha256(stored).hexdigest()}, body has {hashlib.sha256(changed).hexdigest()}; restore a backup"
    ]
    assert found.derivation.left_out == (f"base of {MEASURED}: an answer of it is damaged",)
    text = render_trace(found)
    assert "Intact" not in text
    assert " ".join(text.split()).count(found.damaged[0].damage) == 1
    assert f"{answer_id}: NOT INTACT" in text


def test_a_truncated_blob_is_named(warehouse):
    answer_id, _ = answer_of(warehouse)
    body = warehouse.one("select body from ops.clarity_answer where answer_id = ?", answer_id)
    spoil(warehouse, answer_id, body[:-7])
    [answer] = traced(warehouse).damaged
    assert answer.damage.startswith(f"DAMAGED: answer {answer_id} of request base, window")
    assert "its body cannot be unpacked" in answer.damage


def test_a_moved_window_does_not_fit_the_id(warehouse):
    answer_id, _ = answer_of(warehouse)
    warehouse.con.execute(
        "update ops.clarity_answer set window_end = window_end + interval 1 hour where answer_id = ?", [answer_id]
    )
    [answer] = traced(warehouse).damaged
    assert "its id does not fit its window and hash" in answer.damage


def test_a_deleted_answer_is_named_with_the_days_that_rest_on_it(warehouse):
    answer_id, _ = answer_of(warehouse)
    warehouse.con.execute("delete from ops.clarity_answer where answer_id = ?", [answer_id])
    found = traced(warehouse)
    assert [answer.damage for answer in found.damaged] == [
        f"MISSING: answer {answer_id} is not stored any more, and the figures of {MEASURED} rest on it; "
        "restore a backup"
    ]
    assert not found.is_intact
    assert "MISSING: answer" in render_trace(found)


def test_damage_of_an_answer_that_the_number_does_not_rest_on_is_left_to_verify(warehouse):
    answer_id, stored = answer_of(warehouse, "country")
    spoil(warehouse, answer_id, zstandard.ZstdCompressor().compress(stored + b" "))
    assert traced(warehouse).is_intact
    assert [answer.answer_id for answer in verify_answers(warehouse.con, project_id="test").damaged] == [answer_id]


def test_damage_of_either_answer_of_a_derived_day_is_found(warehouse):
    source = Source("marts.fct_page_daily", "dead_click_count", (), DERIVED, AFTER)
    ids = [answer.answer_id for answer in warehouse.traced(source).answers]
    assert len(ids) == 2
    for answer_id in ids:
        spoil(warehouse, answer_id, b"")
        assert answer_id in {answer.answer_id for answer in warehouse.traced(source).damaged}


def test_an_imported_answer_has_no_ledger_entry_and_says_where_it_came_from(warehouse):
    warehouse.con.execute("update ops.clarity_answer set request_id = null, origin = 'kept\u202e.json#3'")
    found = traced(warehouse)
    assert [answer.ledger for answer in found.answers] == [None]
    text = render_trace(found)
    assert "from kept�.json#3" in text
    assert "1 without an entry: imported, not asked for" in text


# --- the whole warehouse ------------------------------------------------------------------------------------------


def test_every_answer_of_the_project_is_verified(warehouse):
    found = verify_answers(warehouse.con, project_id="test")
    counts = warehouse.con.execute("select count(*), sum(byte_count)::bigint from ops.clarity_answer").fetchall()
    assert [(found.answers, found.byte_count)] == counts
    assert (found.damaged, found.is_intact) == ((), True)
    assert render_verified(found) == (
        f"Intact: {found.answers} stored answers, {found.byte_count:,} bytes, hashed again; "
        "every one has the bytes that were stored.\n"
    )
    assert verify_answers(warehouse.con, project_id="other").answers == 0
    assert found.as_json() == {
        "answers": found.answers, "byte_count": found.byte_count, "deleted": 0, "is_intact": True, "damaged": [],
        "missing": [],
    }  # fmt: skip


def test_an_answer_that_days_rest_on_and_that_is_gone_is_missed(warehouse):
    before = verify_answers(warehouse.con, project_id="test").answers
    answer_id, _ = answer_of(warehouse)
    warehouse.con.execute("delete from ops.clarity_answer where answer_id = ?", [answer_id])
    found = verify_answers(warehouse.con, project_id="test")
    assert (found.answers, found.damaged, found.is_intact) == (before - 1, (), False)
    words = (
        f"MISSING: answer {answer_id} is not stored any more, and the figures of {MEASURED} rest on it; "
        "restore a backup"
    )
    assert found.as_json()["missing"] == [answer.damage for answer in found.missing] == [words]
    text = " ".join(render_verified(found).split())
    assert text.startswith(f"{before - 1} stored answers, ")
    assert f"1 more that days rest on are not stored: {words}" in text
    assert verify_answers(warehouse.con, project_id="other").is_intact


def test_more_answers_than_one_chunk_are_all_verified_and_each_damage_named(warehouse):
    warehouse.con.execute(
        f"""insert into ops.clarity_answer by name
            select * exclude (i) replace (answer_id || '-' || i as answer_id) from ops.clarity_answer, range({CHUNK_ANSWERS}) t(i)
            where request = 'base'"""
    )
    more = 3 * CHUNK_ANSWERS
    found = verify_answers(warehouse.con, project_id="test")
    assert found.answers == more + warehouse.one("select count(*) from ops.api_request where outcome = 'answered'")
    assert len(found.damaged) == more  # their ids do not fit
    text = render_verified(found)
    assert text.startswith(f"{more} of {found.answers} stored answers")
    assert all(answer.answer_id in text.replace("\n    ", "") for answer in found.damaged)
