"""Putting the hook into an engine's source: found by shape, put in once, harmless there, and taken out to the byte."""

from __future__ import annotations

import ast
import builtins
import json
import os
import random
import re
import stat
import subprocess
import sys
import tempfile
import types
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from rialto_hook.patching import plan, write
from rialto_hook.patching.marks import Lines
from rialto_hook.patching.place import Finding
from rialto_hook.patching.plan import Part, Plan

ROOT = Path(__file__).parent.parent
SHAPES = ROOT / "tests" / "shapes"
#: The shapes that can be hooked in, with what each is.
WHOLE = {
    "plain": Part.ACTIVITIES,
    "spread": Part.ACTIVITIES,
    "renamed": Part.ACTIVITIES,
    "conversation": Part.MESSAGES,
    "writers": Part.OTHER,
    "telegram": Part.OTHER,
}
#: A file in the forms in which editors leave it.
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "of Windows": lambda data: data.replace(b"\n", b"\r\n"),
    "of an old Macintosh": lambda data: data.replace(b"\n", b"\r"),
    "with two ends of line": lambda data: data.replace(b"\n", b"\r\n", data.count(b"\n") // 2),
    "with tabs": lambda data: data.replace(b"    ", b"\t"),
    "with a mark of its encoding": lambda data: b"\xef\xbb\xbf" + data,
    "in Latin-1": lambda data: b"# coding: latin-1\n" + data.decode().encode("latin-1", "replace"),
    "without an end": lambda data: data.rstrip(b"\n"),
    "of Windows, without an end": lambda data: data.rstrip(b"\n").replace(b"\n", b"\r\n"),
    "with room at the ends": lambda data: data.replace(b":\n", b":  \n").replace(b")\n", b")\t\n"),
    "with feeds": lambda data: data.replace(b"\n\n", b"\n\x0c\n"),
    "with comments at the ends": lambda data: data.replace(b")\n", b")  # \xc3\xa8\n"),
    "with a bare end of main": lambda data: data.split(b"\n\nif __name__")[0],
}
UPDATE = "        update_activity_status(tables, activity_id_airtable, processing_status)\n"
PERSIST = "        created_record = tables['messages'].create(payload)\n"
FATES = {"rec1": "processed", "rec2": "failed", "rec3": "error", "rec4": "failed"}
ACTIVITIES = [
    {"id": "rec1", "fields": {"Citizen": "Ada", "Type": "idle"}},
    {"id": "rec2", "fields": {"Citizen": "Ada", "Type": "production", "Fails": True}, "then": [{"id": "rec9"}]},
    {"id": "rec3", "fields": {"Citizen": "Bepi", "Type": "production", "Breaks": True}},
    {"id": "rec4", "fields": {"Citizen": "Bepi", "Type": "unheard_of"}},
]
SERVICE = {"id": "rec5", "fields": {"Citizen": "Bepi", "Type": "paid_service"}}


def shape(name: str) -> bytes:
    return (SHAPES / f"{name}.txt").read_bytes()


def applied(data: bytes, part: Part = Part.ACTIVITIES) -> Plan:
    return plan.applied(Path(part.value), data, part)


def reverted(data: bytes) -> Plan:
    return plan.reverted(Path("any.py"), data)


def unmarked(data: bytes) -> bytes:
    """What is left where every line that ends in the mark is deleted."""
    return b"".join(re.findall(rb"(?m)^(?![^\r\n]*# rialto\r?$).*\n?", data))


def mangled(data: bytes, chance: random.Random) -> bytes:
    """With some lines lost, doubled, moved or put in."""
    lines = data.splitlines(keepends=True)
    for _ in range(chance.randrange(1, 4)):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        room = lines[at][: len(lines[at]) - len(lines[at].lstrip())].strip(b"\r\n")
        new = [b"\n", room + b"# a remark\r\n", room + b"remark = '''\n# rialto'''\n", lines[other]]
        if chance.randrange(5):
            lines.insert(at, chance.choice(new))
        else:
            lines.pop(at)
    return b"".join(lines)


