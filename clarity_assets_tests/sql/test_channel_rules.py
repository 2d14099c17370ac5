"""The seeds `channel_rules` and `source_categories` and sources, mediums and campaigns in, the right channels out."""

from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pytest

from clarity_assets.clickstream.sessions.channels import Channels
from clarity_assets.settings import load_settings
from clarity_assets_tests.sql.by_hand import MODELS, build, landed, warehouse

DAY = date(2026, 10, 5)
SEEDS = ("seeds.channel_rules", "seeds.source_categories")

CHANNEL_OF_PAIR = """
with pair_key as (
    select
        source,
        medium,
        campaign,
        lower(trim(coalesce(source, ''))) as source_key,
        lower(trim(coalesce(medium, ''))) as medium_key,
        lower(trim(coalesce(campaign, ''))) as campaign_key,
    from pair
),

-- One text with a source a line: a pattern is compiled once, not once for each source (1,000 sources: 0.03 s, not 6 s).
source_list as (
    select string_agg(distinct source_key, chr(10)) as text
    from pair_key
),

categorised as (
    select distinct
        unnest(regexp_extract_all(source_list.text, '(?m)^(?:' || known.source_pattern || ')$')) as source_key,
        known.category,
    from source_list
    cross join seeds.source_categories as known
),

medium_match as (
    select medium.medium_key, rule.rule_order
    from (select distinct medium_key from pair_key) as medium
    inner join seeds.channel_rules as rule
        on rule.medium_pattern is null or regexp_full_match(medium.medium_key, rule.medium_pattern)
),

first_rule as (
    select pair_key.source, pair_key.medium, pair_key.campaign, min(rule.rule_order) as rule_order
    from pair_key
    left join categorised on categorised.source_key = pair_key.source_key
    inner join medium_match on medium_match.medium_key = pair_key.medium_key
    inner join seeds.channel_rules as rule
        on rule.rule_order = medium_match.rule_order
        and (rule.source_category is null or rule.source_category = categorised.category)
        and (rule.source_pattern is null or regexp_full_match(pair_key.source_key, rule.source_pattern))
        and (rule.campaign_pattern is null or regexp_full_match(pair_key.campaign_key, rule.campaign_pattern))
    group by pair_key.source, pair_key.medium, pair_key.campaign
)

select first_rule.source, first_rule.medium, first_rule.campaign, rule.channel, rule.is_paid, rule.rule_order
from first_rule
inner join seeds.channel_rules as rule on rule.rule_order = first_rule.rule_order
"""
"""Distinct `pair(source, medium, campaign)` -> channel; join it back with `is not distinct from` (NULLs)."""

RULE_OF_PAIR_ONE_BY_ONE = """
with pair_key as (
    select *, lower(trim(coalesce(source, ''))) as source_key
    from pair
),

categorised as (
    select distinct source_key, known.category
    from pair_key
    inner join seeds.source_categories as known on regexp_full_match(source_key, known.source_pattern)
)

select source, medium, campaign, min(rule_order)
from pair_key
left join categorised using (source_key)
inner join seeds.channel_rules as rule
    on (rule.source_category is null or rule.source_category = categorised.category)
    and (rule.source_pattern is null or regexp_full_match(source_key, rule.source_pattern))
    and (rule.medium_pattern is null or regexp_full_match(lower(trim(coalesce(medium, ''))), rule.medium_pattern))
    and (rule.campaign_pattern is null or regexp_full_match(lower(trim(coalesce(campaign, ''))), rule.campaign_pattern))
group by source, medium, campaign
"""
"""What the fast query must equal."""

CATEGORY_OF_SOURCE = """
select sample.source, known.category, known.site
from sample
inner join seeds.source_categories as known on regexp_full_match(lower(sample.source), known.source_pattern)
"""

