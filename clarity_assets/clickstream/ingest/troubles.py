"""What can be wrong with a mapping, a file of events or their folder: errors with values and the next step."""

from clarity_assets.errors import ClarityAssetsError


class IngestError(ClarityAssetsError):
    """Root of the errors of taking events in; events and warehouse are as they were."""


class MappingWrong(IngestError):
    """A mapping breaks a rule, or there is none of that name."""


class FileUnreadable(IngestError):
    """A file of events cannot be read at all; nothing of it was landed."""


class KeyMissing(IngestError):
    """There are events, but the key of their pseudonyms is gone, or another one than they were made with."""


class IngestBusy(IngestError):
    """Another process has been taking events in for longer than we wait."""


class EventsMissing(IngestError):
    """A day's Parquet file that the warehouse names is not there."""
