"""Every rule of recommendations: what it looks at, from where on it speaks, why it matters, and what to try."""

from dataclasses import dataclass
from typing import Literal

from clarity_assets.reports.document import Level
from clarity_assets.reports.marts import ATTRIBUTION, GEOGRAPHY, PAGE, SIGNAL, SITE

MIN_RATIO = 1.3  # at the lower end of the interval: a sure but small difference is not worth a change of the site
MAX_MEAN_RATIO = 0.7  # of a mean of which more is better, at the upper end: a third less, by the same reason
SHALLOW_RATIO = 0.6  # pages are made for different things, so a page must be far below the others
MIN_SESSIONS = 20  # affected ones in the period: below, a few odd visitors make it
MIN_NEW_SHARE = 0.01  # of the site's sessions: a new page that fewer see has not taken off
ONE_DEVICE_SHARE = 2 / 3  # of the sessions hit without need: from here on it is that device's, below it is the page's

Looks = Literal["page", "page_mean", "segment", "source", "country", "rise", "new_page", "bots"]
Audience = Literal["ux", "product"]

HORIZONS = {Level.HIGH: "now", Level.MEDIUM: "next two weeks", Level.LOW: "this month"}
"""When to act, by level."""


@dataclass(frozen=True)
class Rule:
    """One rule. `name` is part of the ids of its recommendations: it stays.

    `looks`: which groups it holds against one another, see `evidence`. `table`, `measure`: whose difference (or
    change) it takes; `signal`: of which signal, None: of each. `min_ratio`: at the end of the interval that is nearest
    to "the same". `min_sessions`: affected ones. `highest`: the most that it can matter.
    `is_chance`: something that grows, where nothing is wrong; told behind what is wrong.
    """

    name: str
    title: str
    looks: Looks
    table: str
    measure: str
    reason: str
    to_try: tuple[str, ...]
    signal: str | None = None
    dimension: str | None = None
    min_ratio: float = MIN_RATIO
    min_sessions: int = MIN_SESSIONS
    audience: Audience = "ux"
    highest: Level = Level.HIGH
    is_chance: bool = False


