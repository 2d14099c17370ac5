"""Check the API token without a call: JWT text in, its claims (never the text) out."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt
from pydantic import SecretStr

from clarity_assets.errors import TokenError

SCOPE = "Data.Export"
NEXT_STEP = (
    "make a new one in Clarity under Settings -> Data Export -> Generate new API token, "
    "and put it into CLARITY_API_TOKEN"
)


@dataclass(frozen=True)
class Token:
    """A checked token. `subject_hash` and `token_hash` (sha256) stand for what must not be stored or shown."""

    secret: SecretStr
    subject_hash: str
    token_hash: str
    expires_at: datetime | None


def check_token(secret: SecretStr | None, *, now: datetime) -> Token:
    """The token's claims.

    Raises TokenError for a missing or malformed token, an expired one, or one without the export scope.
    """
    text = secret.get_secret_value().strip() if secret else ""
    if not text:
        raise TokenError(f"CLARITY_API_TOKEN is not set; {NEXT_STEP}")
    try:
        claims = jwt.decode(text, options={"verify_signature": False, "verify_exp": False, "verify_aud": False})
        expires = datetime.fromtimestamp(float(claims["exp"]), UTC) if "exp" in claims else None
    except (jwt.PyJWTError, TypeError, ValueError, OverflowError, OSError):
        # `from None`: the library's message may quote parts of the token
        raise TokenError(f"CLARITY_API_TOKEN is malformed (no JWT, {len(text)} characters); {NEXT_STEP}") from None
    if expires is not None and expires <= now:
        raise TokenError(f"CLARITY_API_TOKEN expired at {expires:%Y-%m-%d %H:%M} UTC; {NEXT_STEP}")
    if SCOPE not in str(claims.get("scope", "")).split():
        raise TokenError(f"CLARITY_API_TOKEN lacks the scope {SCOPE}; {NEXT_STEP}")
    if not claims.get("sub"):
        raise TokenError(f"CLARITY_API_TOKEN names no project (its claim `sub` is empty); {NEXT_STEP}")
    return Token(SecretStr(text), _sha256(str(claims["sub"])), _sha256(text), expires)


def check_subject(token: Token, *, known_hash: str | None, project_id: str, others: dict[str, str]) -> None:
    """Raises TokenError where the token's project is not the one this project id was collected with before.

    `others` are the subjects' hashes of other project ids: one Clarity project under two ids would have two ledgers.
    """
    for other, other_hash in others.items():
        if known_hash is None and other_hash == token.subject_hash:
            raise TokenError(
                f"CLARITY_API_TOKEN belongs to the Clarity project that is collected as {other!r} in this warehouse; "
                f"set CLARITY_PROJECT_ID={other}, or {NEXT_STEP}"
            )
    if known_hash is not None and known_hash != token.subject_hash:
        raise TokenError(
            f"CLARITY_API_TOKEN belongs to another Clarity project than the one collected as {project_id!r} so far; "
            f"set CLARITY_PROJECT_ID to the token's project, or {NEXT_STEP}"
        )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
