"""Persons' behaviour of some weeks in, groups of like persons with names in words out."""

from clarity_assets.clickstream.modules.segments.weekly import MODULE

__all__ = ["MODULE"]
