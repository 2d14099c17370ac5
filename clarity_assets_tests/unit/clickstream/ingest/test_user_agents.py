"""User agents: class of device as Clarity names them, families, and programs that are no visitors."""

import pytest

from clarity_assets.clickstream.user_agents import agent_of, agent_rows

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(("user_agent", "told"), [
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/130.0.0.0 Safari/537.36", ("PC", "Chrome", "Windows")),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/17.0 Safari/605.1.15", ("PC", "Safari", "Mac OS X")),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/130.0.0.0 Safari/537.36", ("PC", "Chrome", "Chrome OS")),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", ("PC", "Firefox", "Ubuntu")),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148"
     " Safari/604.1", ("Mobile", "Mobile Safari", "iOS")),
    ("Mozilla/5.0 (iPad; CPU OS 16_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.3 Mobile/15E148 Safari/604.1",
     ("Tablet", "Mobile Safari", "iOS")),
    (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/130.0.0.0 Mobile Safari/537.36", ("Mobile", "Chrome Mobile", "Android")),
    (f"Mozilla/5.0 (Linux; Android 13; SM-X700) {WEBKIT} Chrome/130.0.0.0 Safari/537.36", ("Tablet", "Chrome", "Android")),
    (f"Mozilla/5.0 (Linux; Android 7.0; CUBOT_NOTE_S) {WEBKIT} Chrome/100.0.0.0 Mobile Safari/537.36",
     ("Mobile", "Chrome Mobile", "Android")),
    (f"Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) {WEBKIT} Version/5.0 Safari/538.1", ("Other", "Safari", "Tizen")),
    ("Mozilla/5.0 (PlayStation 4 3.11) AppleWebKit/537.73 (KHTML, like Gecko)", ("Other", None, None)),
    ("my own shop app", ("Other", None, None)),
])  # fmt: skip
def test_a_person_s_user_agent_tells_device_browser_and_system(user_agent, told):
    agent = agent_of(user_agent)
    assert not agent.is_bot
    assert agent.device == told[0]
    if told[1:] != ("Chrome", "Android"):  # ua-parser calls Chrome on tablets by either name
        assert (agent.browser, agent.os) == told[1:]


@pytest.mark.parametrize("user_agent", [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "curl/8.4.0", "python-requests/2.31.0", "Wget/1.21",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Go-http-client/2.0", "okhttp/4.9.0",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "facebookexternalhit/1.1", "meta-externalagent/1.1",
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/120.0 Safari/537.36", "Java/17.0.1", "Apache-HttpClient/4.5",
    "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "Pingdom.com_bot_version_1.4", "node-fetch/1.0",
    f"Mozilla/5.0 (Linux; Android 11; moto g) {WEBKIT} Chrome/119.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse", "Scrapy/2.11",
    f"Mozilla/5.0 {WEBKIT}; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "Mozilla/5.0 (compatible; Bytespider)",
    "Baiduspider+(+http://www.baidu.com/search/spider.htm)", "Mozilla/5.0 (compatible; YandexBot/3.0)", "DuckDuckBot/1.1",
    "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "PerplexityBot/1.0", "SiteMonitor/1.0",
])  # fmt: skip
def test_a_program_is_a_bot_on_no_device(user_agent):
    agent = agent_of(user_agent)
    assert agent.is_bot
    assert agent.device == "Other"


def test_no_user_agents_are_a_table_without_rows():
    assert agent_rows([]).num_rows == 0
    assert agent_rows(["curl/8"]).to_pylist() == [
        {"user_agent": "curl/8", "device": "Other", "browser": "curl", "os": None, "is_bot": True}
    ]
