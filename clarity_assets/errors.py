"""The error tree: every error that a user can meet, with its values and the next step in its message."""


class ClarityAssetsError(Exception):
    """Root of all errors raised on purpose by clarity-assets."""


class SettingsError(ClarityAssetsError):
    """An environment variable is missing or holds a value that its rule forbids."""


# --- the API, before a request is spent ------------------------------------------------------------------------


class TokenError(ClarityAssetsError):
    """The API token is missing, malformed, expired, without the export scope, or of another project."""


class RequestRefused(ClarityAssetsError):
    """The request itself is invalid (dimension, number of days, date); nothing was spent."""


class ClockWrong(ClarityAssetsError):
    """This machine's clock and the API's were hours apart a moment ago; nothing was spent."""


class QuotaExhausted(ClarityAssetsError):
    """No request is left for this purpose in the quota day; nothing was spent."""


# --- the API, after a request was (perhaps) spent ---------------------------------------------------------------


class ApiError(ClarityAssetsError):
    """A request was tried and gave no usable answer.

    `outcome` is the ledger's word for it, `http_status` the status if there was one, `first_bytes` the redacted
    start of the body, kept for diagnosis.
    """

    outcome = "failed"

    def __init__(self, message: str, *, http_status: int | None = None, first_bytes: str | None = None):
        super().__init__(message)
        self.http_status = http_status
        self.first_bytes = first_bytes


class NotSent(ApiError):
    """The connection was refused before anything was sent: the slot is given back."""

    outcome = "not_sent"


class Unauthorized(ApiError):
    """401: the API does not accept the token."""

    outcome = "unauthorized"


class Forbidden(ApiError):
    """403: the token belongs to another project or lacks the right."""

    outcome = "forbidden"


class RateLimited(ApiError):
    """429: the project's daily limit is spent, whatever our ledger says."""

    outcome = "rate_limited"


class BadRequest(ApiError):
    """400: the API refused the parameters."""

    outcome = "bad_request"


class ServerFailed(ApiError):
    """5xx, or any other status that is no answer."""

    outcome = "server_error"


class TimedOut(ApiError):
    """No complete answer within the time limit; the request may count."""

    outcome = "timeout"


class ConnectionLost(ApiError):
    """The connection broke after something may have been sent; the request may count."""

    outcome = "connection_lost"


class UnusableAnswer(ApiError):
    """200, but the body is empty, no JSON (such as an HTML page or cut text), or not a list of metric blocks."""

    outcome = "unusable_answer"


class AnswerQuarantined(ApiError):
    """The answer is stored, but no day is solved from it (a requested dimension is missing from its rows, say)."""

    outcome = "quarantined"


# --- what can be known of a day ---------------------------------------------------------------------------------


class DayNotOver(ClarityAssetsError):
    """The day lies in the future or is not over; nothing was spent."""


class DayLost(ClarityAssetsError):
    """The day can no longer be known: its hours have left the API's 72 h and no stored windows tell it."""


class DayPending(ClarityAssetsError):
    """The day is not known yet but can still be asked."""


class ImportRefused(ClarityAssetsError):
    """An archived answer lacks something (window end, length, dimensions) or is no answer; nothing was stored."""


# --- the warehouse ------------------------------------------------------------------------------------------------


class WarehouseError(ClarityAssetsError):
    """Root of the warehouse's errors; the data before it is intact."""


class WarehouseBusy(WarehouseError):
    """Another process held the warehouse past the deadline; the message names it."""


class WarehouseUnwritable(WarehouseError):
    """The file or its folder cannot be written."""


class WarehouseFull(WarehouseError):
    """The disk is full."""


class WarehouseCorrupt(WarehouseError):
    """The file is no DuckDB database, or a damaged one."""


class AnswerDeleted(WarehouseError):
    """The answer's body was deleted because its time was over (CLARITY_KEEP_ANSWERS_DAYS)."""


# --- the clickstream's engines ------------------------------------------------------------------------------------


class EngineError(ClarityAssetsError):
    """Root of what goes wrong with the engine that computes sessions and analyses; nothing was stored."""


class EngineMissing(EngineError):
    """What the engine needs is not installed, or cannot be reached."""


class EngineFailed(EngineError):
    """The engine refused a query or could not finish it; the message names the place in the query."""


class SessionsMissing(ClarityAssetsError):
    """A Parquet file of sessions or steps that the warehouse names is not there."""
