"""What the simulated shop consists of: pages, equipment, traffic sources, behaviour, planted truths."""

from dataclasses import dataclass
from datetime import date, timedelta

HOST = "https://shop.example"
SHOP = "Linden & Oak"

CATEGORIES = ("lamps", "desks", "chairs", "shelves", "rugs", "textiles", "garden", "sale")
PRODUCTS = (
    "arc-lamp", "paper-lamp", "reading-lamp", "oak-desk", "standing-desk", "folding-desk", "lounge-chair",
    "bar-stool", "bench", "wall-shelf", "book-tower", "wool-rug", "jute-rug", "linen-curtain", "throw",
    "herb-planter", "fire-bowl", "gift-card",
)  # fmt: skip
ARTICLES = ("small-rooms", "oak-or-ash", "care-for-linen", "home-office", "light-plans", "our-carpenters")


@dataclass(frozen=True)
class Page:
    """One page; the weights say how often a session begins on it, or goes on to it."""

    path: str
    section: str
    title: str
    entry_weight: float
    inner_weight: float

    @property
    def url(self) -> str:
        return HOST + self.path


def _title(words: str) -> str:
    return f"{words.replace('-', ' ').capitalize()} | {SHOP}"


PAGES = (
    Page("/", "home", SHOP, 34, 9),
    *(Page(f"/category/{c}", "category", _title(c), 3.2 - 0.2 * i, 5) for i, c in enumerate(CATEGORIES)),
    *(Page(f"/product/{p}", "product", _title(p), 1.6 - 0.06 * i, 2.2) for i, p in enumerate(PRODUCTS)),
    *(Page(f"/blog/{a}", "blog", _title(a), 2.5 - 0.3 * i, 0.6) for i, a in enumerate(ARTICLES)),
    Page("/search", "search", _title("search"), 0, 5),
    Page("/account", "account", _title("your-account"), 1, 1.5),
    Page("/help/returns", "help", _title("returns"), 0.8, 1),
    Page("/help/contact", "help", _title("contact"), 0.6, 1),
    Page("/cart", "cart", _title("cart"), 0, 2),
    Page("/checkout", "checkout", _title("checkout"), 0, 0.3),
    Page("/category/outdoor", "category", _title("outdoor"), 0, 0),  # planted: nobody goes there without it
)
"""Every page of the shop."""

PAGE_PLACE = {page.path: i for i, page in enumerate(PAGES)}

SECTION_SUFFIXES = {
    "category": (0.08, ("?sort=price_asc",)),
    "product": (0.06, ("#reviews",)),
    "search": (1.0, ("?q=lamp", "?q=desk", "?q=gift", "?q=rug", "?q=anna.muster%40mail.example")),
    "help": (0.10, ("#refund",)),
}
"""Section -> share of its page views whose URL has a query string or fragment, and which."""

DESKTOP = (
    ("PC", "Chrome", "Windows", 22), ("PC", "Edge", "Windows", 9), ("PC", "Chrome", "MacOSX", 5),
    ("PC", "Safari", "MacOSX", 5), ("PC", "Firefox", "Windows", 3), ("PC", "Firefox", "Linux", 1),
)  # fmt: skip
MOBILE = (
    ("Mobile", "ChromeMobile", "Android", 24), ("Mobile", "MobileSafari", "IOS", 20),
    ("Mobile", "SamsungInternet", "Android", 3), ("Mobile", "FacebookApp", "IOS", 1.5),
    ("Mobile", "GoogleApp", "Android", 1.5),
)  # fmt: skip
RARE = (
    ("Tablet", "MobileSafari", "IOS", 3.5), ("Tablet", "ChromeMobile", "Android", 1.4),
    ("Email", "Other", "Other", 0.1), ("Other", "Other", "Other", 0), ("PC", "Chrome", "Linux", 0),
)  # fmt: skip
EQUIPMENT = DESKTOP + MOBILE + RARE
"""Device, browser, OS, weight among people; bots use the last two (no person has device `Other`)."""

EQUIPMENT_OF_BOTS = tuple(6.0 if row[0] == "Other" else 4.0 if row is RARE[-1] else 0.0 for row in EQUIPMENT)
EQUIPMENT_OF_PAGELESS = tuple(7.0 if row[0] == "Other" else row[3] / 30 for row in EQUIPMENT)

COUNTRIES = (
    ("Germany", 34, 5), ("Austria", 11, 0), ("Switzerland", 9, 0), ("Netherlands", 7, 0), ("France", 7, 0),
    ("United Kingdom", 6, 0), ("Poland", 5, 0), ("Italy", 5, 0), ("Spain", 4, 0), ("Denmark", 3, 0),
    ("United States", 4, 30), ("Portugal", 2, 0), ("Sweden", 2, 0), ("Côte d’Ivoire", 1, 0),
    ("Ireland", 0, 40), ("Singapore", 0, 25),
)  # fmt: skip
"""Country, weight among people, weight among bots (Ireland and Singapore are data centres: bots alone)."""


@dataclass(frozen=True)
class Traffic:
    """One way to the shop: the four values that Clarity tells, and the traces it leaves in the first URL."""

    source: str | None
    medium: str | None
    campaign: str | None
    channel: str
    people_weight: float
    bots_weight: float = 0
    suffix: str = ""
    click_id: str = ""
    referrer: str | None = None


