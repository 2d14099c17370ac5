"""One message and address on stdin, what came of it on stdout: the process that sends, and is ended if it hangs.

stdin: {"url", "limit_s", "parcel"}. stdout: JSON lines, {"phase"} when the message begins to leave, then {"status",
"error", "is_channel_down"}. {"check": addresses} is answered by what is wrong with each, and nothing is sent.

Addresses come by stdin, since arguments and environment can be read by others.
"""

import json
import sys
from dataclasses import asdict
from datetime import datetime

from clarity_assets.delivery.channels import is_mail
from clarity_assets.delivery.sending import FAILED, HANDING_OVER, Outcome, Parcel


def main() -> None:
    """Send, or check, what stdin says."""
    job = json.load(sys.stdin)
    if "check" in job:
        from clarity_assets.delivery.addresses import problem_of

        print(json.dumps([problem_of(url) for url in job["check"]]))
        return
    told = job["parcel"]
    parcel = Parcel(
        **told | {"attachments": tuple(told["attachments"]), "at": datetime.fromisoformat(told["at"])},
    )
    _say(asdict(deliver(job["url"], parcel, limit_s=job["limit_s"])))


def deliver(url: str, parcel: Parcel, *, limit_s: float) -> Outcome:
    """Send the parcel to the address: mail by ourselves, all else through apprise."""
    from clarity_assets.delivery.addresses import load_service, problem_of

    problem = problem_of(url)
    if problem:
        return Outcome(FAILED, f"the address {problem}; correct it in .env", is_channel_down=True)
    service = load_service(url)
    if is_mail(url):
        from clarity_assets.delivery.mail import send_mail as send
    else:
        from clarity_assets.delivery.services import send_by_apprise as send
    return send(service, parcel, limit_s=limit_s, on_handing_over=lambda: _say({"phase": HANDING_OVER}))


def _say(told: dict) -> None:
    # at once: who reads it may end this process any moment. Where nobody reads it any more, this raises, and nothing
    # is sent that nobody would know of
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
