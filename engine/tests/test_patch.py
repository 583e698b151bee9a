"""Putting the hook into an engine's files: found by their shape, put in once, taken out byte for byte."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
import types
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rialto_hook.patching.lines import Changed, patch, reverted

from . import shapes

ROOT = Path(__file__).parent.parent
#: The same file in the forms in which editors leave it.
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: text,
    "of Windows": lambda text: text.replace(b"\n", b"\r\n"),
    "with tabs": lambda text: text.replace(b"    ", b"\t"),
    "with a mark of its encoding": lambda text: b"\xef\xbb\xbf" + text,
    "in Latin-1": lambda text: text.replace(b"utf-8", b"latin-1").decode().encode("latin-1"),
    "without an end": lambda text: text.rstrip(b"\n"),
    "with two ends of line": lambda text: text.replace(b"\n", b"\r\n", 20),
    "with empty ends": lambda text: text.replace(b":\n", b":   \n"),
    "in one class": lambda text: text.replace(b"log = []", b"class Log(list): pass\nlog = Log()"),
}


class Patches(unittest.TestCase):
    def lines(self, text: bytes) -> list[str]:
        found = patch(text)
        self.assertTrue(found.is_sure, found.doubts)
        return [line.decode() for line in found.with_hook.splitlines() if line.endswith(b"# rialto")]

    def doubt(self, old: str, new: str, words: str, source: str = shapes.PROCESS) -> None:
        self.assertIn(old, source)
        found = patch(source.replace(old, new).encode())
        self.assertFalse(found.is_sure)
        self.assertIn(words, " ".join(doubt.why for doubt in found.doubts if doubt.is_needed))

    def test_every_place_is_found_with_the_names_that_are_there(self) -> None:
        self.assertEqual(
            self.lines(shapes.PROCESS.encode()),
            [
                "try: import rialto_hook  # rialto",
                "except ImportError: rialto_hook = None  # rialto",
                '        "paid_service": process_placeholder,  # rialto',
                "        if rialto_hook and not dry_run: "
                "rialto_hook.record_activity(activity_record, processing_status)  # rialto",
                '                           "paid_service": process_placeholder,  # rialto',
            ],
        )
        other = shapes.PROCESS.replace("activity_record", "row").replace("processing_status", "outcome")
        other = other.replace("tables, dry_run=False", "tables")
        call = "        if rialto_hook: rialto_hook.record_activity(row, outcome)  # rialto"
        self.assertIn(call, self.lines(other.encode()))

    def test_the_call_stands_right_behind_the_one_update_however_that_is_written(self) -> None:
        update = "update_activity_status(tables, activity_id_airtable, processing_status)\n"
        spread = (
            "update_activity_status(\n            tables,\n            activity_id_airtable,"
            "\n            status=processing_status,\n        )  # é: written down\n"
        )
        for written in (update, spread):
            text = patch(shapes.PROCESS.replace(update, written).encode()).with_hook.decode()
            _, behind = text.split(written)
            self.assertTrue(behind.startswith("        if rialto_hook and not dry_run: "), behind[:80])
        inner = f"        try:\n            {update}        finally:\n            pass\n"
        text = patch(shapes.PROCESS.replace(f"        {update}", inner).encode()).with_hook.decode()
        self.assertIn(f"            {update}            if rialto_hook", text)

    def test_messages_are_handed_over_where_they_have_a_name_and_told_of_where_not(self) -> None:
        found = patch(shapes.MESSAGES.encode())
        self.assertEqual(
            self.lines(shapes.MESSAGES.encode())[2:],
            ["        if rialto_hook: rialto_hook.record_message(created)  # rialto"],
        )
        numbers = [line for line, text in enumerate(shapes.MESSAGES.splitlines(), 1) if ".create(" in text]
        self.assertEqual([doubt.line for doubt in found.doubts], [numbers[1], numbers[2], numbers[4]])
        self.assertTrue(all("poll" in doubt.why for doubt in found.doubts))

    def test_put_in_and_taken_out_a_file_is_what_it_was_byte_for_byte(self) -> None:
        for source in (shapes.PROCESS, shapes.MESSAGES):
            for name, form in FORMS.items():
                with self.subTest(form=name):
                    text = form(source.encode())
                    hooked = patch(text).with_hook
                    self.assertNotEqual(hooked, text)
                    self.assertEqual(reverted(hooked), text)
                    self.assertEqual(patch(hooked).with_hook, hooked)
                    self.assertEqual(reverted(text), text)
                    compile(hooked, name, "exec")
                    unmarked = b"".join(
                        line for line in hooked.splitlines(keepends=True) if not line.rstrip().endswith(b"# rialto")
                    )
                    self.assertEqual(unmarked, text)

    def test_where_it_is_not_sure_it_says_why_and_puts_in_nothing(self) -> None:
        update = "        update_activity_status(tables, activity_id_airtable, processing_status)\n"
        for old, new, words in [
            (update, update + update, "2 times"),
            (update, "", "0 times"),
            (update, update.replace("        u", "        done = u"), "0 times"),
            (update, update.replace("processing_status", '"processed"'), "as a name"),
            (update, update.rstrip("\n") + "; log.append(1)\n", "shares its line"),
            (update, update.replace("        u", "        if True: u"), "shares its line"),
            ("for activity_record in activities", "for activity_record, _ in activities", "in no `for RECORD in"),
            ('"rest": process_placeholder', '"rest": process_rest', "no one processor"),
            ("def main", "def process_all_activities_for_one_citizen", "2 functions"),
            ("    ACTIVITY_PROCESSORS = {\n", '    OTHER = {"a": log, "b": log, "c": log}\n    X = {\n', "2 dicts"),
        ]:
            with self.subTest(new=new):
                self.doubt(old, new, words)
        text = shapes.PROCESS.replace("import argparse\nimport os\n", "")
        text = text.replace("from concurrent.futures import ThreadPoolExecutor, as_completed\n", "")
        self.assertIn(
            "imports nothing", patch(text.replace("from typing import Dict, List  # noqa\n", "").encode()).doubts[0].why
        )

    def test_a_file_that_somebody_hooked_or_changed_by_hand_is_left_alone(self) -> None:
        hooked = patch(shapes.PROCESS.encode()).with_hook
        for text in (
            shapes.PROCESS.replace("import os", "import os, rialto_hook").encode(),
            hooked.replace(b"activity_record, processing_status)  # rialto", b"activity_record, 'x')  # rialto"),
            hooked.replace(b'        "paid_service": process_placeholder,  # rialto\n', b"", 1),
            hooked + b"print(1)  # rialto\n",
        ):
            with self.assertRaises(Changed):
                patch(text)
        self.assertEqual(patch(b"import os\nx = 1  # rialto bridge\n").places, [])

    def test_the_hooked_file_hands_over_each_outcome_once_and_never_in_a_dry_run(self) -> None:
        activities = [
            {"id": "rec1", "fields": {"Type": "rest"}},
            {"id": "rec2", "fields": {"Type": "deliver", "Good": False}},
            {"id": "rec3", "fields": {"Type": "unheard of"}},
            {"id": "rec4", "fields": {"Type": "paid_service"}},
        ]
        outcomes = {"rec1": "processed", "rec2": "failed", "rec3": "failed", "rec4": "processed"}
        kept: list[Any] = []
        hook = types.ModuleType("rialto_hook")
        hook.record_activity = lambda record, status: kept.append((record["id"], status))  # type: ignore[attr-defined]
        for there in (hook, None):
            for dry_run in (False, True):
                module = self.executed(patch(shapes.PROCESS.encode()).with_hook, there)
                written: dict[str, str] = {}
                table = types.SimpleNamespace(update=lambda name, fields, w=written: w.update({name: fields["Status"]}))
                module["main"]({"activities": table}, {"Ada": activities[:2], "Bepi": activities[2:]}, dry_run)
                self.assertEqual(written, outcomes)
                self.assertEqual(dict(kept), outcomes if there and not dry_run else {})
                self.assertEqual(len(kept), 4 if there and not dry_run else 0)
                kept.clear()

    def executed(self, text: bytes, hook: types.ModuleType | None) -> dict[str, Any]:
        before = sys.modules.get("rialto_hook")
        # `None` in its place is what an import of something missing finds.
        sys.modules["rialto_hook"] = hook  # type: ignore[assignment]
        try:
            module: dict[str, Any] = {"__name__": "engine"}
            exec(compile(text, "processActivities.py", "exec"), module)
            return module
        finally:
            sys.modules["rialto_hook"] = before  # type: ignore[assignment]


class Command(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.backend = Path(folder.name) / "backend"
        (self.backend / "engine" / "utils").mkdir(parents=True)
        self.process = self.backend / "engine" / "processActivities.py"
        self.process.write_text(shapes.PROCESS, encoding="utf-8")
        self.process.chmod(0o750)
        self.messages = self.backend / "engine" / "utils" / "conversation_helper.py"
        self.messages.write_text(shapes.MESSAGES, encoding="utf-8")
        (self.backend / "broken.py").write_text("def (", encoding="utf-8")

    def run_patch(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rialto_hook", "patch", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ})

    def test_a_look_changes_nothing_putting_in_does_and_taking_out_is_the_way_back(self) -> None:
        before = {path: path.read_bytes() for path in self.backend.rglob("*.py")}
        for flags in ([], ["--check"]):
            looked = self.run_patch(*flags, str(self.backend))
            self.assertEqual(looked.returncode, 0, looked.stderr)
            self.assertIn("+        if rialto_hook and not dry_run: rialto_hook.record_activity", looked.stdout)
            self.assertIn("8 lines of 2 files to be put in; nothing was changed, --apply does it", looked.stdout)
            self.assertEqual({path: path.read_bytes() for path in before}, before)
        for said in ("8 lines of 2 files put in; --revert takes them out", "nothing to be done"):
            ran = self.run_patch("--apply", str(self.backend))
            self.assertEqual((ran.returncode, ran.stdout.splitlines()[-1]), (0, said))
            self.assertEqual(self.process.read_text(encoding="utf-8").count("# rialto"), 5)
            self.assertEqual(self.messages.read_text(encoding="utf-8").count("# rialto"), 3)
            self.assertEqual(stat.S_IMODE(self.process.stat().st_mode), 0o750)
        unnamed = self.backend / "unnamed.py"
        unnamed.write_text('def keep(tables):\n    tables["messages"].create({})\n', encoding="utf-8")
        self.assertIn("unnamed.py: nothing to be put in\n  left out", self.run_patch(str(self.backend)).stdout)
        unnamed.unlink()
        told = json.loads(self.run_patch("--check", "--json", str(self.backend)).stdout)
        self.assertEqual({file["state"] for file in told["files"]}, {"there already"})
        for _ in range(2):
            self.assertEqual(self.run_patch("--revert", str(self.backend)).returncode, 0)
            self.assertEqual({path: path.read_bytes() for path in before}, before)
        self.assertEqual(sorted(path.name for path in self.process.parent.iterdir()), ["processActivities.py", "utils"])

    def test_what_it_is_not_sure_of_stays_as_it_is_and_is_told(self) -> None:
        text = shapes.PROCESS.replace("update_activity_status(tables, activity", "set_status(tables, activity")
        self.process.write_text(text, encoding="utf-8")
        ran = self.run_patch("--apply", str(self.backend))
        self.assertEqual((ran.returncode, self.process.read_text(encoding="utf-8")), (1, text))
        self.assertIn("refused", ran.stdout)
        self.assertIn("0 times", ran.stdout)
        self.assertIn("HOOKING.md", ran.stdout)
        self.assertIn("3 lines of 1 file put in; 1 refused, and left as they were; --revert", ran.stdout)
        # What is sure elsewhere is put in all the same.
        self.assertIn("# rialto", self.messages.read_text(encoding="utf-8"))

    def test_a_folder_that_is_no_engine_is_told_so(self) -> None:
        self.assertEqual(self.run_patch("--check", str(self.backend / "nowhere")).returncode, 2)
        self.process.unlink()
        ran = self.run_patch("--check", str(self.backend))
        self.assertEqual(ran.returncode, 1)
        self.assertIn("is it the engine's backend?", ran.stderr)


if __name__ == "__main__":
    unittest.main()
