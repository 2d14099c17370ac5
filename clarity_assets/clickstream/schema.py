"""The columns of the Parquet files: events as landed, and the steps and sessions that are made of them."""

from clarity_assets.warehouse.columns import Column

EVENT = (
    Column("date", "DATE", "UTC day of event_at: the partition."),
    Column("event_id", "VARCHAR", "The source's id, or a hash of all that it told; once a day and origin."),
    Column("event_at", "TIMESTAMP", "When it happened (UTC)."),
    Column("seq", "INTEGER", "Order within the day; settles equal instants: by rank of the type, event_id and origin."),
    Column("event_local_at", "TIMESTAMP", "The visitor's wall clock then. NULL: time zone unknown."),
    Column("event_type", "VARCHAR", "pageview, view (of a product), search, cart (put in), remove (taken out), "
           "checkout, purchase, rating; others as the source names them, in lower_snake."),
    Column("visitor_id", "BIGINT", "Pseudonym of the browser, or of the user where the source knows no browsers."),
    Column("user_id", "BIGINT", "Pseudonym of who was logged in. NULL: nobody."),
    Column("session_id", "BIGINT", "Pseudonym of the source's own session. NULL: it tells none."),
    Column("page", "VARCHAR", "URL without query string and fragment. NULL: told none."),
    Column("referrer_host", "VARCHAR", "Host that linked here, not the site's own. NULL: none."),
    Column("source", "VARCHAR", "utm_source, or what click id or referrer say. NULL: none."),
    Column("medium", "VARCHAR", "utm_medium, or what click id or referrer say. NULL: none."),
    Column("campaign", "VARCHAR", "utm_campaign. NULL: none."),
    Column("product_id", "VARCHAR", "Product (or article) it is about. NULL: none."),
    Column("category", "VARCHAR", "The product's category. NULL: none."),
    Column("brand", "VARCHAR", "The product's brand. NULL: none."),
    Column("price", "DOUBLE", "Price of one, in the source's currency. NULL: not told."),
    Column("quantity", "DOUBLE", "How many; 1 where a cart, removal or purchase tells none. NULL: of other types."),
    Column("order_id", "VARCHAR", "Order that a purchase belongs to. NULL: not told."),
    Column("rating", "DOUBLE", "Stars of a rating. NULL: of other types."),
    Column("device", "VARCHAR", "PC, Mobile, Tablet, Other. NULL: unknown."),
    Column("browser", "VARCHAR", "Browser family. NULL: unknown."),
    Column("os", "VARCHAR", "Operating system family. NULL: unknown."),
    Column("country", "VARCHAR", "As the source tells it. NULL: not told."),
    Column("is_bot", "BOOLEAN", "Whether the user agent is a bot's."),
    Column("origin", "VARCHAR", "Name of the mapping that it came through."),
)  # fmt: skip
"""One row an event; a day's file is sorted by seq."""

STEP = (
    Column("date", "DATE", "UTC day that its session began: the partition."),
    Column("session_key", "BIGINT", "Its session."),
    Column("step", "INTEGER", "Place in the session, from 1."),
    Column("event_at", "TIMESTAMP", "When it happened (UTC)."),
    Column("event_type", "VARCHAR", "As in the event."),
    Column("page", "VARCHAR", "As in the event."),
    Column("product_id", "VARCHAR", "As in the event."),
    Column("category", "VARCHAR", "As in the event."),
    Column("price", "DOUBLE", "As in the event."),
    Column("quantity", "DOUBLE", "As in the event."),
    Column("order_id", "VARCHAR", "As in the event."),
    Column("rating", "DOUBLE", "As in the event."),
    Column("person_id", "BIGINT", "As in the session."),
    Column("device", "VARCHAR", "As in the session."),
    Column("is_bot", "BOOLEAN", "As in the session."),
)
"""One row an event, with the session it belongs to."""

SESSION = (
    Column("date", "DATE", "UTC day of started_at: the partition."),
    Column("session_key", "BIGINT", "Stream (the source's session, else the visitor) xor the start: unique."),
    Column("visitor_id", "BIGINT", "Pseudonym of the browser."),
    Column("person_id", "BIGINT", "The user where any event names one, else the visitor."),
    Column("is_known_user", "BOOLEAN", "Whether an event names a user."),
    Column("started_at", "TIMESTAMP", "First event (UTC)."),
    Column("ended_at", "TIMESTAMP", "Last event (UTC)."),
    Column("started_local_at", "TIMESTAMP", "First event by the visitor's wall clock. NULL: time zone unknown."),
    Column("duration_s", "DOUBLE", "Seconds from the first to the last event."),
    Column("events", "BIGINT", "Events of any type."),
    Column("pageviews", "BIGINT", "Events pageview."),
    Column("product_views", "BIGINT", "Events view."),
    Column("cart_adds", "BIGINT", "Events cart."),
    Column("cart_removes", "BIGINT", "Events remove."),
    Column("checkouts", "BIGINT", "Events checkout."),
    Column("purchases", "BIGINT", "Events purchase (a product each)."),
    Column("orders", "BIGINT", "Distinct order_id of its purchases; 1 where purchases tell none."),
    Column("revenue", "DOUBLE", "Sum of price x quantity of its purchases; those without a price count 0."),
    Column("landing_page", "VARCHAR", "First page told. NULL: none."),
    Column("exit_page", "VARCHAR", "Last page told. NULL: none."),
    Column("source", "VARCHAR", "Of the first event that tells source, medium or campaign. NULL: none does."),
    Column("medium", "VARCHAR", "Of the same event."),
    Column("campaign", "VARCHAR", "Of the same event."),
    Column("channel", "VARCHAR", "What dim_channel's rules make of the three."),
    Column("device", "VARCHAR", "Of the first event that tells it."),
    Column("browser", "VARCHAR", "Of the first event that tells it."),
    Column("os", "VARCHAR", "Of the first event that tells it."),
    Column("country", "VARCHAR", "Of the first event that tells it."),
    Column("is_bot", "BOOLEAN", "Any event of a bot's user agent, or more events than a person makes."),
    Column("is_bounce", "BOOLEAN", "At most one pageview (or event, where none is one); no cart, checkout, purchase."),
    Column("is_converted", "BOOLEAN", "At least one purchase."),
)  # fmt: skip
"""One row a session, bots' too."""

CHANNEL_OF = (
    Column("source", "VARCHAR", "As in the event."),
    Column("medium", "VARCHAR", "As in the event."),
    Column("campaign", "VARCHAR", "As in the event."),
    Column("channel", "VARCHAR", "What dim_channel's rules say."),
)

VIEWS = {"event": EVENT, "step": STEP, "session": SESSION, "channel_of": CHANNEL_OF}
"""What queries of the engines read: `clickstream.<name>` on DuckDB, `clickstream_<name>` on Spark."""

FILE_OF_EVENTS, FILE_OF_SESSIONS, FILE_OF_STEPS = "events", "sessions", "steps"
"""Folders below the clickstream folder: `events/date=2026-10-01/<hash>.parquet`. Files never change once written."""
