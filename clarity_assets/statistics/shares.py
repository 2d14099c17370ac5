"""A share that a caller chose in (a level, a share of false names); the same one or a refusal out."""

from clarity_assets.errors import RequestRefused


def need_share(name: str, value: float, *, such_as: float) -> None:
    """Raises RequestRefused unless 0 < `value` < 1: 95 in place of 0.95 would give plausible, wrong intervals."""
    if not 0 < value < 1:
        raise RequestRefused(
            f"{name} {value}; it is a share above 0 and below 1: give {such_as:g} for {100 * such_as:g} %, say"
        )