class Hook(types.SimpleNamespace):
    """What is imported in place of the package, and remembers."""

    def __init__(self, fault: Exception | None = None) -> None:
        super().__init__()
        self.fault = fault
        self.activities: list[tuple[str, str]] = []
        self.messages: list[dict[str, Any]] = []
        self.flushes = 0

    def record_activity(self, record: dict[str, Any], status: str) -> None:
        self.activities.append((record["id"], status))
        self.stumble()

    def record_message(self, record: dict[str, Any]) -> None:
        self.messages.append(record)
        self.stumble()

    def flush(self) -> None:
        self.flushes += 1
        self.stumble()

    def stumble(self) -> None:
        if self.fault:
            raise self.fault


class Table:
    """Rows, as far as they are written."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}

    def update(self, key: str, fields: dict[str, Any]) -> None:
        self.rows[key] = fields["Status"]

    def create(self, fields: dict[str, Any]) -> dict[str, Any]:
        key = f"rec{len(self.rows)}"
        self.rows[key] = fields
        return {"id": key, "fields": fields}


def executed(data: bytes, hook: Hook | Exception, name: str = "engine") -> dict[str, Any]:
    """The module, in which to import the package gives the hook, or fails so."""

    def importing(wanted: str, *rest: Any) -> Any:
        if wanted != "rialto_hook":
            return builtins.__import__(wanted, *rest)
        if isinstance(hook, Exception):
            raise hook
        return hook

    module: dict[str, Any] = {"__name__": name, "__builtins__": {**vars(builtins), "__import__": importing}}
    exec(compile(data, "engine.py", "exec", dont_inherit=True), module)
    return module


class Shapes(unittest.TestCase):
    def test_every_place_of_the_engine_is_found_with_the_names_that_stand_there(self) -> None:
        plain = applied(shape("plain"))
        self.assertTrue(plain.is_sure, plain)
        put_in = [line.strip() for line in plain.after.decode().splitlines() if line.endswith("# rialto")]
        self.assertEqual(
            put_in,
            [
                "try: import rialto_hook  # rialto",
                "except Exception: rialto_hook = None  # rialto",
                '"paid_service": process_placeholder,  # rialto',
                '"paid_service": process_placeholder,  # rialto',
                "if not dry_run:  # rialto",
                "try: rialto_hook.record_activity(activity_record, processing_status)  # rialto",
                "except Exception: pass  # rialto",
                "try: rialto_hook.flush()  # rialto",
                "except Exception: pass  # rialto",
            ],
        )
        self.assertIn(UPDATE + "        if not dry_run:  # rialto\n", plain.after.decode())
        renamed = applied(shape("renamed")).after.decode()
        self.assertIn("row['id'], result)\n        if not dry_run:  # rialto\n", renamed)
        self.assertIn("    try: rialto_hook.record_activity(row, result)  # rialto\n", renamed)
        spread = applied(shape("spread")).after.decode()
        call = "\t\t\t\t\t)  # whatever it is\n\t\t\t\t\tif not is_dry_run:  # rialto\n\t\t\t\t\t\ttry: rialto_hook."
        self.assertIn(call, spread)

    def test_the_import_stands_behind_the_others_and_before_all_that_runs(self) -> None:
        for before, after in [
            ('"""Words."""\nX = 1\n', '"""Words."""\n|X = 1\n'),
            ("#!python\n# Words.\nX = 1\n", "#!python\n# Words.\n|X = 1\n"),
            ('"""Words."""\nfrom __future__ import annotations\nX = 1\n', "annotations\n|X"),
            ("import os\nimport sys\ntry:\n    import json\nexcept ImportError: pass\n", "import sys\n|try:"),
            ("import os\nif __name__ == '__main__':\n    pass\n", "import os\n|if"),
            ("@staticmethod\ndef one(): pass\n", "|@static"),
        ]:
            with self.subTest(before=before):
                text = before + 'def say(tables):\n    row = tables["messages"].create({})\nimport late\n'
                found = applied(text.encode(), Part.OTHER).after.decode()
                self.assertIn(after.replace("|", "\n".join([*Lines.IMPORT.of(), ""])), found)

    def test_messages_are_recorded_where_a_name_holds_the_row_and_told_of_elsewhere(self) -> None:
        found = applied(shape("writers"), Part.OTHER)
        lines = shape("writers").decode().splitlines()
        told = [(place.finding, lines[(place.line or 0) - 1].split("=")[0].strip()) for place in found.places[1:]]
        unsure = Finding.UNSURE
        self.assertEqual(told[0], (Finding.FOUND, "stored: dict"))
        self.assertEqual([finding for finding, _ in told[1:]], [unsure] * 5)
        self.assertEqual([name for _, name in told[3:]], ["if words: loud", "rows", "row"])
        self.assertTrue(all("poll" in place.by_hand for place in found.places if place.finding is unsure))
        self.assertEqual((found.is_sure, found.after.count(b"# rialto")), (True, 4))

    def test_letters_by_telegram_are_left_out_where_their_shape_is_another(self) -> None:
        text = shape("telegram").decode()
        send = "            success = await self.send_telegram_message("
        for old, new in [
            ("'username':", "'name':"),
            (send, f"            await self.send_telegram_message(chat_id, '')\n{send}"),
            ("            metadata = self.parse_response_filename(", "            metadata = self.look_at("),
            ("            if success:\n", "            if success and metadata:\n"),
            ("send_telegram_message(chat_id,", "send_telegram_message(metadata['telegram_id'],"),
        ]:
            with self.subTest(new=new):
                self.assertIn(old, text)
                found = applied(text.replace(old, new).encode(), Part.OTHER)
                self.assertEqual((found.is_sure, found.changes), (True, False))
                self.assertEqual([place.finding for place in found.places], [Finding.UNSURE])
                self.assertIn("poll does not find these", found.places[0].by_hand)

    def test_where_a_shape_leaves_a_doubt_the_file_stays_as_it_is_and_a_sentence_says_why(self) -> None:
        def check(old: str, new: str, why: str, name: str = "plain", part: Part = Part.ACTIVITIES) -> None:
            text = shape(name).decode()
            self.assertIn(old, text)
            found = applied(text.replace(old, new).encode(), part)
            with self.subTest(new=new):
                self.assertEqual((found.is_sure, found.changes), (False, False), found)
                doubts = [place for place in found.places if plan.is_in_the_way(place)]
                self.assertIn(why, " ".join(place.why for place in doubts))
                self.assertTrue(all(place.by_hand for place in doubts))

        function = "def process_all_activities_for_one_citizen"
        check(UPDATE, UPDATE + UPDATE, "2 statements call")
        check(UPDATE, "", "no statement calls")
        check(UPDATE, UPDATE.replace("processing_status", '"processed"'), "no statement calls")
        check(UPDATE, UPDATE.replace("        u", "        done = u"), "no statement calls")
        check(UPDATE, UPDATE.replace("\n", "; lock\n"), "shares its lines")
        check(UPDATE, UPDATE.replace("        u", "        if lock: u"), "shares its lines")
        check(UPDATE, UPDATE.replace("        u", "        if lock: \\\n            u"), "shares its lines")
        check(UPDATE, UPDATE.replace("processing_status", "tally"), "not a name of the function itself")
        check("activity_id_airtable = activity_record['id']", "activity_id_airtable = tally[0]", "whose id it is")
        check("activity_id_airtable, processing", "dep_activity_id, processing", "whose id it is")
        check(
            '        processing_status = "processed"\n        if',
            '        processing_status, activity_record = "processed", {}\n        if',
            "whose id it is",
        )
        loop = "    for activity_record in citizen_activities:\n"
        check(loop, f"    for activity_record in []:\n        pass\n{loop}", "whose id it is")
        check(loop, f"    activity_record = None\n{loop}", "whose id it is")
        check(loop, loop.replace("activity_record", "_, activity_record"), "whose id it is")
        check(
            "    dry_run: bool,\n", "    rehearsal: bool,\n    is_dry_run=0, *, dry_run=0,\n", "2 names that may be it"
        )
        check("    dry_run: bool,\n", "    rehearsal: bool,\n", "no name for it")
        check('    """One citizen', '    rialto_hook = 1\n    """One citizen', "means something else")
        check("tally = []", "tally = rialto_hook = []", "means something else in the file")
        check(function, "def process_all_of_one", "there is no function")
        check("def interrupt", f"{function}(): pass\ndef interrupt", "is there 2 times")
        check("def process_placeholder", "def process_holder", "neither defined nor imported")
        check("process_placeholder", "process_nothing", "not evident")
        check('"secure_warehouse": process_placeholder', '"pray": kneeling_placeholder', "not evident")
        quiet = '"secure_warehouse": process_placeholder,\n        "rest": process_rest,  # really rests\n        '
        check(quiet, '"rest": process_rest, ', "no entry with process_placeholder begins a line")
        check("    ACTIVITY_PROCESSORS = {  # the", '    OTHERS = {"rest": cry_out}\n    X = {  # the', "2 dicts")
        check("from functools import partial\n", "from functools import partial; lock = 1\n", "shares its line")
        check(PERSIST, PERSIST.replace("created_record = ", ""), "dropped", "conversation", Part.MESSAGES)
        check(PERSIST, PERSIST + PERSIST, "2 statements creates", "conversation", Part.MESSAGES)
        check("messages", "letters", "nothing creates", "conversation", Part.MESSAGES)
        check("def persist_message", "def keep", "no function persist_message", "conversation", Part.MESSAGES)

    def test_what_python_cannot_read_is_refused_where_it_counts(self) -> None:
        for data in (shape("broken"), b"# coding: nonsense\n", b"x = '\xff'\n", b"x = 1\0\n", b"(" * 999):
            found = applied(data)
            self.assertEqual((found.is_sure, found.changes), (False, False))
            self.assertTrue(found.refusal and found.by_hand)
            # The engine has such files where nothing has to be found.
            self.assertTrue(applied(data, Part.OTHER).is_sure)

    def test_what_somebody_hooked_in_by_hand_is_there_already(self) -> None:
        data = shape("by_hand")
        found = applied(data)
        self.assertEqual((found.is_sure, found.changes), (True, False), found)
        self.assertEqual({place.finding for place in found.places}, {Finding.THERE})
        self.assertFalse(reverted(data).changes)
        told = PERSIST + "        rialto_hook.record_message(created_record, recipient_type='external')\n"
        found = applied(shape("conversation").decode().replace(PERSIST, told).encode(), Part.MESSAGES)
        self.assertEqual((found.is_sure, found.changes, found.places[0].finding), (True, False, Finding.THERE))
        # What is missing is put in beside it.
        partly = data.replace(b", 'paid_service': sit_still", b"").replace(b"{'pro", b"{\n'pro")
        self.assertEqual(applied(partly.replace(b", 'idle'", b",\n        'idle'")).after.count(b"# rialto"), 0)
        named = partly.replace(b", 'idle'", b",\n        'rest': sit_still,\n        'idle'")
        self.assertEqual(applied(named).after.count(b"# rialto"), 1)

    def test_lines_of_ours_that_somebody_changed_or_moved_are_refused(self) -> None:
        hooked = applied(shape("plain")).after
        call = b"            try: rialto_hook.record_activity(activity_record, processing_status)  # rialto\n"
        entry = b'        "paid_service": process_placeholder,  # rialto\n'
        for old, new in [
            (call, b""),
            (call, call.replace(b"_status)", b"_status, 1)")),
            (call, call.replace(b"try: ", b"")),
            (call, b"            pass\n" + call),
            (b"        if not dry_run:  # rialto\n", b"        if not dry_run:\n"),
            (b"except Exception: rialto_hook = None  # rialto\n", b""),
        ]:
            with self.subTest(new=new):
                changed = hooked.replace(old, new, 1)
                self.assertNotEqual(changed, hooked)
                for found in (applied(changed), reverted(changed)):
                    self.assertEqual((found.is_sure, found.changes), (False, False))
                    self.assertIn("# rialto", found.by_hand)
        moved = hooked.replace(entry, b"").replace(b'        "production"', entry + b'        "production"')
        self.assertIn("not where", applied(moved).refusal)
        self.assertEqual(reverted(moved).after, shape("plain"))
        # Where something was built around a line, taking it out would leave a hole.
        around = hooked.replace(
            b"        if not dry_run:  # rialto", b"        if lock:\n        if not dry_run:  # rialto"
        )
        self.assertFalse(reverted(around).is_sure)
        # A part of them is added to.
        self.assertEqual(applied(hooked.replace(entry, b"", 1)).after, hooked)
        # Words are no lines of ours.
        told = b'"""See\n    x  # rialto\n"""\n' + shape("plain")
        self.assertEqual(reverted(applied(told).after).after, told)


