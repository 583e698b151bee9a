"""A made-up Venice to try the engine's side on: what the engine stands on, without the engine. It is not installed."""
