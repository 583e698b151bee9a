"""The sidecar itself, where RIALTO_BINARY says where it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

BINARY = os.environ.get("RIALTO_BINARY", "")
MISSING = "RIALTO_BINARY does not name the sidecar: cargo build --release, and RIALTO_BINARY=…/target/release/rialto"


class Rialto:
    """Runs on a folder of its own as long as it is entered."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.url = ""

    def __enter__(self) -> Rialto:
        command = [BINARY, "serve", "--data", str(self._data), "--listen", "127.0.0.1:0"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        for line in self._process.stderr:
            found = re.search(r"listens on (http://[^/]+)", line)
            if found is not None:
                self.url = found[1]
                return self
        raise AssertionError(f"{BINARY} did not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)

    def order(self, *words: str) -> None:
        """Gives an order, as the admin."""
        token = (self._data / "admin.token").read_text().strip()
        environment = {**os.environ, "RIALTO_URL": self.url, "RIALTO_TOKEN": token}
        subprocess.run([BINARY, *words], env=environment, check=True, capture_output=True, timeout=30)

    def ask(self, path: str) -> Any:
        """What it answers."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:
            return json.load(answer)