class Bytes(unittest.TestCase):
    def check(self, data: bytes, part: Part) -> Plan:
        """The law of every file: in and out again it is what it was, and in twice is in once."""
        found = applied(data, part)
        again = applied(found.after, part)
        self.assertEqual((again.after, again.is_sure), (found.after, found.is_sure))
        self.assertEqual(reverted(found.after).after, data)
        self.assertEqual(reverted(data).after, data)
        if found.changes:
            self.assertEqual({place.finding for place in again.places if place.insertion}, {Finding.THERE})
            compile(found.after, "engine.py", "exec", dont_inherit=True)
        else:
            self.assertEqual(found.after, data)
        return found

    def test_in_and_out_again_each_shape_in_each_form_is_what_it_was(self) -> None:
        for name, part in WHOLE.items():
            for form, change in FORMS.items():
                with self.subTest(name=name, form=form):
                    data = change(shape(name))
                    found = self.check(data, part)
                    self.assertTrue(found.is_sure and found.changes, found)
                    if b"\n" in data and not form.endswith("without an end") and found.after.endswith(b"\n"):
                        mark = b"\xef\xbb\xbf"
                        # A mark goes with the first line, where that is ours.
                        self.assertEqual(unmarked(found.after).lstrip(mark), data.lstrip(mark))

    def test_lines_end_as_those_around_them(self) -> None:
        for end in (b"\r\n", b"\r", b"\n"):
            after = applied(shape("plain").replace(b"\n", end)).after
            self.assertEqual(set(re.findall(rb"\r\n|\r|\n", after)), {end})
            after = applied(shape("plain").rstrip(b"\n").replace(b"\n", end)).after
            self.assertTrue(after.endswith(b"except Exception: pass  # rialto"))

    def test_in_and_out_again_a_file_is_what_it_was_however_it_was_mangled(self) -> None:
        chance = random.Random(1516)
        kept = 0
        for turn in range(300):
            name = chance.choice(list(WHOLE))
            data = mangled(chance.choice(list(FORMS.values()))(shape(name)), chance)
            with self.subTest(turn=turn, name=name):
                kept += self.check(data, WHOLE[name]).changes
        # The law would hold of nothing at all, too.
        self.assertLess(100, kept)

    def test_nothing_but_our_statements_is_new_to_python(self) -> None:
        for name, part in WHOLE.items():
            after = applied(shape(name), part).after
            self.assertNotEqual(ast.dump(ast.parse(after)), ast.dump(ast.parse(shape(name))))
            self.assertEqual(ast.dump(ast.parse(unmarked(after))), ast.dump(ast.parse(shape(name))))


