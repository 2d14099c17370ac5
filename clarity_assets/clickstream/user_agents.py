"""User agents in; class of device, browser, operating system, whether a program sent it, out (by ua-parser's rules)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

PCS = {
    "Windows", "Mac OS X", "Mac OS", "Linux", "Ubuntu", "Fedora", "Debian", "Red Hat", "CentOS", "SUSE", "Arch Linux",
    "Gentoo", "Mageia", "Mandriva", "Linux Mint", "Slackware", "Kubuntu", "Chrome OS", "FreeBSD", "OpenBSD", "NetBSD",
    "Solaris",
}  # fmt: skip
PHONES = {
    "iOS", "Android", "Windows Phone", "Windows Mobile", "BlackBerry OS", "Symbian OS", "Symbian^3", "KaiOS",
    "Firefox OS", "Bada", "Nokia Series 40", "HarmonyOS",
}  # fmt: skip
TABLETS = re.compile(r"iPad|Tablet|PlayBook|Kindle|\bSilk\b(?!.*\bMobile\b)|Nexus (?:7|9|10)\b")
NEITHER = re.compile(
    r"\bTV\b|SMART-TV|SmartTV|AppleTV|GoogleTV|HbbTV|NetCast|Web0S|BRAVIA|\bAFT[A-Z]|Roku|CrKey|PlayStation|Xbox|Nintendo"
    r"|\bWatch\b|Oculus|Quest \d",
    re.IGNORECASE,
)
BOTS = re.compile(
    # what names itself a program (`bot` as a word's end: Googlebot, AhrefsBot), but for Cubot, who makes phones
    r"(?<!cu)bot\b|\bbot(?=[-_/ ;)])|crawl|spider|slurp|\bfetch|scrap(?:er|y)|archiver|externalagent"
    r"|externalhit|preview"
    # browsers that nobody sits at
    r"|headless|phantomjs|puppeteer|playwright|selenium|webdriver|cypress"
    # measuring and watching
    r"|lighthouse|pagespeed|pingdom|gtmetrix|uptime|monitor|statuscake|site24x7|newrelic|datadog|catchpoint|dareboost"
    # libraries and tools
    r"|^(?:curl|wget|python|java|go-http|okhttp|apache-httpclient|libwww|lwp|perl|php|ruby|node|axios|got|guzzle|postman"
    r"|insomnia|httpie|http_|winhttp|aiohttp|httpx|rest-client|faraday|k6|jmeter|vegeta)"
    # assistants that read in somebody's stead
    r"|chatgpt-user|oai-search|perplexity|claude-(?:web|user|searchbot)|anthropic|cohere-ai|bytespider|meta-external"
    r"|google-(?:inspection|read-aloud|safety|extended)|apis-google|mediapartners|feedfetcher|bingpreview",
    re.IGNORECASE,
)
SPIDER = "Spider"  # ua-parser's family of the devices of programs
AGENT_TYPES = (("user_agent", pa.string()), ("device", pa.string()), ("browser", pa.string()), ("os", pa.string()),
               ("is_bot", pa.bool_()))  # fmt: skip


@dataclass(frozen=True)
class Agent:
    """`device`: PC, Mobile, Tablet or Other. `browser`, `os`: families; None where the rules know none."""

    device: str
    browser: str | None
    os: str | None
    is_bot: bool


def agent_of(user_agent: str) -> Agent:
    """What a user agent tells; some 80 µs."""
    from ua_parser import parse  # 40 ms, and its rules 0.6 s with the first user agent

    told = parse(user_agent)
    device = told.device.family if told.device else None
    browser = told.user_agent.family if told.user_agent else None
    os = told.os.family if told.os else None
    is_bot = (device == SPIDER and "CUBOT" not in user_agent) or bool(BOTS.search(user_agent))
    brand = (told.device.brand if told.device else None) or ""
    return Agent("Other" if is_bot else _device(user_agent, os, brand), browser, os, is_bot)


def agent_rows(user_agents: Iterable[str]) -> pa.Table:
    """A row for each: user_agent, device, browser, os, is_bot."""
    told = [(user_agent, *vars(agent_of(user_agent)).values()) for user_agent in user_agents]
    columns = zip(*told, strict=True) if told else [()] * len(AGENT_TYPES)
    return pa.table({name: pa.array(v, type_) for (name, type_), v in zip(AGENT_TYPES, columns, strict=True)})


def _device(user_agent: str, os: str | None, brand: str) -> str:
    if NEITHER.search(user_agent):
        return "Other"
    if TABLETS.search(user_agent) or brand.endswith("_Tablet"):
        return "Tablet"
    if os == "Android" and "AppleWebKit" in user_agent and "Mobile" not in user_agent:
        return "Tablet"  # Chrome and Android's own browser say Mobile on phones alone (Android's documentation)
    if os in PHONES:
        return "Mobile"
    return "PC" if os in PCS else "Mobile" if "Mobile" in user_agent else "Other"
