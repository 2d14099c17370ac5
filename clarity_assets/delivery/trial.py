"""A channel in, a message that tries it out: sent by `clarity-assets deliver --test`, kept nowhere."""

import uuid
from datetime import datetime

from clarity_assets.delivery.addresses import APP_NAME
from clarity_assets.delivery.channels import Channel
from clarity_assets.delivery.sending import Parcel


def trial_parcel(now: datetime, channel: Channel) -> Parcel:
    """A message that says that messages arrive here; each call makes a new one."""
    text = f"Messages of {APP_NAME} to {channel.name} arrive. Sent at {now:%Y-%m-%d %H:%M} UTC, to try this address."
    html = f"<p>{text.replace('&', '&amp;').replace('<', '&lt;')}</p>"
    return Parcel(f"test-{uuid.uuid4().hex[:12]}", f"{APP_NAME}: test", text + "\n", html, at=now, is_last_attempt=True)