# source, medium, campaign, channel, reason
CASES = (
    (None, None, None, "Direct", "Clarity tells neither"),
    ("", "", None, "Direct", "empty is none, too"),
    (None, "", None, "Direct", "so are both ways of telling nothing"),
    ("  ", " ", None, "Direct", "blanks say nothing"),
    ("(none)", "(none)", None, "Direct", "as other tools write it"),
    ("", "(not set)", None, "Direct", "a medium that was not set, at no source"),
    ("(direct)", "(none)", None, "Direct", "as Google Analytics writes it"),
    ("(direct)", "(not set)", None, "Direct", "its second way"),
    ("direct", "", None, "Direct", "tagged by hand"),
    ("(Direct)", "(None)", None, "Direct", "upper case does not count"),
    (None, None, "cross-network", "Direct", "Direct is looked at before the campaign"),
    ("google", "cpc", "de-Cross-Network-2026", "Cross-network", "the campaign's name goes before the source"),
    ("amazon", "cpc", None, "Paid Shopping", "a shopping site"),
    ("www.ebay.co.uk", "paid", None, "Paid Shopping", "a country host of one"),
    ("google", "cpc", "Winter Shopping DE", "Paid Shopping", "a shopping campaign on a search engine"),
    ("magazine.example", "ppc", "eshop_launch", "Paid Shopping", "an eshop counts as a shop"),
    ("google", "cpc", "workshop_2026", "Paid Search", "a workshop does not"),
    ("google", "cpc", None, "Paid Search", "campaign unknown"),
    ("Google", "CPC", "brand_search", "Paid Search", "upper case"),
    ("bing", "paidsearch", None, "Paid Search", "paid and more"),
    ("google", "cpm", None, "Paid Search", "cp goes before display at a search engine, as published"),
    ("instagram", "paid_social", "autumn_push", "Paid Social", "an ending like push is the medium's matter"),
    ("facebook", "cpc", None, "Paid Social", "clicks at a social network"),
    ("fb", "retargeting", None, "Paid Social", "its short name"),
    ("linkedin.com", "paid-social", None, "Paid Social", "a host"),
    ("youtube", "cpv", None, "Paid Video", "cp at a video site"),
    ("newsportal.example", "display", None, "Display", "display"),
    ("newsportal.example", "banner", None, "Display", "a banner"),
    ("dv360", "cpm", None, "Display", "views by the thousand at no known site"),
    ("newsportal.example", "cpc", None, "Paid Other", "clicks at no known site"),
    ("chatgpt.com", "cpc", None, "Paid Other", "an assistant's advertisement is no organic visit"),
    ("(not set)", "ppc", None, "Paid Other", "the medium is enough"),
    ("assistant.example", "ai-assistant", "(ai-assistant)", "AI Assistant", "Google Analytics' own medium"),
    ("chatgpt.com", "", None, "AI Assistant", "as ChatGPT tags its links: without a medium"),
    ("chatgpt.com", None, None, "AI Assistant", "the same with NULL"),
    ("chat.openai.com", "referral", None, "AI Assistant", "its former host"),
    ("www.perplexity.ai", "referral", None, "AI Assistant", "not a referral"),
    ("gemini.google.com", "referral", None, "AI Assistant", "not the search engine"),
    ("copilot.microsoft.com", "organic", None, "AI Assistant", "not organic search"),
    ("Claude.ai", "", None, "AI Assistant", "upper case"),
    ("perplexity", "", "shop_links", "AI Assistant", "the assistant goes before a shopping campaign"),
    ("etsy.com", "referral", None, "Organic Shopping", "a shopping site"),
    ("shopping.google.com", "organic", None, "Organic Shopping", "not the search engine"),
    ("newsletter", "email", "summer-shop", "Organic Shopping", "a shopping campaign goes before email, as published"),
    ("facebook", "social", None, "Organic Social", "a social network"),
    ("m.facebook.com", "referral", None, "Organic Social", "a link on one is no referral"),
    ("t.co", "", None, "Organic Social", "a link shortener of one"),
    ("lnkd.in", None, None, "Organic Social", "another one"),
    ("out.reddit.com", "referral", None, "Organic Social", "a subdomain"),
    ("tiktok", "organic", None, "Organic Social", "our choice: a social network, no video site"),
    ("company-page", "social-media", None, "Organic Social", "the medium is enough"),
    ("company-page", "sm", None, "Organic Social", "its short form"),
    ("youtube.com", "referral", None, "Organic Video", "a video site"),
    ("intranet.example", "training-video", None, "Organic Video", "the medium is enough"),
    ("google", "organic", None, "Organic Search", "a search engine"),
    ("bing", "organic", "", "Organic Search", "an empty campaign is none"),
    ("www.google.de", "referral", None, "Organic Search", "a country host of one"),
    ("de.search.yahoo.com", "", None, "Organic Search", "a subdomain of one"),
    ("android-app://com.google.android.googlequicksearchbox/", "referral", None, "Organic Search", "the search app"),
    ("duckduckgo.com", "", None, "Organic Search", "no medium is needed"),
    ("rare-engine.example", "organic", None, "Organic Search", "the medium is enough"),
    ("shop.example", "referral", None, "Referral", "the site's own host, as Clarity counts it"),
    ("magazine.example", "Referral", None, "Referral", "another site"),
    ("partner-app", "app", None, "Referral", "an app"),
    ("qr-code", "link", None, "Referral", "a link"),
    ("mail.google.com", "referral", None, "Referral", "Gmail in the browser tells a host alone, as published"),
    ("Email", "", None, "Email", "the source is enough"),
    ("newsletter", "email", "weekly_digest", "Email", "the medium is enough"),
    ("crm", "E-Mail", None, "Email", "its other spellings"),
    ("crm", "e mail", None, "Email", "with a blank"),
    ("awin", "affiliate", None, "Affiliates", "a partner of a programme"),
    ("podcast", "audio", None, "Audio", "a podcast"),
    ("sms", "", None, "SMS", "the source is enough"),
    ("crm", "sms", None, "SMS", "the medium is enough"),
    ("crm", "web-push", None, "Mobile Push Notifications", "ends with push"),
    ("crm", "mobile_app", None, "Mobile Push Notifications", "contains mobile"),
    ("firebase", "", None, "Mobile Push Notifications", "the source is enough"),
    ("newsletter", "", None, "Unassigned", "a source without a medium"),
    ("shop.example", "", None, "Unassigned", "a host without a medium, too"),
    (None, "newsletter", None, "Unassigned", "a medium of nobody's list"),
    ("(not set)", "(not set)", None, "Unassigned", "unknown is not none, as in Google Analytics"),
    ("crm", "pushed", None, "Unassigned", "pushed does not end with push"),
    ("crm", "affiliates", None, "Unassigned", "published is the singular alone"),
    ("googleusercontent.com", "", None, "Unassigned", "only begins like a search engine"),
    ("netflix.com.evil.example", "", None, "Unassigned", "only begins like a video site"),
    ("amazon", "cpc", "cross-network", "Cross-network", "order: before Paid Shopping"),
    ("youtube", "cpm", None, "Paid Video", "order: before Display"),
    ("facebook", "referral", "eshop", "Organic Shopping", "order: before Organic Social"),
    ("youtube", "social", None, "Organic Social", "order: before Organic Video"),
    ("google", "video", None, "Organic Video", "order: before Organic Search"),
    ("email", "referral", None, "Referral", "order: before Email"),
    ("email", "affiliate", None, "Email", "order: before Affiliates"),
    ("sms", "audio", None, "Audio", "order: before SMS"),
    ("firebase", "sms", None, "SMS", "order: before Mobile Push Notifications"),
    ("google\nbing", "", None, "Unassigned", "two lines are no source"),
)  # fmt: skip

