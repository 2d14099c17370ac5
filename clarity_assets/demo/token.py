"""Make an API token shaped like Clarity's: subject, expiry and scope in, a signed JWT out."""

from datetime import datetime

import jwt

from clarity_assets.errors import TokenError

ISSUER, AUDIENCE, SCOPE = "clarity", "clarity.data-exporter", "Data.Export"
SUBJECT = "4711"
DEMO_KEY = "demo key of the stand-in: nobody else accepts it"  # no secret; HS256 wants 32 bytes or more


def make_token(*, subject: str = SUBJECT, expires_at: datetime, scope: str = SCOPE) -> str:
    """A token for the stand-in; `subject` is the internal project number.

    Clarity signs with RS256 and a key of its own; this one is signed with HS256 and `DEMO_KEY`.
    """
    expires_s = int(expires_at.timestamp())
    claims = {"scope": scope, "sub": subject, "iss": ISSUER, "aud": AUDIENCE, "exp": expires_s}
    return jwt.encode(claims, DEMO_KEY, algorithm="HS256")


def read_token(token: str, *, now: datetime) -> dict:
    """The claims of a token of `make_token`. Raises TokenError where it is malformed, foreign or expired."""
    try:
        claims = jwt.decode(
            token, DEMO_KEY, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER,
            options={"verify_exp": False, "require": ["exp", "sub", "scope"]},
        )  # fmt: skip
    except jwt.InvalidTokenError as error:
        raise TokenError(f"the token is none of the stand-in's ({error}); make one with make_token") from error
    if claims["exp"] <= now.timestamp():
        raise TokenError(f"the token expired before {now:%Y-%m-%d %H:%M} UTC; make one that lives longer")
    return claims