class Runs(unittest.TestCase):
    def test_each_activity_is_recorded_once_with_its_outcome_and_none_in_a_dry_run(self) -> None:
        for name in ("plain", "spread", "renamed"):
            data = applied(shape(name)).after
            for dry_run in (False, True):
                with self.subTest(name=name, dry_run=dry_run):
                    hook, table = Hook(), Table()
                    executed(data, hook)["main"]({"activities": table}, ACTIVITIES, dry_run)
                    self.assertEqual(sorted(hook.activities), [] if dry_run else sorted(FATES.items()))
                    self.assertLessEqual(FATES.keys(), table.rows.keys())

    def test_a_paid_service_is_processed_only_where_it_was_put_in(self) -> None:
        for name in ("plain", "spread", "renamed"):
            for data, fate in ((shape(name), "failed"), (applied(shape(name)).after, "processed")):
                hook, table = Hook(), Table()
                executed(data, hook)["main"]({"activities": table}, [SERVICE])
                self.assertEqual(table.rows, {"rec5": fate})

    def test_the_engine_goes_on_where_the_package_is_missing_or_broken_or_raises(self) -> None:
        for hook in (ImportError("none"), SyntaxError("torn"), RuntimeError("odd"), Hook(ValueError("broken"))):
            for name in ("plain", "spread", "renamed"):
                with self.subTest(hook=hook, name=name):
                    table, plain = Table(), Table()
                    executed(applied(shape(name)).after, hook)["main"]({"activities": table}, ACTIVITIES)
                    executed(shape(name), hook)["main"]({"activities": plain}, ACTIVITIES)
                    self.assertEqual(table.rows, plain.rows)
            data = applied(shape("conversation"), Part.MESSAGES).after
            stored = executed(data, hook)["persist_message"]({"messages": Table()}, "Ada", "Bepi", "Ciao")
            self.assertEqual(stored["id"], "rec0")

    def test_the_end_of_a_run_is_flushed_as_a_script_and_where_main_is_all_there_is(self) -> None:
        hook = Hook()
        executed(applied(shape("plain")).after, hook, "__main__")
        self.assertEqual(hook.flushes, 1)
        data = applied(FORMS["with a bare end of main"](shape("plain"))).after
        hook = Hook(ValueError("broken"))
        executed(data, hook)["main"]({"activities": Table()}, ACTIVITIES)
        self.assertEqual((hook.flushes, len(hook.activities)), (1, 4))

    def test_messages_are_recorded_as_they_were_stored_and_letters_once_they_are_sent(self) -> None:
        hook = Hook()
        data = applied(shape("conversation"), Part.MESSAGES).after
        stored = executed(data, hook)["persist_message"]({"messages": Table()}, "Ada", "Bepi", "Ciao")
        self.assertEqual(hook.messages, [stored])
        hook = Hook()
        herald = executed(applied(shape("writers"), Part.OTHER).after, hook)["Herald"]({"messages": Table()})
        stored = herald.say("Hear!")
        herald.mutter("Ah")
        self.assertEqual(hook.messages, [stored])
        for is_well in (True, False):
            hook = Hook()
            data = applied(shape("telegram"), Part.OTHER).after
            files = {"ada_to_51_1516.txt": "new", "bepi_to_52_1516.txt": "new"}
            executed(data, hook)["main"](files, is_well)
            letter = {"id": "ada_to_51_1516.txt", "Sender": "ada", "Receiver": "TG_51"}
            self.assertEqual(hook.messages[:1], [letter] if is_well else [])
            self.assertEqual(len(hook.messages), 2 if is_well else 0)