CAMPAIGN = "autumn_push"
TRAFFIC = (
    Traffic("google", "organic", None, "OrganicSearch", 34, referrer="https://www.google.com/"),
    Traffic(None, None, None, "Direct", 27, 80),
    Traffic("bing", "organic", None, "OrganicSearch", 5, referrer="https://www.bing.com/"),
    Traffic("google", "cpc", "brand_search", "PaidSearch", 6, 2,
            "?utm_source=google&utm_medium=cpc&utm_campaign=brand_search", "gclid", "https://www.google.com/"),
    Traffic("facebook", "social", None, "Social", 6, click_id="fbclid", referrer="https://m.facebook.com/"),
    Traffic("newsletter", "email", "weekly_digest", "Other", 7,
            suffix="?utm_source=newsletter&utm_medium=email&utm_campaign=weekly_digest"),
    Traffic("chatgpt.com", "", None, "AiPlatform", 4, suffix="?utm_source=chatgpt.com", referrer="https://chatgpt.com/"),
    Traffic("shop.example", "referral", None, "Referral", 5, 8, referrer=HOST + "/"),
    Traffic("magazine.example", "referral", "", "Referral", 6, referrer="https://magazine.example/homes",
            suffix="?utm_source=magazine.example&utm_medium=referral&utm_campaign="),
    Traffic("", "", "", "Other", 0, 10),
    Traffic("instagram", "paid_social", CAMPAIGN, "Social", 0, referrer="https://l.instagram.com/",
            suffix=f"?utm_source=instagram&utm_medium=paid_social&utm_campaign={CAMPAIGN}"),
)  # fmt: skip
"""Every way to the shop. A session has one here; with Clarity it can have several."""

TRAFFIC_OF_CAMPAIGN = len(TRAFFIC) - 1
TRAFFIC_OF_PAGELESS = TRAFFIC_OF_CAMPAIGN - 1

WEEKDAY_FACTORS = (1.08, 1.04, 1.00, 0.97, 0.91, 0.88, 1.12)  # Monday first; mean 1
GROWTH_A_DAY = 0.004  # of the first day's sessions
HOUR_WEIGHTS = (
    1.2, 0.7, 0.5, 0.4, 0.5, 0.9, 2.0, 3.2, 4.3, 5.0, 5.4, 5.6,
    5.8, 5.4, 5.0, 5.0, 5.2, 5.8, 6.8, 7.8, 8.2, 7.0, 4.6, 2.4,
)  # fmt: skip
"""How sessions spread over the hours 00-23 UTC."""

BOT_SHARE, PAGELESS_SHARE, BUYER_SHARE = 0.07, 0.02, 0.10  # of all sessions; buyers of people's
CLICK_ID_SHARE = 0.4  # of the landings from advertisements and the like

SIGNAL_RATES = {
    "dead_click": 0.05, "rage_click": 0.006, "quick_back": 0.06,
    "excessive_scroll": 0.006, "script_error": 0.02, "error_click": 0.004,
}  # fmt: skip
"""Share of a person's page views that show the signal."""

SIGNAL_REPEATS = {
    "dead_click": 1.0, "rage_click": 1.6, "quick_back": 0.0,
    "excessive_scroll": 0.0, "script_error": 0.8, "error_click": 0.2,
}  # fmt: skip
"""Mean number of further occurrences on such a page view (quick backs and excessive scrolls: one a view)."""


@dataclass(frozen=True)
class Planted:
    """One truth put into the site on purpose.

    `dimensions` say where it is (API parameter -> value, the URL without query string), `from_share` from
    which share of the simulated days on, `lasts_days` how long (None: to the end), `size` how much of `what`.
    """

    name: str
    what: str
    dimensions: dict[str, str]
    from_share: float
    lasts_days: int | None
    size: float

    def day_range(self, days: int) -> range:
        """The days, counted from 0, on which it is there, in a site of so many days."""
        first = int(days * self.from_share)
        return range(first, days if self.lasts_days is None else min(days, first + self.lasts_days))

    def dates(self, first_day: date, days: int) -> list[date]:
        """The same as UTC days."""
        return [first_day + timedelta(days=i) for i in self.day_range(days)]


DEAD_CLICKS_PER_RAGE = 1.6  # the planted checkout's dead-click views for each of its rage-click views

PLANTED = {
    p.name: p
    for p in (
        Planted(
            "checkout_on_mobile",
            "size = share of the checkout's page views on Mobile with added rage clicks (elsewhere 0.006), "
            "and 1.6 times as many with added dead clicks (elsewhere 0.05)",
            {"URL": HOST + "/checkout", "Device": "Mobile"}, 0.0, None, 0.22,
        ),
        Planted(
            "campaign",
            "size = added sessions as a share of the usual ones; they see fewer pages, stay 0.4 times as "
            "long on each, scroll half as deep and go back quickly three times as often",
            {"Campaign": CAMPAIGN, "Source": "instagram", "Medium": "paid_social"}, 2 / 3, 10, 0.30,
        ),
        Planted(
            "new_page",
            "size = share of category and product views that go to a page nobody has seen before",
            {"URL": HOST + "/category/outdoor"}, 0.6, None, 0.08,
        ),
        Planted(
            "growing_country",
            "size = added share of new visitors on the last day, growing evenly from 0 (usual share 0.02)",
            {"Country": "Portugal"}, 0.4, None, 0.14,
        ),
    )
}  # fmt: skip
"""The truths that reports and tests should find, by name; `generate(planted=False)` has none of them."""
