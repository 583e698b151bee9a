"""Handing over: a line leaves the spool when it was answered for, and not before."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import unittest
from collections import deque
from pathlib import Path
from typing import Any
from unittest import mock

from rialto_hook.sender import Sender, Sent, Unsent, _Answer
from rialto_hook.settings import Settings
from rialto_hook.spool import Spool

from .sidecar import Sidecar


class Sending(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.sidecar = Sidecar()
        self.sidecar.__enter__()
        self.addCleanup(self.sidecar.__exit__)
        environment = {"RIALTO_URL": self.sidecar.url, "RIALTO_SPOOL": folder.name, "RIALTO_TOKEN": "t0ken"}
        self.settings = Settings.of(environment)
        self.spool = Spool(Path(folder.name), 1 << 30)

    def keep(self, *names: str, feed: str = "A") -> None:
        for name in names:
            self.spool.append(f'{feed}{{"id":"{name}"}}\n'.encode())

    def send(self) -> Sent:
        self.spool.close()
        return deque(Sender(self.settings, self.spool, 10).send_all(), 1).pop()

    def left(self) -> list[str]:
        return [json.loads(line[1:])["id"] for path in self.spool.batches() for line in path.read_bytes().splitlines()]

    def test_everything_is_handed_over_to_its_feed_with_the_token(self) -> None:
        self.keep("a1", "a2")
        self.keep("m1", feed="M")
        self.assertEqual(self.send(), Sent(batches=1, events=3))
        self.assertEqual([path for path, _, _ in self.sidecar.requests], ["/v1/activities", "/v1/messages"])
        headers = self.sidecar.requests[0][1]
        self.assertEqual((headers["authorization"], headers["content-type"]), ("Bearer t0ken", "application/x-ndjson"))
        self.assertEqual((sorted(self.sidecar.taken), self.left()), (["a1", "a2", "m1"], []))

    def test_what_is_rejected_for_good_is_buried_with_the_reason_and_the_others_are_taken(self) -> None:
        self.sidecar.rejected.add("a2")
        self.keep("a1", "a2", "a3")
        sent = self.send()
        self.assertEqual((sent.events, sent.rejected, self.left()), (2, 1, []))
        (dead,) = self.spool.told("dead.ndjson")
        self.assertEqual((dead["event"], dead["code"], dead["message"]), ('{"id":"a2"}', "bad_id", "no good id"))

    def test_without_an_answer_everything_stays_and_is_counted_once_when_it_is_sent_again(self) -> None:
        self.keep("a1", "a2")
        self.sidecar.is_mute = True
        with self.assertRaises(Unsent):
            self.send()
        self.assertEqual(self.left(), ["a1", "a2"])
        self.sidecar.is_mute = False
        self.assertEqual(self.send().events, 2)
        self.assertEqual((sorted(self.sidecar.taken), self.left()), (["a1", "a2"], []))

    def test_what_is_not_answered_for_stays_alone(self) -> None:
        self.keep("a1", "a2", "a3")
        self.sidecar.forgets = 1
        with self.assertRaisesRegex(Unsent, "did not answer for 1 event"):
            self.send()
        self.assertEqual(self.left(), ["a3"])
        self.assertEqual((self.send().events, self.left()), (1, []))

    def test_a_batch_that_cannot_be_settled_does_not_keep_back_the_others(self) -> None:
        (self.spool.folder / f"{0:020d}-1-other.batch").mkdir()
        self.keep("a1")
        self.spool.close()
        self.keep("a2")
        self.sidecar.forgets = 1
        with self.assertRaisesRegex(Unsent, "cannot be settled"):
            self.send()
        self.assertEqual(list(self.sidecar.taken), ["a1", "a2"])
        (self.spool.folder / f"{0:020d}-1-other.batch").rmdir()
        self.assertEqual(self.left(), ["a1"])

    def test_where_nobody_can_tell_who_sends_it_sends(self) -> None:
        (self.spool.folder / "sending").mkdir()
        self.keep("a1")
        self.assertEqual((self.send().events, self.left()), (1, []))

    def test_however_a_connection_is_kept_or_ends_each_batch_arrives(self) -> None:
        for number, (name, value) in enumerate(
            [
                ("hangs_up", True),
                ("hangs_up", False),
                ("is_chunked", True),
                ("is_chunked", False),
                ("protocol", "HTTP/1.0"),
            ]
        ):
            setattr(self.sidecar, name, value)
            for batch in range(3):
                self.keep(f"{number}-{batch}")
                self.keep(f"{number}-{batch}", feed="M")
                self.spool.close()
            with self.subTest(name=name, value=value):
                self.assertEqual((self.send().events, self.left()), (6, []))

    def test_half_an_answer_is_none(self) -> None:
        def half(stream: Any, text: bytes) -> None:
            stream.write(text[:-5])
            self.sidecar.hangs_up = True

        self.sidecar.write = half
        self.keep("a1")
        with self.assertRaises(Unsent):
            self.send()
        self.assertEqual(self.left(), ["a1"])

    def test_an_answer_that_comes_byte_by_byte_has_no_more_time_than_another(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs, mock.patch("rialto_hook.sender.time") as clock:
            ours.settimeout(10)
            clock.monotonic.side_effect = [0, 9, 11]
            answer = _Answer(ours)
            theirs.sendall(b"H")
            self.assertEqual(answer.fp.read(1), b"H")
            theirs.sendall(b"T")
            with self.assertRaises(TimeoutError):
                answer.fp.read(1)
            answer.close()

    def test_a_sidecar_that_refuses_keeps_everything_in_the_spool(self) -> None:
        self.keep("a1")
        for status, words in [(503, "503"), (429, "I was told to"), (401, "RIALTO_TOKEN"), (404, "404"), (301, "301")]:
            self.sidecar.status = status
            with self.assertRaisesRegex(Unsent, words):
                self.send()
            self.assertEqual(self.left(), ["a1"])

    def test_one_that_makes_a_body_unreadable_does_not_keep_the_others(self) -> None:
        self.sidecar.is_picky = True
        self.keep(*(f"a{number}" for number in range(100)))
        self.spool.append(b"Athis is none}\n")
        self.keep("last")
        sent = self.send()
        self.assertEqual((sent.events, sent.rejected, len(self.sidecar.taken)), (101, 1, 101))
        self.assertEqual(self.spool.told("dead.ndjson")[0]["code"], "not_json")

    def test_a_line_that_a_kill_cut_is_buried_and_told_apart(self) -> None:
        self.keep("a1")
        self.spool.append(b'A{"id":"a2","ty')
        self.assertEqual(self.send(), Sent(batches=1, events=1, torn=1))
        self.assertEqual(self.spool.told("dead.ndjson")[0]["code"], "torn")

    def test_who_answers_but_is_no_rialto_is_found_out_and_nothing_is_given_up_for_him(self) -> None:
        self.keep("a1", "a2")
        deep: Any = []
        for _ in range(900):
            deep = [deep]
        answers: list[tuple[int, Any, str]] = [
            (200, {"hello": "world"}, "is RIALTO_URL right"),
            (200, {"results": [{"index": 0, "status": []}, {"index": True}, 5, {"index": 99}]}, "did not answer for 2"),
            (200, deep, "is RIALTO_URL right"),
            (400, "The plain HTTP request was sent to HTTPS port", "answers with 400"),
            (400, {"error": "bad request"}, "answers with 400"),
            (413, None, "answers with 413"),
            (415, {"error": {"code": "content_type", "message": "use another"}}, "use another"),
            (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, "answers with 422"),
        ]
        for status, answer, words in answers:
            told = (status, answer)
            self.sidecar.take = lambda *_, told=told: told  # type: ignore[method-assign]
            with self.subTest(answer=told), self.assertRaisesRegex(Unsent, words):
                self.send()
            self.assertEqual((self.left(), self.spool.told("dead.ndjson")), (["a1", "a2"], []))

    def test_while_one_process_sends_another_does_not(self) -> None:
        self.keep("a1")
        self.spool.close()
        sender = Sender(self.settings, self.spool, 10)
        with sender._alone() as is_alone:
            self.assertTrue(is_alone)
            self.assertEqual(list(Sender(self.settings, self.spool, 10).send_all()), [])
        self.assertEqual(self.send().events, 1)

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_process_that_was_forked_while_one_sent_keeps_nobody_from_sending(self) -> None:
        self.keep("a1")
        self.spool.close()
        reading, writing = os.pipe()
        with Sender(self.settings, self.spool, 10)._alone():
            child = os.fork()
            if child == 0:
                os.close(writing)
                os.read(reading, 1)
                os._exit(0)
        os.close(reading)
        self.addCleanup(os.waitpid, child, 0)
        self.addCleanup(os.close, writing)
        self.assertEqual(self.send().events, 1)

    def test_a_url_that_is_none_is_told(self) -> None:
        self.keep("a1")
        for url in ("ftp://x", "http://", "http://[::1", "http://x:99999", "nonsense", "http://127.0.0.1:1"):
            self.settings = Settings.of({"RIALTO_URL": url, "RIALTO_SPOOL": str(self.spool.folder)})
            with self.assertRaises(Unsent):
                self.send()
        self.assertEqual(self.left(), ["a1"])


if __name__ == "__main__":
    unittest.main()
