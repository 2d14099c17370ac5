"""Facts in, alerts out: each cause is opened once, told once, and resolved when it is over."""