class Command(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.backend = Path(folder.name) / "backend"
        self.activities = self.backend / Part.ACTIVITIES.value
        self.messages = self.backend / Part.MESSAGES.value
        self.messages.parent.mkdir(parents=True)
        for path, name in [
            (self.activities, "plain"),
            (self.messages, "conversation"),
            (self.backend / "herald.py", "writers"),
            (self.backend / "send_telegram_response.py", "telegram"),
        ]:
            path.write_bytes(shape(name))
        (self.backend / "torn.py").write_bytes(b"messages.create(")
        (self.backend / "venv").mkdir()
        (self.backend / "venv" / "writers.py").write_bytes(shape("writers"))
        self.activities.chmod(0o750)

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.backend.rglob("*") if path.is_file()}

    def run_patch(self, *arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rialto_hook", "patch", *map(str, arguments)]
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **settings}
        return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False, env=environment)

    def test_a_look_changes_nothing_applying_does_and_reverting_leads_back(self) -> None:
        before = self.files()
        for flags in ([], ["--check"]):
            ran = self.run_patch(*flags, self.backend)
            self.assertEqual((ran.returncode, self.files()), (0, before), ran.stderr)
            self.assertIn("\n+        if not dry_run:  # rialto\n", ran.stdout)
            self.assertIn("processActivities.py: to be changed", ran.stdout)
            self.assertIn("21 lines of 4 files to be put in; nothing was changed, --apply does it", ran.stdout)
            self.assertIn("not sure and left out: the message that mutter stores", ran.stdout)
        for words in ("processActivities.py: changed", "processActivities.py: nothing to do"):
            ran = self.run_patch("--apply", self.backend)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertIn(words, ran.stdout)
            changed = {path.name for path, data in self.files().items() if data != before[path]}
            self.assertEqual(
                changed, {"processActivities.py", "conversation_helper.py", "herald.py", "send_telegram_response.py"}
            )
            self.assertEqual(stat.S_IMODE(self.activities.stat().st_mode), 0o750)
        for _ in range(2):
            ran = self.run_patch("--revert", self.backend)
            self.assertEqual((ran.returncode, self.files()), (0, before))

    def test_a_script_is_told_the_same(self) -> None:
        told = json.loads(self.run_patch("--check", "--json", self.backend).stdout)
        self.assertTrue(told["is_well"])
        first = told["files"][0]
        self.assertEqual([first["path"], first["is_sure"], first["changes"]], [str(self.activities), True, True])
        self.assertEqual({place["finding"] for place in first["places"]}, {"found"})
        self.assertIn("+try: import rialto_hook  # rialto", first["diff"])
        self.run_patch("--apply", self.backend)
        first = json.loads(self.run_patch("--check", "--json", self.backend).stdout)["files"][0]
        self.assertEqual({place["finding"] for place in first["places"]}, {"already there"})
        self.assertEqual((first["changes"], first["diff"]), (False, ""))

    def test_what_is_sure_is_put_in_beside_what_is_not(self) -> None:
        text = shape("plain").replace(UPDATE.encode(), b"")
        self.activities.write_bytes(text)
        ran = self.run_patch("--apply", self.backend)
        self.assertEqual((ran.returncode, self.activities.read_bytes()), (1, text))
        self.assertIn("processActivities.py: left as it is", ran.stdout)
        self.assertIn("no statement calls update_activity_status", ran.stdout)
        self.assertIn("by hand: right after", ran.stdout)
        self.assertIn(b"# rialto", self.messages.read_bytes())

    def test_what_a_console_cannot_show_stops_nothing(self) -> None:
        self.activities.write_bytes(
            shape("plain").replace(b"        update_", b"        # \xf0\x9f\x9b\xb6\n        update_")
        )
        ran = self.run_patch("--apply", self.backend, PYTHONIOENCODING="ascii")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("\\U0001f6f6", ran.stdout)

    def test_a_single_file_and_a_folder_around_or_within_may_be_named_too(self) -> None:
        self.assertEqual(self.run_patch("--apply", self.messages).returncode, 0)
        self.assertEqual(self.activities.read_bytes(), shape("plain"))
        self.assertEqual(self.run_patch("--apply", self.backend / "engine").returncode, 0)
        self.assertEqual(self.run_patch("--revert", self.activities).returncode, 0)
        self.assertEqual(self.activities.read_bytes(), shape("plain"))
        for folder in (self.backend.parent, self.backend / "engine", self.backend):
            told = json.loads(self.run_patch("--json", folder).stdout)
            self.assertTrue(told["is_well"])
            self.assertEqual(Path(told["files"][0]["path"]).resolve(), self.activities.resolve())
        nothing = self.backend / "nothing.py"
        nothing.write_text("import os\n", encoding="utf-8")
        ran = self.run_patch("--check", nothing)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("no place to hook in at", ran.stdout)

    def test_a_folder_that_is_no_engine_is_told_so(self) -> None:
        ran = self.run_patch("--check", self.backend / "nowhere")
        self.assertEqual(ran.returncode, 2)
        self.assertIn("name the engine's folder", ran.stderr)
        ran = self.run_patch("--apply", self.backend / "venv")
        self.assertEqual((ran.returncode, (self.backend / "venv" / "writers.py").read_bytes()), (1, shape("writers")))
        self.assertIn("in which engine/processActivities.py is", ran.stdout)
        self.messages.unlink()
        ran = self.run_patch("--check", self.backend)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("conversation_helper.py: left as it is", ran.stdout)
        self.assertEqual(self.run_patch("--check", "--apply", self.backend).returncode, 2)

    @unittest.skipIf(os.name == "nt", "links need a right of their own there")
    def test_a_link_stays_one_and_what_it_leads_to_is_changed_once(self) -> None:
        real = self.backend / "engine" / "real.py"
        self.activities.rename(real)
        self.activities.symlink_to(real)
        for wish, data in (("--apply", applied(shape("plain")).after), ("--revert", shape("plain"))):
            self.assertEqual(self.run_patch(wish, self.activities).returncode, 0)
            self.assertEqual((real.read_bytes(), self.activities.is_symlink()), (data, True))
            self.assertEqual(self.run_patch("--check", self.backend).returncode, 0)

    def test_a_write_that_fails_leaves_the_file_and_nothing_beside_it(self) -> None:
        before = self.files()
        with mock.patch("os.replace", side_effect=OSError("full")), self.assertRaises(OSError):
            write.write(self.activities, shape("plain"), b"other")
        with self.assertRaises(write.Busy):
            write.write(self.activities, b"as it was before", b"other")
        self.assertEqual(self.files(), before)


