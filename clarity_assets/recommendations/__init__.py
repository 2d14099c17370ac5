"""Facts of a period in; what should be done first, why, what was decided and what came of it, as data that is kept."""
