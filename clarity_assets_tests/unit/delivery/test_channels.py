"""Addresses: what may be shown of them, which are refused, what is taken out of texts."""

import pytest
from pydantic import SecretStr

from clarity_assets.delivery.channels import channel_id_of, channels_of, name_of, need_channels, redacted
from clarity_assets.errors import SettingsError

SLACK = "slack://TAAAAAAAA/BBBBBBBBB/cccccccccccccccccccccccc/#general"
MAIL = "mailtos://robot:s3cret-pw@mail.shop.example?to=anna@shop.example,bo@other.example&from=robot@shop.example"
JSON = "jsons://robot:s3cret-pw@hooks.shop.example:8443/SECRETPATH?+Authorization=Bearer%20abcdef123456"
TELEGRAM = "tgram://123456789:AAEabcdefghijklmnopqrstuvwxyz12345/12315544"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (MAIL, "mailtos://mail.shop.example (a…@shop.example, b…@other.example)"),
        (JSON, "jsons://hooks.shop.example:8443"),
        (SLACK, "slack"),
        (TELEGRAM, "tgram"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "https://hooks.slack.com"),
        ("mailto://user:pa@ss@host.example/x@y.example", "mailto"),
        ("mailto://user:pa/ss@host.example", "mailto"),
        ("xoxb-1234-secret", "(no address)"),
    ],
)
def test_a_name_shows_the_scheme_and_what_is_no_secret(url, name):
    assert name_of(url) == name


def test_each_address_is_one_channel_however_often_it_is_named():
    channels = channels_of(SecretStr(f"{SLACK}  {MAIL}\n{SLACK}"), SecretStr(MAIL))
    assert [channel.name.partition(":")[0] for channel in channels] == ["slack", "mailtos"]
    assert all(len(channel.channel_id) == 12 for channel in channels)


def test_a_channel_stays_the_same_when_its_password_is_changed_and_no_other_part():
    assert channel_id_of(MAIL) == channel_id_of(MAIL.replace("s3cret-pw", "another"))
    assert channel_id_of(MAIL) != channel_id_of(MAIL.replace("anna", "hanna"))
    assert channel_id_of(TELEGRAM) != channel_id_of(TELEGRAM.replace("AAE", "AAF"))


def test_no_address_is_in_the_repr_of_a_channel():
    [channel] = channels_of(SecretStr(SLACK))
    assert "cccc" not in repr(channel)
    assert "TAAA" not in str(channel)


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("schrott://T0PSECRET/path", "schrott://…"),
        ("xoxb-T0PSECRET", "without scheme://"),
        ("mailto://", "mailto://…"),
        ("mailto://T0PSECRET:T0PSECRET@shop.example/no-address-T0PSECRET", "mailto://…"),
        ("mailto://robot:T0PSECRET@shop.example?to=a@shop.example,ü@T0PSECRET", "mailto://…"),
        ("mailto://robot:T0PSECRET@shop.example?to=a@shop.example&pgp=encrypt", "mailto://…"),
        ("slack://T0PSECRET", "slack://…"),
    ],
)
def test_an_address_that_apprise_cannot_use_is_named_by_place_and_scheme_only(url, scheme, caplog):
    with pytest.raises(SettingsError) as told:
        need_channels(SecretStr(f"{SLACK} {url}"), setting="CLARITY_ALERT_TO")
    assert f"CLARITY_ALERT_TO: address 2 ({scheme}) " in str(told.value)
    assert "T0PSECRET" not in str(told.value) + caplog.text


def test_good_addresses_of_every_kind_are_taken():
    teams = "workflows://prod.logic.azure.com:443/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu/"
    twilio = f"twilio://AC{'a' * 32}:{'b' * 32}@15551234567/15557654321"
    chat = "mmost://127.0.0.1:8065/3ccdd113474722377935511fc85d3dd4"  # to the channel that its owner chose
    assert len(need_channels(SecretStr(" ".join([MAIL, JSON, SLACK, TELEGRAM, teams, twilio, chat])), setting="X")) == 7
    assert need_channels(SecretStr(" "), setting="X") == ()


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        (SLACK, ["TAAAAAAAA", "BBBBBBBBB", "cccccccccccccccccccccccc"]),
        (MAIL, ["s3cret-pw", "robot:s3cret"]),
        ("mailtos://robot:pa%40s@mail.shop.example", ["pa@s", "pa%40s"]),
        (JSON, ["s3cret-pw", "SECRETPATH", "abcdef123456"]),
        (TELEGRAM, ["123456789", "AAEabcdefghijklmnopqrstuvwxyz12345"]),
    ],
)
def test_no_secret_of_an_address_stays_in_an_error(url, secrets):
    error = f"no: {url} said {' '.join(secrets)} and https://x.example/?{secrets[0]}"
    text = redacted(error, url=url)
    assert not [secret for secret in secrets if secret in text]
    assert text.startswith("no: ")
