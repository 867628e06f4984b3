"""The promise: what is watched, and what became of it. Knows no Discord."""
