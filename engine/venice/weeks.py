"""Weeks of the stand-in engine beside a real sidecar, in which all goes wrong that can; then the book is asked for all.

    python -m venice.weeks --rialto target/release/rialto --days 28

Each run of the engine is a process (`venice.tick`). The sidecar is killed, stopped for 4.3 hours, slow, refusing,
unreachable and deaf, answers are lost, and the engine's processes are killed. At the end every event of which a call of
the hook returned has to be in the book exactly once, at its price; no call may have raised, or taken more than 250 ms.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from . import cadence, life
from .airtable import BASE, Airtable
from .trouble import MODES, Door

ENGINE = Path(__file__).parent.parent
#: A call of the hook takes no longer, whatever happens.
CALL_MAX_MS = 250.0
KEPT_DAYS = 4
POLLED_EVERY = timedelta(hours=6)


@dataclass(frozen=True)
class Phase:
    """A stretch of the weeks, and what goes wrong in it."""

    name: str
    days: float
    mode: str = "open"
    #: How often in a hundred runs the sidecar is killed,
    sidecar_killed: int = 0
    #: the engine's process is,
    engine_killed: int = 0
    #: and Airtable does not take what is written.
    airtable_fails: int = 2


#: Of 28 days.
PHASES = (
    Phase("calm", 4),
    Phase("sidecar killed", 2, sidecar_killed=10),
    Phase("calm again", 1),
    Phase("sidecar stopped for 4.3 h", 4.3 / 24, mode="stopped"),
    Phase("after that", 1),
    Phase("sidecar slow: 5 s an answer", 1, mode="slow"),
    Phase("sidecar refusing: 503", 1, mode="refusing"),
    Phase("sidecar unreachable", 1, mode="closed"),
    Phase("sidecar deaf", 1, mode="deaf"),
    Phase("answers lost", 1, mode="losing"),
    Phase("engine killed", 4, engine_killed=25, airtable_fails=5),
    Phase("all of it", 4, mode="any", sidecar_killed=3, engine_killed=10, airtable_fails=10),
    Phase("calm to the end", 7 - 4.3 / 24),
)


class Rialto:
    """A real sidecar on a port of its own, started again on the same one."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary, self._folder = binary, folder
        self._process: subprocess.Popen[str] | None = None
        self.url = "http://127.0.0.1:0"
        self.start()

    def start(self) -> None:
        """Starts it, where it does not run, and waits until it listens."""
        if self._process is not None and self._process.poll() is None:
            return
        listen = str(urlsplit(self.url).netloc)
        command = [str(self._binary), "serve", "--data", str(self._folder), "--listen", listen]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=plain())
        assert self._process.stderr is not None
        said = ""
        for said in self._process.stderr:
            if "listens on" in said:
                self.url = said.split("listens on ")[1].split("/,")[0].split("/ ")[0]
                self._drain()
                return
        raise RuntimeError(f"the sidecar does not start: {said}")

    def kill(self) -> None:
        """Ends it at once."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it in good order."""
        assert self._process is not None
        self._process.terminate()
        if self._process.wait() != 0:
            raise RuntimeError("the sidecar did not stop in good order")

    def verified(self) -> Any:
        """What `rialto verify` finds in its folder."""
        command = [str(self._binary), "verify", "--data", str(self._folder), "--json"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=plain()).stdout)

    def _drain(self) -> None:
        # It may go on to log; a pipe that is full would stop it.
        assert self._process is not None and self._process.stderr is not None
        threading.Thread(target=self._process.stderr.read, daemon=True).start()


@dataclass
class Figures:
    """What was seen in a phase."""

    runs: int = 0
    killed: int = 0
    sidecar_killed: int = 0
    calls_ns: list[int] = field(default_factory=list)
    flushes_ns: list[int] = field(default_factory=list)
    #: How long whole runs took, and the calls of the thread of each that waited longest for the hook.
    runs_ns: int = 0
    waited_ns: int = 0
    faults: list[str] = field(default_factory=list)