SAMPLES = {
    "search": "google www.google.com google.co.uk google.com.br GOOGLE.AT bing cn.bing.com www.bing.com yahoo search.yahoo.com "
    "fr.search.yahoo.com yahoo.co.jp yandex yandex.ru yandex.com.tr ya.ru baidu www.baidu.com m.baidu.com duckduckgo "
    "html.duckduckgo.com ecosia.org www.ecosia.org qwant.com lite.qwant.com startpage.com search.brave.com kagi.com "
    "search.seznam.cz m.search.naver.com search.daum.net www.sogou.com so.com m.sm.cn go.mail.ru search.aol.com ask.com "
    "metager.de swisscows.com suche.gmx.net suche.web.de suche.t-online.de msn",
    "social": "facebook l.facebook.com lm.facebook.com fb.me messenger.com instagram l.instagram.com ig threads.net t.co x.com x "
    "twitter mobile.twitter.com linkedin.com lnkd.in pinterest.de pin.it reddit old.reddit.com tiktok.com snapchat whatsapp "
    "wa.me t.me web.telegram.org bsky.app mastodon.social discord.gg tumblr.com quora.com stackoverflow.com medium medium.com "
    "news.ycombinator.com myname.blogspot.com.es xing.com away.vk.com ok.ru weibo.com zhihu.com line.me cafe.naver.com ow.ly "
    "yelp.co.uk tripadvisor.com.au android-app://com.linkedin.android/ linktr.ee",
    "video": "youtube m.youtube.com youtu.be music.youtube.com vimeo player.vimeo.com dailymotion.com twitch.tv netflix hulu.com "
    "primevideo.com ted.com wistia.com bilibili.com v.qq.com douyin.com nicovideo.jp rutube.ru kick.com",
    "shopping": "amazon amazon.de www.amazon.co.uk smile.amazon.com amzn.to ebay.com cgi.ebay.de etsy walmart.com aliexpress.ru "
    "de.aliexpress.com temu.com myshop.myshopify.com shopping.google.com google-shopping shopping.yahoo.co.jp "
    "item.rakuten.co.jp allegro.pl otto.de zalando.ch idealo.de geizhals.at mercadolibre.com.ar kleinanzeigen.de vinted.fr "
    "shopee.com.my",
    "ai_assistant": "chatgpt chatgpt.com chat.openai.com openai perplexity www.perplexity.ai gemini gemini.google.com "
    "bard.google.com notebooklm.google.com copilot copilot.microsoft.com copilot.com edgeservices.bing.com claude.ai claude "
    "you.com poe poe.com meta.ai chat.deepseek.com deepseek mistral chat.mistral.ai grok grok.com x.ai phind.com pi.ai "
    "chat.qwen.ai kimi.com doubao.com chat.baidu.com genspark.ai duck.ai",
    None: "shop.example newsletter crm mail.google.com news.google.com play.google.com docs.google.com mail.yahoo.com "
    "github.com huggingface.co googleadservices.com notgoogle.com mybing.com xbox.com fax.com box.com aws.amazon.com "
    "wikipedia.org apple.com target start.example facebookmail.example ask.example login.microsoftonline.com brave.com "
    "awin1.com 127.0.0.1 localhost",
}  # fmt: skip


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as con:
        con.execute("create schema seeds")
        for table in SEEDS:
            con.execute(f"create table {table} as {MODELS[table].sql}")
        con.execute("create table pair (source varchar, medium varchar, campaign varchar)")
        con.executemany("insert into pair values (?, ?, ?)", [case[:3] for case in CASES])
        con.execute("create table sample (source varchar)")
        con.executemany("insert into sample values (?)", [[s] for text in SAMPLES.values() for s in text.split()])
        con.execute("insert into pair select source, 'rare', 'spring' from sample")
        yield con


