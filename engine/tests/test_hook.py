"""The hook as the engine has it: imported, called, forgotten, killed. Each run of the engine is a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from .sidecar import Sidecar

ROOT = Path(__file__).parent.parent
#: A run that handles so many activities in five threads, as the engine does.
RUN = """
import sys
from concurrent.futures import ThreadPoolExecutor
import rialto_hook
def one(number):
    record = {"id": f"rec{sys.argv[1]}_{number}", "createdTime": "2026-12-01T09:00:00.000Z",
              "fields": {"Type": "rest", "Citizen": "Ada", "_ParsedStartDate": object()}}
    rialto_hook.record_activity(record, "processed")
    rialto_hook.record_message({"id": f"msg{sys.argv[1]}_{number}", "fields": {"Sender": "Ada", "Receiver": "@desk"}})
with ThreadPoolExecutor(5) as threads:
    list(threads.map(one, range(int(sys.argv[2]))))
"""


class Hooks(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.spool = Path(folder.name) / "spool"
        self.sidecar = Sidecar()
        self.sidecar.__enter__()
        self.addCleanup(self.sidecar.__exit__)

    def run_python(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {"RIALTO_URL": self.sidecar.url, "RIALTO_SPOOL": str(self.spool), **environment}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RIALTO_")}
        return subprocess.run(
            [sys.executable, "-c", script, *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**inherited, **settings},
            check=False,
        )

    def status(self) -> Any:
        command = "import sys; sys.argv = ['rialto_hook', 'status', '--json']; "
        told = self.run_python(
            command + "from rialto_hook.commands import status; import os; import json; "
            "from rialto_hook.settings import Settings; print(json.dumps(status.look(Settings.of(os.environ))))"
        )
        return json.loads(told.stdout)

    def test_a_run_hands_over_what_it_kept_when_it_ends_and_says_nothing(self) -> None:
        ran = self.run_python(RUN, "1", "300")
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, "", ""))
        # The end of a run waits for nobody who takes long: what is left goes with the next.
        self.run_python(RUN, "2", "0")
        self.run_python("import rialto_hook; rialto_hook.flush(30)")
        self.assertEqual(len(self.sidecar.taken), 600)
        self.assertEqual({len(told) for told in self.sidecar.taken.values()}, {1})
        self.assertEqual(self.status()["waiting"], 0)

    def test_whatever_becomes_of_the_sidecar_no_event_is_lost_or_raised_and_a_later_run_brings_all(self) -> None:
        def down() -> dict[str, str]:
            return {"RIALTO_URL": "http://127.0.0.1:1"}

        def refusing() -> dict[str, str]:
            self.sidecar.status = 503
            return {}

        def mute() -> dict[str, str]:
            self.sidecar.status, self.sidecar.is_mute = 200, True
            return {}

        def slow() -> dict[str, str]:
            self.sidecar.is_mute = False
            self.sidecar.may_answer.clear()
            return {}

        for number, trouble in enumerate((down, refusing, mute, slow)):
            with self.subTest(trouble=trouble.__name__):
                ran = self.run_python(RUN, str(number), "50", **trouble())
                self.assertEqual((ran.returncode, ran.stdout), (0, ""))
                self.assertLessEqual(ran.stderr.count("\n"), 1, ran.stderr)
        self.sidecar.may_answer.set()
        ran = self.run_python("import rialto_hook; assert rialto_hook.flush(30)")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        names = {f"{kind}{run}_{number}" for kind in ("rec", "msg") for run in range(4) for number in range(50)}
        self.assertEqual((set(self.sidecar.taken), self.status()["waiting"]), (names, 0))

    def test_after_a_failure_a_run_tries_nothing_more(self) -> None:
        self.sidecar.status = 503
        script = (
            "import rialto_hook\n"
            "for number in range(5):\n"
            "    rialto_hook.record_message({'id': f'm{number}', 'fields': {'Sender': 'Ada'}})\n"
            "    rialto_hook.flush(30)\n"
        )
        self.run_python(script)
        self.assertEqual(len(self.sidecar.requests), 1)
        self.assertEqual(self.status()["waiting"], 5)

    def test_switched_off_it_leaves_no_trace(self) -> None:
        ran = self.run_python(RUN, "1", "5", RIALTO_DISABLED="1")
        self.assertEqual((ran.returncode, ran.stderr, self.spool.exists(), self.sidecar.requests), (0, "", False, []))

    def test_nothing_that_it_is_given_makes_it_raise(self) -> None:
        script = """
import rialto_hook
class Bad(dict):
    def items(self): raise RuntimeError("no")
for record in (None, 3, "text", [], {}, Bad(a=1), {"fields": Bad(a=1)}, {"id": object()}, {"fields": {("a",): 1}}):
    for status in (None, 5, object()):
        rialto_hook.record_activity(record, status, odd=object())
    rialto_hook.record_message(record)
"""
        ran = self.run_python(script)
        self.assertEqual((ran.returncode, ran.stdout), (0, ""), ran.stderr)

    def test_a_spool_that_cannot_be_written_is_told_and_counted_and_the_engine_goes_on(self) -> None:
        self.spool.parent.mkdir(exist_ok=True)
        self.spool.write_text("a file where the folder should be")
        ran = self.run_python(RUN + "\nprint('went on')", "1", "10")
        self.assertEqual((ran.returncode, ran.stdout), (0, "went on\n"))
        self.assertIn("is lost", ran.stderr)

    def test_what_the_cap_drops_is_counted_on_record(self) -> None:
        ran = self.run_python(RUN, "1", "2000", RIALTO_URL="http://127.0.0.1:1", RIALTO_SPOOL_BYTES="100000")
        self.assertEqual(ran.returncode, 0)
        told = self.status()
        self.assertEqual(told["waiting"] + told["dropped"], 4000)
        self.assertGreater(told["dropped"], 0)

    def test_what_is_dropped_is_on_record_also_where_a_process_never_ends_by_itself(self) -> None:
        script = """