RULES = (
    # --- a page against the other pages: by page and device, where one device has most of it --------------------------
    Rule(
        "rage_clicks_on_page", "Rage clicks on {page}", "page", PAGE, "rage_click_session_rate", signal="rage_click",
        reason="People click again and again where nothing answers: they take it for broken.",
        to_try=("Watch recordings of the page with rage clicks, and note which element is clicked.",
                "Make that element work, or no longer look as if it did.",
                "Show at once that a click was taken, such as a spinner on the button."),
    ),
    Rule(
        "dead_clicks_on_page", "Dead clicks on {page}", "page", PAGE, "dead_click_session_rate", signal="dead_click",
        reason="People click what looks as if it did something, and nothing happens.",
        to_try=("Open the page's click map for dead clicks, and see what is clicked.",
                "Link what people want to open, such as the picture of a product.",
                "Take away underlines, arrows and button shapes from what is no link."),
    ),
    Rule(
        "quick_backs_on_page", "Quick backs on {page}", "page", PAGE, "quick_back_session_rate", signal="quick_back",
        reason="People come to the page and go straight back: it is not what the link before promised.",
        to_try=("Hold the page's title and first lines against the links that lead to it.",
                "Put what people look for into the first screen.",
                "Measure how long the page takes to appear on a slow connection."),
    ),
    Rule(
        "excessive_scroll_on_page", "Excessive scrolling on {page}", "page", PAGE, "excessive_scroll_session_rate",
        signal="excessive_scroll",
        reason="People scroll up and down far more than elsewhere: they look for something and do not find it.",
        to_try=("Add headings, a table of contents or filters.",
                "Move what is asked for most to the top.",
                "Watch recordings with excessive scrolling, and note what people stop at."),
    ),
    Rule(
        "script_errors_on_page", "Script errors on {page}", "page", PAGE, "script_error_session_rate",
        signal="script_error",
        reason="The page's code breaks while people use it: parts of it may not work for them.",
        to_try=("Open the page with the browser's console, and repeat what recordings with errors show.",
                "Look at what was released, or which outside script changed, when it began.",
                "Report errors of the browser to a log, with page and browser."),
    ),
    Rule(
        "error_clicks_on_page", "Clicks that cause errors on {page}", "page", PAGE, "error_click_session_rate",
        signal="error_click",
        reason="A click is answered by an error of the page's code: what people wanted to do fails.",
        to_try=("Watch recordings with error clicks, and repeat the click with the console open.",
                "Mend that element first: it is the one that people use.",
                "Tell people in words what failed and what to do."),
    ),
    Rule(
        "shallow_page", "{page} is hardly scrolled", "page_mean", PAGE, "scroll_depth_pct", min_ratio=SHALLOW_RATIO,
        min_sessions=100, highest=Level.MEDIUM,  # a mean tells no session that was spoilt
        reason="People see only the upper part, so what stands below may as well not be there.",
        to_try=("Put the most important thing and the next step into the first screen.",
                "Look for what seems to be the end of the page, such as a wide empty strip.",
                "Cut what is below, if nobody misses it."),
    ),
    # --- a device or browser against the others ----------------------------------------------------------------------
    Rule(
        "script_errors_in_browser", "Script errors in {browser}", "segment", SIGNAL, "affected_session_rate",
        signal="script_error", dimension="browser",
        reason="The site's code breaks in this browser more than in others: these people get a worse site.",
        to_try=("Open the busiest pages in this browser, with its console.",
                "Look for functions and styles of the site that it does not know.",
                "Add it to the browsers that every release is tried in."),
    ),
    Rule(
        "device_gap", "{signal} on {device}", "segment", SIGNAL, "affected_session_rate", dimension="device",
        reason="People on this device meet trouble that others do not: the site is not made for it well enough.",
        to_try=("Go through the most used way of the site on such a device, with a thumb or a mouse as people do.",
                "Make what is touched at least 24 by 24 pixels large (WCAG 2.2, 2.5.8).",
                "Watch recordings of this device with the signal."),
    ),
    # --- changes -----------------------------------------------------------------------------------------------------
    Rule(
        "signal_rises", "{signal} rise", "rise", SITE, "",
        reason="It was better before: something that changed has made it worse, and can be changed back.",
        to_try=("List what was released or switched on since the level was the old one.",
                "Compare recordings with the signal from before and after.",
                "Take back the likeliest change, and look at the number again after a week."),
    ),
    Rule(
        "bots_rise", "More bots", "bots", SITE, "bot_share", audience="product",
        highest=Level.LOW,  # bots spoil figures, not visits
        reason="Bots cost capacity, and spoil every figure that counts them, such as pages per session.",
        to_try=("Look at the countries and sources of the added bot sessions.",
                "Limit or block what is no search engine.",
                "Read pages per session with care until then: Clarity counts bots in it."),
    ),
    # --- who comes ---------------------------------------------------------------------------------------------------
    Rule(
        "source_of_low_quality", "Short or turned-back visits from {source}", "source", ATTRIBUTION,
        "quick_back_session_rate", audience="product",
        highest=Level.MEDIUM,  # nothing is broken: these visitors may have wanted something else
        reason="Visitors of this source leave sooner or turn back more than others: money or effort for little.",
        to_try=("Hold what the advertisement or link promises against the page that it leads to.",
                "Lead it to a page that answers that promise.",
                "Narrow the audience, or move its budget to a source whose visitors stay."),
    ),
    Rule(
        "country_worth_localising", "{country} grows", "country", GEOGRAPHY, "sessions", audience="product",
        highest=Level.MEDIUM, is_chance=True,
        reason="More people come from there than before: they stay if the site speaks to them.",
        to_try=("Offer language, currency and delivery for the country on the most visited pages.",
                "Find out which source brings them, and do more of it.",
                "Compare their engagement with the other countries' before spending much."),
    ),
    Rule(
        "new_page_takes_off", "{page} takes off", "new_page", PAGE, "sessions", audience="product",
        highest=Level.MEDIUM, is_chance=True,
        reason="A page that was not there before is found and visited: now is the time to make it good.",
        to_try=("Look at its frustration signals and engagement in the page tables, and mend what stands out.",
                "Link it from where people come who would want it.",
                "Write down what it should achieve, and look at that number in four weeks."),
    ),
)  # fmt: skip
"""All rules, in the order in which they are tried."""

RULES_BY_NAME = {rule.name: rule for rule in RULES}