class Weeks:
    """See the module."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.chance = random.Random(arguments.seed)
        self.seed, self.folder, self.pause_ms = arguments.seed, folder, arguments.pause_ms
        self.polls = not arguments.no_poll
        self.begin = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=arguments.days)
        self.now = self.begin
        self.airtable = Airtable(seed=arguments.seed, clock=lambda: self.now)
        self.rialto = Rialto(arguments.rialto, folder / "data")
        self.door = Door(self.rialto.url)
        #: Everything that ever was in the engine's tables, and what it costs once it is done.
        self.ids: dict[tuple[str, str], Decimal] = {}
        #: Of what a call of the hook returned, and with which outcomes.
        self.handed: dict[tuple[str, str], set[str]] = {}
        self.polled = self.begin - POLLED_EVERY
        self.cleaned = self.begin

    def live(self, days: float, ticks: Iterator[datetime] | None) -> list[tuple[Phase, Figures]]:
        """Lives through all phases."""
        self.airtable.insert_all("BUILDINGS", life.buildings())
        self.airtable.insert_all("CITIZENS", life.citizens())
        seen = []
        ends = self.begin
        cadences = ticks or cadence.ticks(self.chance, self.begin, self.begin + timedelta(days=days))
        tick = next(cadences, None)
        before = self.begin
        for phase in PHASES:
            ends += timedelta(days=phase.days * days / sum(phase.days for phase in PHASES))
            figures = Figures()
            begun = time.monotonic()
            self._begin(phase)
            while tick is not None and tick < ends:
                following = next(cadences, None)
                self._run(phase, figures, before, tick, following)
                before, tick = tick, following
            self.door.mode = "open"
            self.rialto.start()
            seen.append((phase, figures))
            tell(f"{phase.name}: {figures.runs} runs in {time.monotonic() - begun:.0f} s")
        return seen

    def _begin(self, phase: Phase) -> None:
        if phase.mode == "stopped":
            self.rialto.stop()
        else:
            self.door.mode = phase.mode if phase.mode in MODES else "open"

    def _run(
        self, phase: Phase, figures: Figures, before: datetime, tick: datetime, following: datetime | None
    ) -> None:
        """One run, or two at once where somebody starts another by hand."""
        self.now = tick
        self._happen(before, tick)
        if phase.mode == "any":
            self.door.mode = self.chance.choice(MODES)
        if self.chance.randrange(100) < phase.airtable_fails:
            self.airtable.fail(method="PATCH", times=self.chance.randint(1, 5))
        is_by_hand = following is not None and (following - tick).total_seconds() < 20
        processes = [self._start() for _ in range(2 if is_by_hand else 1)]
        if self.chance.randrange(100) < phase.sidecar_killed:
            time.sleep(self.chance.uniform(0, 0.2))
            self.rialto.kill()
            self.rialto.start()
            figures.sidecar_killed += 1
        for process, calls in processes:
            if self.chance.randrange(100) < phase.engine_killed:
                time.sleep(self.chance.uniform(0.03, 0.25))
                process.send_signal(signal.SIGKILL)
                figures.killed += 1
            _, said = process.communicate()
            figures.runs += 1
            self._note(calls, figures)
            if process.returncode not in (0, -signal.SIGKILL) or "Traceback" in said:
                figures.faults.append(said[-500:])
        self.airtable.heal()
        if self.polls and POLLED_EVERY <= tick - self.polled:
            self._poll(figures)
        if timedelta(days=1) <= tick - self.cleaned:
            self._clean()

    def _happen(self, begin: datetime, end: datetime) -> None:
        for fields in life.activities(self.chance, begin, end):
            self.ids["activity", self.airtable.insert("ACTIVITIES", fields)] = life.price_of_activity(fields)
        if self.polls:
            for fields in life.messages(self.chance, begin, end):
                self.ids["message", self.airtable.insert("MESSAGES", fields)] = life.price_of_message(fields)

    def _start(self) -> tuple[subprocess.Popen[str], Path]:
        calls = self.folder / f"calls-{self.now.timestamp():.0f}-{self.chance.getrandbits(32):08x}"
        now = self.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        command = [sys.executable, "-m", "venice.tick", "--base", f"{self.airtable.url}/v0/{BASE}", "--now", now]
        command += ["--seed", str(self.seed), "--calls", str(calls), "--pause-ms", str(self.pause_ms)]
        process = subprocess.Popen(
            command, cwd=ENGINE, env=self._environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        return process, calls

    def _note(self, calls: Path, figures: Figures) -> None:
        """Takes in what a run wrote down of its calls."""
        if not calls.exists():
            return
        waited: dict[int, int] = {}
        for line in calls.read_text().splitlines():
            what, name, outcome, took_ns, fault, thread = json.loads(line)
            if fault:
                figures.faults.append(f"{what} {name}: {fault}")
            if what == "run":
                figures.runs_ns += int(outcome)
                figures.waited_ns += max(waited.values(), default=0) + figures.flushes_ns[-1]
            elif what == "flush":
                figures.flushes_ns.append(took_ns)
            else:
                figures.calls_ns.append(took_ns)
                waited[thread] = waited.get(thread, 0) + took_ns
                self.handed.setdefault((what, name), set()).add(outcome)
        calls.unlink()

    def _poll(self, figures: Figures) -> None:
        """Has the messages found that no hook saw."""
        self.polled = self.now
        said = self._hook(*self._polling())
        if said.returncode != 0 and self.door.mode == "open":
            figures.faults.append(f"poll: {said.stdout}{said.stderr}")

    def _polling(self) -> list[str]:
        """The command; by itself it begins four days ago, and the weeks began before."""
        since = self.begin.strftime("%Y-%m-%dT%H:%M:%SZ")
        return ["poll", "--once", "--endpoint", self.airtable.url, "--since", since]

    def _clean(self) -> None:
        """Deletes old activities, as the engine does every day."""
        self.cleaned = self.now
        for row in self.airtable.rows("ACTIVITIES"):
            is_old = datetime.fromisoformat(row["createdTime"].replace("Z", "+00:00")) < self.now - timedelta(
                days=KEPT_DAYS
            )
            if is_old:
                self.airtable.delete("ACTIVITIES", row["id"])

    def _environment(self) -> dict[str, str]:
        keys = {"AIRTABLE_API_KEY": "venice", "AIRTABLE_BASE_ID": BASE}
        return {**plain(), **keys, "RIALTO_URL": self.door.url, "RIALTO_SPOOL": str(self.folder / "spool")}

    def _hook(self, *command: str) -> subprocess.CompletedProcess[str]:
        whole = [sys.executable, "-m", "rialto_hook", *command]
        return subprocess.run(whole, cwd=ENGINE, env=self._environment(), capture_output=True, text=True, check=False)

    def faults(self) -> list[str]:
        """Brings in what is left, and asks the book for every event there ever was; what is wrong with the answers."""
        faults = []
        for _ in range(3):
            flushed = self._hook("flush")
            if flushed.returncode == 0:
                break
        else:
            faults.append(f"the spool is not empty: {flushed.stdout}{flushed.stderr}")
        if self.polls:
            self._hook(*self._polling())
            self._hook("flush")
        told = json.loads(self._hook("status", "--json").stdout)
        faults += [f"{told[key]} events are {key}" for key in ("waiting", "dropped") if told[key]]
        for row in self.airtable.rows("MESSAGES"):
            self.ids["message", row["id"]] = life.price_of_message(row["fields"])
        found, upgraded, charged = 0, 0, Decimal(0)
        connection = http.client.HTTPConnection(str(urlsplit(self.rialto.url).netloc), timeout=60)
        for place, ((feed, name), price) in enumerate(self.ids.items()):
            if place % 20_000 == 0:
                tell(f"asked for {place} of {len(self.ids)} events")
            path = {"activity": "activities", "message": "messages"}[feed]
            connection.request("GET", f"/v1/{path}/{quote(name)}")
            response = connection.getresponse()
            answer = json.loads(response.read())
            outcomes = self.handed.get((feed, name))
            must_be_there = outcomes is not None or (feed == "message" and self.polls)
            if response.status == 404:
                if must_be_there:
                    how = "handed over" if outcomes is not None else "there to be polled"
                    faults.append(f"{feed} {name} was {how} and is not in the book")
                continue
            found, upgraded = found + 1, upgraded + answer["upgraded"]
            charges = [Decimal(charge["amount"]) for charge in answer["transactions"]]
            charged += sum(charges)
            is_done = feed == "message" or "processed" in (outcomes or ())
            expected = [price] if price and is_done else []
            # A run that was killed had perhaps handed over what it could not write down any more.
            if charges != expected and (outcomes is not None or charges != [price]):
                faults.append(f"{feed} {name} is charged {charges}, and costs {expected}")
        connection.close()
        self.rialto.stop()
        book = self.rialto.verified()
        # An outcome that came later is a fact of its own.
        events = book["facts"] - upgraded
        if events != found:
            faults.append(f"the book has {events} events, and {found} of them are known")
        tell(f"{len(self.ids)} rows, {len(self.handed)} handed over; the book has {events} events, EUR {charged}")
        return faults

    def close(self) -> None:
        """Ends everything."""
        self.rialto.kill()
        self.door.close()
        self.airtable.close()


def plain() -> dict[str, str]:
    """This process's environment, with nothing of Rialto's in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("RIALTO_", "AIRTABLE_"))}


