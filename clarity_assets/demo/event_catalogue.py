"""What the simulated shop's raw events tell beyond its pages: goods, user agents, time zones, planted truths."""

from dataclasses import dataclass

from clarity_assets.demo.catalogue import EQUIPMENT, PRODUCTS, Planted

EVENT_TYPES = ("pageview", "search", "view", "cart", "remove", "checkout", "purchase")


@dataclass(frozen=True)
class Good:
    """What an event tells of a product; `price` is that of one."""

    category: str
    brand: str
    price: float


GOODS = {
    "arc-lamp": Good("lamps", "Halden", 189.0), "paper-lamp": Good("lamps", "Kumo", 49.0),
    "reading-lamp": Good("lamps", "Halden", 79.0), "oak-desk": Good("desks", "Linden & Oak", 649.0),
    "standing-desk": Good("desks", "Halden", 549.0), "folding-desk": Good("desks", "Kumo", 199.0),
    "lounge-chair": Good("chairs", "Linden & Oak", 429.0), "bar-stool": Good("chairs", "Halden", 99.0),
    "bench": Good("chairs", "Linden & Oak", 239.0), "wall-shelf": Good("shelves", "Linden & Oak", 89.0),
    "book-tower": Good("shelves", "Kumo", 129.0), "wool-rug": Good("rugs", "Fjell", 319.0),
    "jute-rug": Good("rugs", "Fjell", 149.0), "linen-curtain": Good("textiles", "Fjell", 69.0),
    "throw": Good("textiles", "Fjell", 59.0), "herb-planter": Good("garden", "Kumo", 39.0),
    "fire-bowl": Good("garden", "Halden", 119.0), "gift-card": Good("textiles", "Linden & Oak", 50.0),
}  # fmt: skip
"""Product -> what is told of it, in the order of `PRODUCTS`."""

CATEGORY_OF_PRODUCT = tuple(GOODS[p].category for p in PRODUCTS)
QUANTITY_WEIGHTS = (86, 9, 1, 4)  # of 1, 2, 3 and 4 of a product put in

_WINDOWS, _MAC = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7"
_ANDROID, _IPHONE = "Linux; Android 14; Pixel 8", "iPhone; CPU iPhone OS 17_6_1 like Mac OS X"
_IPAD, _TABLET = "iPad; CPU OS 17_6_1 like Mac OS X", "Linux; Android 13; SM-X700"
_WEBKIT, _WEBKIT_APPLE = "AppleWebKit/537.36 (KHTML, like Gecko)", "AppleWebKit/605.1.15 (KHTML, like Gecko)"

AGENTS = {
    ("PC", "Chrome", "Windows"): f"Mozilla/5.0 ({_WINDOWS}) {_WEBKIT} Chrome/139.0.0.0 Safari/537.36",
    ("PC", "Edge", "Windows"): f"Mozilla/5.0 ({_WINDOWS}) {_WEBKIT} Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0",
    ("PC", "Chrome", "MacOSX"): f"Mozilla/5.0 ({_MAC}) {_WEBKIT} Chrome/139.0.0.0 Safari/537.36",
    ("PC", "Safari", "MacOSX"): f"Mozilla/5.0 ({_MAC}) {_WEBKIT_APPLE} Version/17.6 Safari/605.1.15",
    ("PC", "Firefox", "Windows"): f"Mozilla/5.0 ({_WINDOWS}; rv:142.0) Gecko/20100101 Firefox/142.0",
    ("PC", "Firefox", "Linux"): "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    ("Mobile", "ChromeMobile", "Android"):
        f"Mozilla/5.0 ({_ANDROID}) {_WEBKIT} Chrome/139.0.0.0 Mobile Safari/537.36",
    ("Mobile", "MobileSafari", "IOS"):
        f"Mozilla/5.0 ({_IPHONE}) {_WEBKIT_APPLE} Version/17.6 Mobile/15E148 Safari/604.1",
    ("Mobile", "SamsungInternet", "Android"):
        f"Mozilla/5.0 (Linux; Android 14; SM-S918B) {_WEBKIT} SamsungBrowser/26.0 Chrome/122.0 Mobile Safari/537.36",
    ("Mobile", "FacebookApp", "IOS"):
        f"Mozilla/5.0 ({_IPHONE}) {_WEBKIT_APPLE} Mobile/15E148 [FBAN/FBIOS;FBAV/475.0.0.37.107;FBBV/629000000;"
        "FBDV/iPhone15,2;FBMD/iPhone;FBSN/iOS;FBSV/17.6.1;FBSS/3;FBID/phone;FBLC/de_DE;FBOP/5]",
    ("Mobile", "GoogleApp", "Android"):
        f"Mozilla/5.0 ({_ANDROID}) {_WEBKIT} Version/4.0 Chrome/139.0.0.0 Mobile Safari/537.36 GSA/15.31.31.28.arm64",
    ("Tablet", "MobileSafari", "IOS"):
        f"Mozilla/5.0 ({_IPAD}) {_WEBKIT_APPLE} Version/17.6 Mobile/15E148 Safari/604.1",
    ("Tablet", "ChromeMobile", "Android"): f"Mozilla/5.0 ({_TABLET}) {_WEBKIT} Chrome/139.0.0.0 Safari/537.36",
    ("Email", "Other", "Other"):
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0E; Microsoft Outlook 16.0.426)",
}  # fmt: skip
"""Device, browser and OS of people -> the user agent that says so."""

