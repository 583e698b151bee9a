"""The commands an operator has: what waits, and handing it over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from rialto_hook.spool import Spool

from .sidecar import Sidecar

ROOT = Path(__file__).parent.parent


class Commands(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.spool = Spool(Path(folder.name) / "spool", 1 << 30)

    def run_command(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RIALTO_")}
        environment = {**inherited, "RIALTO_SPOOL": str(self.spool.folder), **settings}
        command = [sys.executable, "-m", "rialto_hook", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    def test_status_changes_nothing_and_says_what_waits_and_what_is_wrong(self) -> None:
        ran = self.run_command("status", RIALTO_URL="http://127.0.0.1:1")
        self.assertEqual((ran.returncode, self.spool.folder.exists()), (1, False))
        self.assertIn("does not answer", ran.stdout)
        self.assertIn("does not answer", self.run_command("status", RIALTO_URL="http://127.0.0.1:1 1").stdout)
        self.spool.append(b'A{"id":"a1"}\n')
        self.spool.bury(b'A{"id":"a2"}\n', "bad_id", "no good id")
        self.spool.count_dropped(2, "full")
        for _ in range(2):
            ran = self.run_command("status", "--json", RIALTO_URL="http://127.0.0.1:1", RIALTO_SPOOL_BYTES="much")
            told = json.loads(ran.stdout)
            self.assertEqual([told[key] for key in ("waiting", "rejected", "dropped")], [1, 1, 2])

    def test_status_says_whether_events_are_let_in_without_handing_in_any(self) -> None:
        with Sidecar() as sidecar:
            ran = self.run_command("status", RIALTO_URL=sidecar.url, RIALTO_TOKEN="t1")
            self.assertEqual((ran.returncode, sidecar.taken), (0, {}), ran.stdout)
            self.assertIn("answers, and lets events in", ran.stdout)
            self.assertEqual(sidecar.requests[0][1]["Authorization"], "Bearer t1")
            sidecar.status = 401
            ran = self.run_command("status", RIALTO_URL=sidecar.url)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("set RIALTO_TOKEN to a token with the scope ingest", ran.stdout)

    def test_status_says_where_nothing_can_be_kept(self) -> None:
        self.spool.folder.write_text("a file")
        with Sidecar() as sidecar:
            for spool in (self.spool.folder, self.spool.folder / "within"):
                ran = self.run_command("status", RIALTO_URL=sidecar.url, RIALTO_SPOOL=str(spool))
                self.assertEqual(ran.returncode, 1)
                self.assertIn(f"{self.spool.folder} is no folder; set RIALTO_SPOOL", ran.stdout)

    def test_flush_hands_over_what_waits_and_fails_while_it_cannot(self) -> None:
        self.spool.append(b'A{"id":"a1"}\n')
        self.spool.append(b'M{"id":"m1"}\n')
        self.spool.close()
        ran = self.run_command("flush", RIALTO_URL="http://127.0.0.1:1")
        self.assertEqual((ran.returncode, len(self.spool.batches())), (1, 1))
        self.assertIn("does not answer", ran.stderr)
        self.assertNotIn("another process", ran.stderr)
        ran = self.run_command("flush", RIALTO_DISABLED="1")
        self.assertEqual((ran.returncode, len(self.spool.batches())), (2, 1))
        self.assertIn("RIALTO_DISABLED is set", ran.stderr)
        with Sidecar() as sidecar:
            ran = self.run_command("flush", RIALTO_URL=sidecar.url)
        self.assertEqual((ran.returncode, self.spool.batches()), (0, []))
        self.assertIn("2 events handed over", ran.stdout)

    def test_help_names_every_command_and_setting_and_a_wrong_one_is_told(self) -> None:
        shown = self.run_command("--help").stdout
        for command in ("status", "flush", "patch", "poll", "propose"):
            self.assertIn(command, shown)
        for name in ("URL", "TOKEN", "SPOOL", "SPOOL_BYTES", "DISABLED"):
            self.assertIn(f"  RIALTO_{name} ", shown)
        self.assertEqual(self.run_command("nonsense").returncode, 2)


if __name__ == "__main__":
    unittest.main()