import os
import rialto_hook
from rialto_hook import hook
hook._SEND_EVERY_S = 0.001
for number in range(3):
    rialto_hook.record_message(None)
made = hook.current()
with made._state:
    made._start()
    begun = made._begun
    assert made._state.wait_for(lambda: begun + 2 < made._over, 30)
os._exit(0)
"""
        self.assertEqual(self.run_python(script).returncode, 0)
        self.assertEqual(self.status()["dropped"], 3)

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_forked_worker_hands_over_its_own(self) -> None:
        script = """
import os, sys
import rialto_hook
rialto_hook.record_message({"id": "parent", "fields": {"Sender": "Ada"}})
child = os.fork()
if child == 0:
    rialto_hook.record_message({"id": "child", "fields": {"Sender": "Ada"}})
    os._exit(0 if rialto_hook.flush(30) in (True, False) else 1)
os.waitpid(child, 0)
rialto_hook.record_message({"id": "parent again", "fields": {"Sender": "Ada"}})
rialto_hook.flush(30)
"""
        # Newer interpreters warn whoever forks and has threads, as an engine with a pool of them has anyway.
        ran = self.run_python(script, PYTHONWARNINGS="ignore::DeprecationWarning")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.run_python("import rialto_hook; rialto_hook.flush(30)")
        self.assertEqual(sorted(self.sidecar.taken), ["child", "parent", "parent again"])

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_child_that_never_calls_keeps_nothing_of_its_parent(self) -> None:
        script = """
import os
import rialto_hook
from rialto_hook import hook
rialto_hook.record_message({"id": "parent", "fields": {"Sender": "Ada"}})
descriptor = hook._hook._spool._descriptor
child = os.fork()
if child == 0:
    try:
        os.fstat(descriptor)
    except OSError:
        os._exit(7)
    os._exit(0)
print(os.waitpid(child, 0)[1] >> 8)
"""
        ran = self.run_python(script, PYTHONWARNINGS="ignore::DeprecationWarning")
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, "7\n", ""))

    def test_a_log_that_raises_and_settings_that_mean_nothing_are_no_fault_of_the_engine(self) -> None:
        script = """
import logging, os, rialto_hook
class Raising(logging.Handler):
    def emit(self, record): raise RuntimeError("no")
logging.getLogger("rialto_hook").addHandler(Raising())
rialto_hook.record_message({"id": "m1", "fields": {"Sender": "Ada"}})
rialto_hook.record_message(None)
print(rialto_hook.flush(30))
"""
        ran = self.run_python(script, RIALTO_URL="nonsense", RIALTO_SPOOL_BYTES="much", RIALTO_TOKEN="t\u00f6ken")
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, "False\n", ""))
        self.assertEqual(self.status()["waiting"], 1)

    def test_a_spool_stays_where_it_was_wherever_the_engine_goes(self) -> None:
        self.spool.mkdir(parents=True)
        script = """
import os, sys, rialto_hook
os.chdir(sys.argv[1])
rialto_hook.record_message({"id": "m1", "fields": {"Sender": "Ada"}})
os.chdir("/")
rialto_hook.flush(30)
"""
        for number, folder in enumerate(("here", "~nobody-of-this-name/here"), 1):
            self.run_python(script, str(self.spool), RIALTO_SPOOL=folder)
            self.assertEqual(len(self.sidecar.taken["m1"]), number)
            self.assertTrue((self.spool / folder).exists())

    def test_a_signal_while_the_hook_is_made_does_not_wait_for_itself(self) -> None:
        script = """
import rialto_hook
from rialto_hook import hook
with hook._making:
    rialto_hook.record_message({"id": "m1", "fields": {"Sender": "Ada"}})
print(rialto_hook.flush(30))
"""
        self.assertEqual(self.run_python(script).stdout, "True\n")

    def test_while_nothing_can_be_sent_a_process_that_lives_on_fills_one_batch(self) -> None:
        script = """
import threading
import rialto_hook
from rialto_hook import hook
hook._SEND_EVERY_S = 0.001
rialto_hook.flush(30)
made = hook._hook
made._broken_until = float("inf")
for number in range(20):
    rialto_hook.record_message({"id": f"m{number}", "fields": {"Sender": "Ada"}})
    with made._state:
        begun = made._begun
        assert made._state.wait_for(lambda: begun + 2 < made._over, 30)
print(len(made._spool.batches()))
"""
        self.assertEqual(self.run_python(script).stdout, "0\n")

    def test_processes_killed_at_any_moment_lose_nothing_that_was_kept(self) -> None:
        script = """
import sys
import rialto_hook
for number in range(100000):
    rialto_hook.record_message({"id": f"{sys.argv[1]}_{number}", "fields": {"Sender": "Ada", "Receiver": "@desk"}})
    print(number, flush=True)
"""
        settings = {**os.environ, "RIALTO_URL": self.sidecar.url, "RIALTO_SPOOL": str(self.spool)}
        kept = set()
        for run in range(6):
            command = [sys.executable, "-c", script, str(run)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=settings) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    if int(line) == 37 * (run + 1) ** 2:
                        process.kill()
                        break
                rest = process.stdout.read()
                last = max([37 * (run + 1) ** 2, *(int(line) for line in rest.split("\n")[:-1])])
            kept |= {f"{run}_{number}" for number in range(last + 1)}
        ran = self.run_python("import rialto_hook; assert rialto_hook.flush(60)")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertEqual(kept - set(self.sidecar.taken), set())


if __name__ == "__main__":
    unittest.main()
