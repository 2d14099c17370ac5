"""Mappings: what a file may say, and what is said of one that breaks a rule."""

import pytest

from clarity_assets.clickstream.ingest.mapping import BUILT_IN, find_mappings, load_mapping, read_mapping
from clarity_assets.clickstream.ingest.troubles import MappingWrong
from clarity_assets_tests.unit.clickstream.ingest.shop import csv_text, deliver, event, rejected, settings_of

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
