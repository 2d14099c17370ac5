"""Mappings: what a file may say, and what is said of one that breaks a rule."""

import pytest

from clarity_assets.clickstream.ingest.mapping import BUILT_IN, find_mappings, load_mapping, read_mapping
from clarity_assets.clickstream.ingest.troubles import MappingWrong
from clarity_assets_tests.unit.clickstream.ingest.shop import (
    csv_text,
    deliver,
    deliver_rows,
    event,
    rejected,
    settings_of,
)

LEAST = """
description: A source of one's own.
fields: {event_time: at, event_type: what, user_id: who.id}
"""


@pytest.fixture
def with_mapping(tmp_path):
    """Settings with a folder of mappings, and a function that writes one into it."""
    folder = tmp_path / "mappings"
    folder.mkdir()

    def write(text: str, name: str = "own.yml"):
        (folder / name).write_text(text, encoding="utf-8")
        return settings_of(tmp_path, clickstream_mappings=folder)

    return write


def test_every_built_in_mapping_can_be_read_and_says_what_it_is(settings):
    assert set(find_mappings(settings)) == {"deskdrop", "events", "ga4", "orders", "store"}
    for file in find_mappings(settings).values():
        assert read_mapping(file).description
        assert file.parent == BUILT_IN


def test_mappings_that_keep_equal_rows_say_why_in_their_file():
    for name in ("store", "deskdrop", "orders"):
        before = (BUILT_IN / f"{name}.yml").read_text().partition("identical_rows: keep")[0]
        assert before.rstrip().splitlines()[-1].startswith("# ")


def test_a_mapping_of_one_s_own_is_a_file(with_mapping):
    mapping = load_mapping("own", with_mapping(LEAST))
    assert mapping.name == "own"
    assert mapping.fields["user_id"] == ("who.id",)
    assert mapping.identical_rows == "drop"


@pytest.mark.parametrize(("text", "said"), [
    ("fields: [", "cannot be read as YAML"),
    ("just text", "holds no mapping"),
    ("description: x", "fields: Field required"),
    (LEAST + "colour: red", "colour: Extra inputs"),
    (LEAST.replace("event_type: what, ", ""), "event_type, or constants give it"),
    (LEAST.replace("event_time: at, ", ""), "the column of event_time"),
    (LEAST.replace(", user_id: who.id", ""), "visitor_id or of user_id"),
    (LEAST.replace("user_id", "customer"), "there is no field customer; fields are event_id"),
    (LEAST.replace("who.id", "who..id"), "'who..id' is no path: write a.b.c"),
    (LEAST + "constants: {event_type: view}", "event_type has both columns and a constant"),
    (LEAST + "constants: {session_id: x}", "are no constants"),
    (LEAST + "event_types: {X: Page View}", "'Page View' is no event type of ours"),
    (LEAST + "time: {format: DD.MM.YYYY}", "time.format: write one of iso8601, epoch_s"),
    (LEAST + "time: {zone: Berlin}", "'Berlin' is no IANA time zone"),
    (LEAST + "identical_rows: maybe", "identical_rows: Input should be 'drop' or 'keep'"),
    (LEAST + "csv: {delimiter: '||'}", "csv.delimiter"),
    (LEAST + "reject: [{when: 'price <', reason: x}]", "when: 'price <' is no condition: Parser Error"),
    (LEAST + "reject: [{when: 'prise < 1', reason: x}]", "'prise < 1' is no condition: Binder Error"),
    (LEAST + "reject: [{when: 'price < 1', reason: 'of {user_id}'}]", "{user_id} may not stand in a reason"),
    (LEAST + "devices: {phone: Phone}", "devices.phone: Input should be 'PC'"),
])  # fmt: skip
def test_a_mapping_that_breaks_a_rule_is_told_with_file_and_rule(with_mapping, text, said):
    settings = with_mapping(text)
    with pytest.raises(MappingWrong) as told:
        load_mapping("own", settings)
    assert str(told.value).startswith(f"{settings.clickstream_mappings / 'own.yml'}: ")
    assert said in str(told.value)


def test_an_unknown_name_is_told_with_those_that_there_are(settings):
    with pytest.raises(MappingWrong, match="no mapping 'shop'; there are deskdrop, events, ga4, orders, store"):
        load_mapping("shop", settings)


def test_a_name_that_is_built_in_is_not_taken_twice(with_mapping):
    with pytest.raises(MappingWrong, match="there is a mapping events already"):
        find_mappings(with_mapping(LEAST, "events.yml"))


def test_a_folder_of_mappings_that_is_not_there_is_told(tmp_path):
    with pytest.raises(MappingWrong, match="there is no such folder"):
        find_mappings(settings_of(tmp_path, clickstream_mappings=tmp_path / "nowhere"))