CRAWLERS = (
    f"Mozilla/5.0 {_WEBKIT} (compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/139.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    f"Mozilla/5.0 {_WEBKIT} (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
)
HEADLESS = (f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/139.0.0.0 Safari/537.36",)

BOT_AGENTS = tuple(CRAWLERS if row[0] == "Other" else HEADLESS for row in EQUIPMENT)
"""By equipment, what its bots call themselves."""

TIMEZONES = {
    "Germany": ("Europe/Berlin",), "Austria": ("Europe/Vienna",), "Switzerland": ("Europe/Zurich",),
    "Netherlands": ("Europe/Amsterdam",), "France": ("Europe/Paris",), "United Kingdom": ("Europe/London",),
    "Poland": ("Europe/Warsaw",), "Italy": ("Europe/Rome",), "Spain": ("Europe/Madrid",),
    "Denmark": ("Europe/Copenhagen",), "Portugal": ("Europe/Lisbon",), "Sweden": ("Europe/Stockholm",),
    "United States": ("America/New_York", "America/Chicago", "America/Los_Angeles"),
    "Côte d’Ivoire": ("Africa/Abidjan",), "Ireland": ("Europe/Dublin",), "Singapore": ("Asia/Singapore",),
}  # fmt: skip
"""Country -> the IANA time zones that its visitors' browsers tell."""


@dataclass(frozen=True)
class Temper:
    """How a kind of visitor shops: quick looks at products without a page of their own, and what goes into the cart.

    `first_looks` is the least number of looks in a session, on its first page; `more_looks` the mean of further ones
    a page; `search_share` how many pages they search on; `cart_share` how many products looked at are put in.
    """

    first_looks: int
    more_looks: float
    search_share: float
    cart_share: float


EVERYBODY = Temper(first_looks=0, more_looks=0.5, search_share=0.04, cart_share=0.05)  # nothing planted
READER = Temper(first_looks=0, more_looks=0.03, search_share=0.0, cart_share=0.02)
COMPARER = Temper(first_looks=4, more_looks=0.7, search_share=0.22, cart_share=0.07)

COMPARER_SHARE = 0.25  # of the persons who never go to a cart
FAVOURITE_SHARE = 0.65  # of quick looks that stay in the person's favourite category
ACCOUNT_SHARE = 0.12  # of visitors who are logged in, always; the others never are
COMPLETION_SHARE = 0.75  # of sessions that reach the checkout and buy
CART_SHARE_OF_GOERS = 0.3  # of the products looked at in a session that goes to the cart, at least
CART_CAP = 3  # different products that a session puts in
REMOVAL_SHARE = 0.10  # of sessions on /cart with two products or more that take one out

PLANTED_EVENTS = {
    p.name: p
    for p in (
        Planted(
            "abandoned_product",
            "size = share of its would-be purchases that do not happen: it is taken out at the checkout, or, "
            "where it is alone in the cart, nothing is bought; it is put into carts as often as others",
            {"product_id": "standing-desk"}, 0.0, None, 0.80,
        ),
        Planted(
            "leaking_step",
            "size = share of the purchases on Mobile that are lost between checkout and purchase (fits the "
            "clicks that fail there: checkout_on_mobile)",
            {"device": "Mobile", "from": "checkout", "to": "purchase"}, 0.0, None, 0.60,
        ),
        Planted(
            "returning_cohort",
            "size = share of the persons first seen in its week who come again, logged in and with a browser "
            "never seen before, in each later week; its week is the first from Monday on after from_share",
            {"cohort": "week"}, 0.15, 7, 0.24,
        ),
        Planted(
            "two_segments",
            "size = share of persons with a visit to the cart who compare: every session of theirs looks at "
            f"four products or more; of the others {COMPARER_SHARE:.0%} do; the rest read a page or two",
            {"segment": "comparer"}, 0.0, None, 0.92,
        ),
    )
}  # fmt: skip
"""Truths of the raw events alone, by name; a site without planted truths has none. `Planted.dimensions` say where."""
