"""Tests of the engine's side: `python -m unittest discover -t . -s tests` in `engine/`."""
