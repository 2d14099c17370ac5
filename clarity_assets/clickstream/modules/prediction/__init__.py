"""Persons' behaviour before a cut-off in, whether a purchase after it can be foretold out: what two analyses share."""