def test_a_german_shop_s_csv_is_a_mapping_and_no_code(with_mapping, tmp_path):
    settings = with_mapping("""
description: Exported orders.
fields:
  event_time: Datum
  user_id: [Kunde, Gast]
  product_id: Artikel
  price: Preis
  quantity: Menge
  country: Adresse.land
constants: {event_type: purchase, timezone: Europe/Berlin}
time: {format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
nulls: ["-", "\\\\N"]
csv: {delimiter: ";", decimal: ","}
reject:
  - {when: quantity > 100, reason: "{quantity} of {product_id} is a wholesaler's order"}
""")
    row = {"Datum": "05.10.2026 10:30", "Kunde": "-", "Gast": "g1", "Artikel": "Lampe", "Preis": "12,50", "Menge": "2",
           "Adresse": '{"land": "AT"}'}  # fmt: skip
    file = tmp_path / "orders.csv"
    file.write_text(csv_text([row, row | {"Menge": "500"}, row | {"Preis": "\\N", "Kunde": "k"}], delimiter=";"))
    [done] = deliver(settings, file, mapping="own").files
    assert (done.rows_read, done.events_new, done.rows_rejected) == (3, 2, 1)
    [(number, reason, _)] = rejected(settings)
    assert (number, reason) == (2, "500 of Lampe is a wholesaler's order")
    assert done.rejected[0].rule == "{quantity} of {product_id} is a wholesaler's order"


def test_values_of_a_mapping_are_read_as_it_says(with_mapping, tmp_path):
    settings = with_mapping("""
description: Clock of Berlin, decimal comma.
fields: {event_time: at, user_id: who, price: price, rating: stars}
constants: {event_type: rating}
time: {format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
csv: {decimal: ","}
""")
    file = tmp_path / "ratings.csv"
    file.write_text('at,who,price,stars\n05.10.2026 10:30,ada,"1,5",4\n')
    deliver(settings, file, mapping="own")
    told = event(settings)
    assert f"{told['event_at']}" == "2026-10-05 08:30:00"
    assert (told["price"], told["rating"], told["quantity"], told["event_type"]) == (1.5, 4.0, None, "rating")
    assert told["origin"] == "own"


GERMAN = """
description: Prices as Germans write them.
fields: {event_time: at, user_id: who, price: price}
constants: {event_type: purchase}
csv: {delimiter: ";", decimal: ","}
"""


@pytest.mark.parametrize(("text", "price"), [
    ("1.234", 1234), ("1.234,50", 1234.5), ("1.234.567,8", 1234567.8), ("12,50", 12.5), ("12.50", 12.5), ("0.125", 0.125),
    ("1234,5", 1234.5),
])  # fmt: skip
def test_beside_a_decimal_comma_points_stand_between_thousands(with_mapping, tmp_path, text, price):
    (tmp_path / "a.csv").write_text(f"at;who;price\n2026-10-05;ada;{text}\n")
    settings = with_mapping(GERMAN)
    deliver(settings, tmp_path / "a.csv", mapping="own")
    assert event(settings)["price"] == price


def test_in_json_a_point_is_a_point_whatever_tables_have(with_mapping):
    settings = with_mapping(GERMAN)
    deliver_rows(settings, [{"at": "2026-10-05", "who": "ada", "price": 1.234}], mapping="own")
    assert event(settings)["price"] == 1.234


@pytest.mark.parametrize(("code", "text"), [
    ("%Z", "2026-10-06 10:00:00 UTC"), ("%z", "2026-10-06 12:00:00 +0200"),
])  # fmt: skip
def test_a_format_that_names_the_zone_needs_none_of_the_mapping(with_mapping, code, text):
    time = f'time: {{format: "%Y-%m-%d %H:%M:%S {code}", zone: Europe/Berlin}}\n'
    settings = with_mapping(LEAST.replace("who.id", "who") + time)
    deliver_rows(settings, [{"at": text, "what": "view", "who": "ada"}], mapping="own")
    assert f"{event(settings)['event_at']}" == "2026-10-06 10:00:00"


def test_a_row_that_a_rule_cannot_be_asked_of_is_rejected_and_its_value_told_nowhere(with_mapping):
    fields = "fields: {event_time: at, event_type: what, user_id: who, order_id: order}\n"
    rule = 'reject: [{when: "cast(user_id as integer) < 100 or cast(order_id as integer) < 9", reason: a test order}]\n'
    settings = with_mapping("description: Orders.\n" + fields + rule)
    row = {"at": "2026-10-05", "what": "purchase", "who": "101", "order": "10"}
    rows = [row, row | {"who": "ada-secret"}, row | {"order": "A12"}, row | {"who": "5"}, row | {"order": None}]
    done = deliver_rows(settings, rows, mapping="own")
    assert (done.events_new, done.rows_rejected) == (2, 3)
    why = "the mapping's rule cannot be asked of it: cast(user_id as integer) < 100 or cast(order_id as integer) < 9"
    assert [told[:2] for told in rejected(settings)] == [(2, why), (3, why), (4, "a test order")]
    assert "secret" not in f"{rejected(settings)}"