class ByHand(unittest.TestCase):
    def test_what_is_told_to_be_written_by_hand_is_what_is_put_in(self) -> None:
        text = (ROOT / "HOOKING.md").read_text(encoding="utf-8")
        blocks = re.findall(r"```diff\n(.*?)```", text, re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        told = [line[1:].strip() for line in lines if line.startswith("+")]
        self.assertEqual(told, [line[1:].strip() for line in lines if line.endswith("# rialto")])
        names = {"dry_run": "dry_run", "record": "activity_record", "status": "processing_status"}
        expected = [
            *Lines.IMPORT.of(),
            *Lines.ACTIVITY.indented("", **names),
            *Lines.ENTRY.indented("", processor="process_placeholder_activity_fn"),
            *Lines.FLUSH.indented(""),
            *Lines.MESSAGE.indented("", record="created_record"),
            *Lines.TELEGRAM.indented("", file="filename", letter="metadata", chat="chat_id"),
        ]
        self.assertEqual(told, [line.strip() for line in expected])

    @unittest.skipUnless(sys.platform == "linux", "elsewhere sed is another one")
    def test_what_is_told_to_take_all_of_it_out_by_hand_does(self) -> None:
        text = (ROOT / "HOOKING.md").read_text(encoding="utf-8")
        (command,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "backend" / "processActivities.py"
            path.parent.mkdir()
            for end in (b"\n", b"\r\n"):
                data = shape("plain").replace(b"\n", end)
                path.write_bytes(applied(data).after)
                subprocess.run(command, shell=True, cwd=folder, check=True)
                self.assertEqual(path.read_bytes(), data)


if __name__ == "__main__":
    unittest.main()