@pytest.fixture(scope="module")
def found(con):
    """(source, medium, campaign) -> (channel, is_paid, rule_order)."""
    return {row[:3]: row[3:] for row in con.execute(CHANNEL_OF_PAIR).fetchall()}


@pytest.mark.parametrize(("source", "medium", "campaign", "channel", "reason"), CASES)
def test_a_source_medium_and_campaign_have_their_channel(found, source, medium, campaign, channel, reason):
    assert found[source, medium, campaign][0] == channel, reason


def test_sessions_of_events_have_these_channels(found):
    told = pa.Table.from_pylist([dict(zip(("source", "medium", "campaign"), pair, strict=True)) for pair in found])
    rows = Channels(load_settings()).of(told).to_pylist()
    assert {tuple(row.values())[:3]: row["channel"] for row in rows} == {pair: row[0] for pair, row in found.items()}


def test_clarity_s_days_have_these_channels_where_no_campaign_is_known(found):
    pairs = {(source, medium): row[0] for (source, medium, campaign), row in found.items() if campaign is None}
    assert len(pairs) > 20
    with warehouse() as con:
        for source, medium in pairs:
            landed(con, "clarity_source_medium", DAY, source=source, medium=medium, sessions=1)
        build(con, DAY, DAY + timedelta(days=1))
        rows = con.execute("select source, medium, channel from marts.fct_attribution_daily").fetchall()
    assert {row[:2]: row[2] for row in rows} == pairs


