"""Airtable's client, which is there or not: whoever installs the hook alone has none."""

from __future__ import annotations

import importlib.util

HAS_PYAIRTABLE = importlib.util.find_spec("pyairtable") is not None
MISSING = "pyairtable is not installed here: pip install pyairtable"
