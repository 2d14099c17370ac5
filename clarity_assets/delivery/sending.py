"""A message and a channel in, what came of sending it out: sent by a process of its own that can be ended in time."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from clarity_assets.delivery.channels import Channel

# Sending goes through libraries that wait as long as a server likes: timeouts are a socket's, and a server that says
# a byte now and then never meets them; a name may take half a minute to be not found. So it is done by a process that
# is ended when its time is over. It also keeps apprise out of ours: 50 MB, and a log that names addresses.
COURIER = "clarity_assets.delivery.courier"
PROJECT = Path(__file__).parents[2]

COMMAND = (sys.executable, "-W", "ignore", "-m", COURIER)
CHECK_LIMIT_S = 60.0  # of importing apprise on a machine that has other work

HANDING_OVER = "handing over"
"""Said before the first byte of the message leaves: from then on nobody knows, until the server says."""

SENT, FAILED, UNKNOWN = "sent", "failed", "unknown"


@dataclass(frozen=True)
class Parcel:
    """A message as it is sent. `delivery_id` names it: a mail that is sent again has the same Message-ID."""

    delivery_id: str
    subject: str
    text: str
    html: str
    attachments: tuple[str, ...] = ()
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    is_last_attempt: bool = False
    """Then recipients that are refused keep it from the others no longer."""


@dataclass(frozen=True)
class Outcome:
    """`sent`, `failed` (it did not arrive) or `unknown` (it may have). `error` has no secrets.

    `is_channel_down`: no other message to this channel would do better now.
    """

    status: str
    error: str | None = None
    is_channel_down: bool = False


def send_apart(channel: Channel, parcel: Parcel, *, limit_s: float) -> Outcome:
    """Send the parcel within `limit_s` seconds, by a process of its own. Never raises because of the channel."""
    job = {"url": channel.url.get_secret_value(), "limit_s": limit_s, "parcel": asdict(parcel) | {"at": _iso(parcel)}}
    pipe = subprocess.PIPE
    with subprocess.Popen(COMMAND, cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=pipe) as courier:
        try:
            told, trouble = courier.communicate(json.dumps(job).encode(), timeout=limit_s)
        except subprocess.TimeoutExpired:
            courier.kill()
            told, trouble = courier.communicate()
            trouble = f"no answer within {limit_s:.0f} s".encode()
        except BaseException:
            courier.kill()
            raise
    return _outcome(channel, told, trouble)


def check_apart(urls: list[str]) -> list[str | None]:
    """Why apprise cannot send to each of these addresses, without the address; None where it can."""
    if not urls:
        return []
    job = json.dumps({"check": urls}).encode()
    done = subprocess.run(COMMAND, input=job, capture_output=True, cwd=PROJECT, timeout=CHECK_LIMIT_S, check=True)
    return json.loads(done.stdout)


def _iso(parcel: Parcel) -> str:
    return parcel.at.astimezone(UTC).isoformat()


def _outcome(channel: Channel, told: bytes, trouble: bytes) -> Outcome:
    """What the courier said last; where it said nothing, what became of it."""
    lines = [json.loads(line) for line in told.decode().splitlines() if line.startswith("{") and line.endswith("}")]
    for line in lines:
        if "status" in line:
            return Outcome(line["status"], line["error"] and channel.redacted(line["error"]), line["is_channel_down"])
    is_unknown = any(line.get("phase") == HANDING_OVER for line in lines)
    last = trouble.decode(errors="replace").strip().splitlines()[-1:]
    error = channel.redacted(last[0] if last else "the sending process ended without a word")
    return Outcome(UNKNOWN if is_unknown else FAILED, error[:500], is_channel_down=True)