def test_every_pair_has_one_channel(con, found):
    pairs = con.execute("select count(*), count(distinct (source, medium, campaign)) from pair").fetchone()
    assert pairs == (len(found), len(found))
    assert len(con.execute(CHANNEL_OF_PAIR).fetchall()) == len(found)


def test_every_rule_is_the_first_for_some_case(con, found):
    orders = {order for (order,) in con.execute("select rule_order from seeds.channel_rules").fetchall()}
    assert {found[case[:3]][2] for case in CASES} == orders


def test_the_order_has_no_gap_and_ends_with_a_rule_for_everything(con):
    rules = con.execute("from seeds.channel_rules order by rule_order").fetchall()
    assert [rule[0] for rule in rules] == list(range(1, len(rules) + 1))
    assert rules[-1][1:7] == ("Unassigned", None, None, None, None, None)
    assert not [rule for rule in rules[:-1] if set(rule[3:7]) == {None}]


def test_a_channel_is_paid_or_not_in_all_its_rules(con):
    rows = con.execute("select distinct channel, is_paid from seeds.channel_rules").fetchall()
    is_paid = dict(rows)
    assert len(rows) == len(is_paid) == 20
    named_so = {channel for channel in is_paid if channel.startswith("Paid ")}
    assert {channel for channel in is_paid if is_paid[channel]} == {"Cross-network", "Display", "Audio", *named_so}
    assert [channel for channel in is_paid if is_paid[channel] is None] == ["Unassigned"]


def test_every_pattern_compiles_and_none_can_run_into_the_next_line(con):
    columns = [("channel_rules", f"{name}_pattern") for name in ("source", "medium", "campaign")]
    for table, column in [*columns, ("source_categories", "source_pattern")]:
        sql = f"select {column}, regexp_full_match('a' || chr(10) || 'b', {column}) from seeds.{table}"
        patterns = con.execute(f"{sql} where {column} is not null").fetchall()
        assert patterns
        assert not any(matches for _, matches in patterns)
        if table == "source_categories":
            assert not [p for p, _ in patterns if "[^" in p or "\\s" in p or "(?" in p]


def test_every_category_is_used_and_exists(con):
    used = con.execute("select distinct source_category from seeds.channel_rules where source_category is not null")
    categories = {category for (category,) in used.fetchall()}
    known = con.execute("select distinct category from seeds.source_categories").fetchall()
    assert categories == {category for (category,) in known} == {category for category in SAMPLES if category}


def test_a_source_falls_into_its_category_and_into_no_other(con):
    found: dict[str, list[str]] = {}
    for source, category, _ in con.execute(CATEGORY_OF_SOURCE).fetchall():
        found.setdefault(source, []).append(category)
    expected = {source: [c] for c, text in SAMPLES.items() if c for source in text.split()}
    assert found == expected


def test_no_two_rows_are_of_one_site(con):
    sites = [site for (site,) in con.execute("select site from seeds.source_categories").fetchall()]
    assert len(sites) == len(set(sites)) >= 150


def test_sources_matched_as_a_list_have_the_rule_that_they_have_one_by_one(con, found):
    assert {row[:3]: row[3] for row in con.execute(RULE_OF_PAIR_ONE_BY_ONE).fetchall()} == {
        pair: rule_order for pair, (_, _, rule_order) in found.items()
    }