def tell(words: str) -> None:
    """Tells whoever waits."""
    print(words, file=sys.stderr, flush=True)


def table(seen: list[tuple[Phase, Figures]], is_far: bool) -> list[str]:
    """A line for each phase; the share of the hook in a run says something only where Airtable is as far as it is."""
    head = (
        "phase | runs | killed | sidecar killed | calls | median | p99 | longest call | longest flush | share | raised"
    )
    lines = [f"| {head} |"]
    lines.append("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for phase, figures in seen:
        calls, flushes = sorted(figures.calls_ns) or [0], figures.flushes_ns or [0]
        median, p99 = calls[len(calls) // 2] / 1e3, calls[len(calls) * 99 // 100] / 1e3
        share = f"{100 * figures.waited_ns / max(1, figures.runs_ns):.2f} %" if is_far else ""
        longest = f"{calls[-1] / 1e6:.1f} ms | {max(flushes) / 1e6:.1f} ms | {share}"
        counts = f"{figures.runs} | {figures.killed} | {figures.sidecar_killed} | {len(figures.calls_ns)}"
        lines.append(
            f"| {phase.name} | {counts} | {median:.0f} µs | {p99:.0f} µs | {longest} | {len(figures.faults)} |"
        )
    return lines


def main() -> int:
    """Lives the weeks; 1 where anything is not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rialto", type=Path, required=True, metavar="FILE", help="the sidecar's binary")
    parser.add_argument("--days", type=float, default=28, help="how many [default: 28]; every trouble has its part")
    parser.add_argument("--seed", type=int, default=1, help="which life it is [default: 1]")
    parser.add_argument("--pause-ms", type=float, default=0, help="how far away Airtable is [default: 0]")
    parser.add_argument("--no-poll", action="store_true", help="without `poll`, which needs pyairtable")
    parser.add_argument("--ticks", type=Path, metavar="FILE", help="when the engine runs: a log with an instant a line")
    arguments = parser.parse_args()
    arguments.rialto = arguments.rialto.resolve()
    # Whoever ends it ends the sidecar too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="venice-") as name:
        weeks = Weeks(arguments, Path(name))
        with weeks.airtable:
            try:
                seen = weeks.live(arguments.days, _shifted(arguments.ticks, weeks.begin))
                faults = weeks.faults()
            finally:
                weeks.close()
    faults += [fault for _, figures in seen for fault in figures.faults]
    faults += [f"nothing was run in the phase {phase.name}" for phase, figures in seen if not figures.runs]
    slowest = max((took / 1e6 for _, figures in seen for took in figures.calls_ns), default=0.0)
    if CALL_MAX_MS < slowest:
        faults.append(f"a call of the hook took {slowest:.0f} ms")
    print("\n".join(table(seen, 0 < arguments.pause_ms)))
    for fault in faults[:20]:
        print(f"FAULT: {fault}")
    print(f"{len(faults)} faults" if faults else "every event exactly once, nothing raised, nobody kept waiting")
    return 1 if faults else 0


def _shifted(path: Path | None, begin: datetime) -> Iterator[datetime] | None:
    """The runs of a log, as if they had begun at `begin`."""
    if path is None:
        return None
    ticks = list(cadence.read(iter(path.read_text().splitlines())))
    return (begin + (tick - ticks[0]) for tick in ticks)


if __name__ == "__main__":
    sys.exit(main())
