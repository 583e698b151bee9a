"""The spool: nothing is lost by threads, forks, kills and full disks, and what is lost at last is counted."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from rialto_hook.spool import BATCH_MAX, EVENTS_MAX, Full, Spool

WRITER = """
import os, sys
from pathlib import Path
from rialto_hook.spool import Spool
spool = Spool(Path(sys.argv[1]), 1 << 30)
for number in range(3):
    spool.append(b'A{"id":"%d-%d"}\\n' % (os.getpid(), number))
os.write(spool._descriptor, b'A{"id":"half of')
print("written", flush=True)
sys.stdin.read()
"""


class Spools(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "spool"

    def spool(self, bytes_max: int = 1 << 30) -> Spool:
        return Spool(self.folder, bytes_max)

    def lines(self, spool: Spool) -> list[bytes]:
        return [line for batch in spool.batches() for line in batch.read_bytes().splitlines(keepends=True)]

    def test_a_batch_has_at_most_500_events_and_a_mebibyte(self) -> None:
        for line in (b"A{}\n", b"A" + b"x" * 60_000 + b"\n"):
            spool = self.spool()
            for _ in range(2 * EVENTS_MAX + 1):
                spool.append(line)
            spool.close()
            for batch in spool.batches():
                text = batch.read_bytes()
                self.assertLessEqual(text.count(b"\n"), EVENTS_MAX)
                self.assertLessEqual(len(text), BATCH_MAX)
            self.assertEqual(len(self.lines(spool)), 2 * EVENTS_MAX + 1)
            for batch in spool.batches():
                spool.settle(batch, [])

    def test_many_threads_lose_and_mix_nothing(self) -> None:
        spool = self.spool()

        def write(who: int) -> None:
            for number in range(700):
                spool.append(b"A%d-%d\n" % (who, number))

        threads = [threading.Thread(target=write, args=(who,)) for who in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spool.close()
        written = {b"A%d-%d\n" % (who, number) for who in range(5) for number in range(700)}
        self.assertEqual((set(self.lines(spool)), len(self.lines(spool))), (written, 3500))

    def test_what_a_living_process_writes_is_its_own_and_what_a_killed_one_wrote_is_taken_over(self) -> None:
        command = [sys.executable, "-c", WRITER, str(self.folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            self.assertEqual(self.spool().batches(), [])
            writer.kill()
            writer.wait()
            whole = [b'A{"id":"%d-%d"}\n' % (writer.pid, number) for number in range(3)]
            self.assertEqual(self.lines(self.spool()), [*whole, b'A{"id":"half of'])

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_forked_process_writes_a_file_of_its_own(self) -> None:
        spool = self.spool()
        spool.append(b"Aparent\n")
        child = os.fork()
        if child == 0:
            spool.abandon()
            spool.append(b"Achild\n")
            os._exit(0)
        os.waitpid(child, 0)
        spool.append(b"Aparent again\n")
        self.assertEqual(self.lines(self.spool()), [b"Achild\n"])
        spool.close()
        self.assertEqual(sorted(self.lines(spool)), [b"Achild\n", b"Aparent\n", b"Aparent again\n"])

    def test_it_holds_no_more_than_it_may_and_takes_again_when_there_is_room(self) -> None:
        spool = self.spool(bytes_max=BATCH_MAX)
        line = b"A" + b"x" * 50_000 + b"\n"
        with self.assertRaises(Full):
            for _ in range(100):
                spool.append(line)
        self.assertLessEqual(sum(path.stat().st_size for path in self.folder.iterdir()), 2 * BATCH_MAX)
        for batch in spool.batches():
            spool.settle(batch, [])
        spool.append(line)

    def test_a_disk_that_is_full_is_told_and_the_next_event_begins_anew(self) -> None:
        spool = self.spool()
        spool.append(b"Afirst\n")
        full = OSError(errno.ENOSPC, "no space left")
        with mock.patch("rialto_hook.spool.os.write", side_effect=full), self.assertRaises(OSError):
            spool.append(b"Alost\n")
        self.assertIsNone(spool._descriptor)
        spool.append(b"Anext\n")
        spool.close()
        self.assertEqual(self.lines(spool), [b"Afirst\n", b"Anext\n"])

    def test_who_closes_or_clears_away_its_file_has_nothing_lost_or_written_into_his_own(self) -> None:
        other = self.folder.parent / "other"

        def close(descriptor: int) -> None:
            os.close(descriptor)

        def close_and_open(descriptor: int) -> None:
            opened = os.open(other, os.O_RDWR | os.O_CREAT)
            os.dup2(opened, descriptor)
            os.close(opened)
            self.addCleanup(os.close, descriptor)

        def clear(_: int) -> None:
            for path in self.folder.iterdir():
                path.unlink()

        for interfere in (close, close_and_open, clear):
            spool = self.spool()
            spool.append(b"Afirst\n")
            assert spool._descriptor is not None
            interfere(spool._descriptor)
            spool.append(b"Anext\n")
            spool.close()
            lines = self.lines(spool)
            with self.subTest(interfere=interfere.__name__):
                self.assertEqual(lines, [b"Anext\n"] if interfere is clear else [b"Afirst\n", b"Anext\n"])
                self.assertEqual(other.read_bytes() if other.exists() else b"", b"")
            for batch in spool.batches():
                spool.settle(batch, [])
        spool.append(b"Alast\n")
        assert spool._descriptor is not None
        os.close(spool._descriptor)
        spool.abandon()

    def test_where_each_file_is_taken_at_once_it_gives_up(self) -> None:
        with mock.patch("rialto_hook.spool.locks.lock", return_value=False), self.assertRaises(OSError):
            self.spool().append(b"Aa\n")

    def test_a_full_spool_is_not_looked_through_for_each_event_and_what_was_told_of_does_not_fill_it(self) -> None:
        spool = self.spool(bytes_max=10)
        spool.bury(b'A{"id":"x"}\n', "bad_id", "no good id")
        spool.append(b"A" + b"x" * 20 + b"\n")
        spool.close()
        with mock.patch("rialto_hook.spool.os.scandir", wraps=os.scandir) as scan:
            for _ in range(100):
                self.assertRaises(Full, spool.append, b"Aa\n")
            self.assertEqual(scan.call_count, 1)

    def test_room_that_another_process_made_is_found_however_often_somebody_asks(self) -> None:
        spool = self.spool(bytes_max=10)
        spool.append(b"A" + b"x" * 20 + b"\n")
        spool.close()
        with mock.patch("rialto_hook.spool.time.monotonic", side_effect=(0.4 * step for step in range(1, 99))):
            self.assertRaises(Full, spool.append, b"Aa\n")
            for batch in spool.batches():
                batch.unlink()
            for _ in range(2):
                self.assertRaises(Full, spool.append, b"Aa\n")
            spool.append(b"Aa\n")

    def test_what_a_full_disk_cuts_of_a_reason_is_told_and_takes_no_other_with_it(self) -> None:
        spool = self.spool()
        write = os.write
        with mock.patch("rialto_hook.spool.os.write", lambda descriptor, line: write(descriptor, line[:9])):
            self.assertRaises(OSError, spool.bury, b'A{"id":"x"}\n', "bad_id", "no good id")
        spool.bury(b'A{"id":"y"}\n', "bad_id", "no good id")
        self.assertEqual([dead["event"] for dead in spool.told("dead.ndjson")], ['{"id":"y"}'])

    def test_what_is_left_of_a_batch_stays_and_what_is_told_can_be_read_again(self) -> None:
        spool = self.spool()
        for line in (b"Aa\n", b"Ab\n", b"Ac\n"):
            spool.append(line)
        spool.close()
        (batch,) = spool.batches()
        spool.settle(batch, [b"Ab\n"])
        self.assertEqual(self.lines(self.spool()), [b"Ab\n"])
        spool.bury(b'M{"id":"x"}\n', "bad_id", "no good id")
        spool.count_dropped(3, "full")
        (dead,), (dropped,) = spool.told("dead.ndjson"), spool.told("dropped.ndjson")
        self.assertEqual((dead["feed"], dead["code"], dead["event"]), ("message", "bad_id", '{"id":"x"}'))
        self.assertEqual((dropped["count"], dropped["why"]), (3, "full"))


if __name__ == "__main__":
    unittest.main()
