"""Which requests a day consists of, in which order, and what rolls up to what."""

import pytest

from clarity_assets.clarity.requests import STANDARD_REQUESTS, ClarityRequest, all_requests, extra_requests
from clarity_assets.errors import SettingsError

BY_NAME = {r.name: r for r in STANDARD_REQUESTS}


def names(**options) -> list[str]:
    return [r.name for r in all_requests(**options)]


def test_the_six_of_a_day_come_most_valuable_first():
    assert names() == ["browser_device", "url_device", "source_medium", "country", "base", "device"]


def test_a_request_names_its_table_and_columns():
    request = BY_NAME["url_device"]
    assert (request.table, request.columns) == ("landing.clarity_url_device", ("page", "device"))
    assert BY_NAME["base"].columns == ()


def test_what_rolls_up_to_what():
    """Only device, operating system and browser may vanish: a session has one of each."""
    found = {(a.name, b.name) for a in STANDARD_REQUESTS for b in STANDARD_REQUESTS if a.rolls_up_to(b)}
    assert found == {("browser_device", "device"), ("browser_device", "base"), ("device", "base")}
    country_device = ClarityRequest("country_device", ("Country", "Device"))
    assert country_device.rolls_up_to(BY_NAME["country"])
    assert not country_device.rolls_up_to(BY_NAME["device"])
    assert not ClarityRequest("url_device_browser", ("URL", "Device", "Browser")).rolls_up_to(BY_NAME["device"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("Campaign", [("campaign", ("Campaign",))]),
        ("campaign , CHANNEL + device", [("campaign", ("Campaign",)), ("channel_device", ("Channel", "Device"))]),
        ("OS+Browser+Country", [("os_browser_country", ("OS", "Browser", "Country"))]),
        ("URL", [("url", ("URL",))]),
    ],
)
def test_extra_requests_are_named_by_their_dimensions(text, expected):
    found = extra_requests(text)
    assert [(r.name, r.dimensions) for r in found] == expected
    assert all(r.is_extra for r in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Country/Region", "the API drops 'Country/Region' in silence; write 'Country'"),
        ("Campaing", "'Campaing' is no dimension; known are URL, Device, Country, Browser, OS"),
        ("Campaign+", "'' is no dimension"),
        ("Campaign Channel", "'Campaign Channel' is no dimension"),
        ("Device+Country+OS+Browser", "must be one to three different dimensions"),
        ("OS+os", "must be one to three different dimensions"),
        ("Device+Browser", "is collected already, as 'browser_device'"),
        ("Country", "is collected already, as 'country'"),
        ("Campaign, OS+Channel, Channel+OS", r"'Channel\+OS' is collected already, as 'os_channel'"),
    ],
)
def test_a_bad_extra_request_names_the_setting_the_value_and_the_rule(text, words):
    with pytest.raises(SettingsError, match=f"CLARITY_EXTRA_REQUESTS: .*{words}"):
        extra_requests(text)


def test_an_order_moves_names_to_the_front_and_leaves_the_others_in_theirs():
    assert names(order=" country,base ")[:3] == ["country", "base", "browser_device"]
    assert names(order="campaign", extras="Campaign")[0] == "campaign"
    assert names(order="base, country, base")[:2] == ["base", "country"]
    assert sorted(names(order="base")) == sorted(names())


def test_an_order_with_an_unknown_name_is_refused():
    with pytest.raises(SettingsError, match="CLARITY_REQUEST_ORDER: 'bse' is no request; known are browser_device"):
        all_requests(order="bse")
