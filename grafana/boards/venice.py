"""Venice: what the city does and writes, and whether anything is heard of it."""

from kit import BAD, GOOD, LIVE, POOR, bars, board, lines, now, over_time, override, pie, row, stat, steps, table

SILENCE = steps(GOOD, 900, POOR, 1800, BAD)
PRICED = steps(GOOD, 3600, POOR, 10800, BAD)

HEARD = row(
    "What was heard last",
    stat("Engine", "How long ago anything came from the engine, be it an empty batch or, where Rialto is part of its process, an "
         "event: its heartbeat.",
         now("time() - max(job_instance:rialto_door_heard_timestamp_seconds:max{@})"), "s", width=5, thresholds=SILENCE),
    stat("Events", "How long ago the last event came, by feed.",
         now("time() - max by (feed) (rialto_door_last_event_timestamp_seconds{@})", "{{feed}}"), "s", width=5,
         thresholds=SILENCE, text="value_and_name"),
    stat("Priced events", "How long ago the last event came that was priced above nothing, by feed.",
         now("time() - max by (feed) (rialto_door_last_priced_timestamp_seconds{@})", "{{feed}}"), "s", width=5,
         thresholds=PRICED, text="value_and_name"),
    stat("Messages", "How long ago the last message came, by whichever feed.",
         now("time() - max(rialto_door_last_message_timestamp_seconds{@})"), "s", width=5, thresholds=PRICED),
    stat("Events in the book", "All events that were ever recorded.", now("sum(rialto_ledger_facts_total{@})")),
    lines("Silence", "How long nothing had come, over time: the higher a tooth, the longer the silence. Alarms are raised where it is "
          "longer than at the same hour of other days.",
          [over_time("time() - max(job_instance:rialto_door_heard_timestamp_seconds:max{@})", "anything"),
           over_time("time() - max by (feed) (rialto_door_last_event_timestamp_seconds{@})", "any {{feed}}"),
           over_time("time() - max by (feed) (rialto_door_last_priced_timestamp_seconds{@})", "a priced {{feed}}"),
           over_time("time() - max(rialto_door_last_message_timestamp_seconds{@})", "a message by either feed")], "s",
          width=24, legend=("lastNotNull", "max")),
)

ACTIVITIES = "rialto_door_activities_total{@}"
HOURLY = "sum by (%s) (rate(%s[$__rate_interval])) * 3600"
ALL = f"sum(rate({ACTIVITIES}[$__rate_interval]))"

CITY = row(
    "What the city does",
    lines("Activities an hour, by class", "How many activities come an hour, by the class of their type.",
          over_time(HOURLY % ("class", ACTIVITIES), "{{class}}"), stack=True),
    lines("Activities an hour, by result", "Recorded at zero, priced, come twice, contradicting an earlier one, or refused.",
          over_time(HOURLY % ("result", ACTIVITIES), "{{result}}"), stack=True),
    table("Classes and results", "Activities in the time that is shown, by class and result.",
          {"Activities": f"sum by (class, result) (increase({ACTIVITIES}[$__range])) > 0"}, width=8, height=9,
          sort="Activities", overrides=[override("Activities", decimals=0)]),
    pie("Classes", "Shares of the classes in the time that is shown.",
        now(f"sum by (class) (increase({ACTIVITIES}[$__range])) > 0", "{{class}}"), width=8, height=9),
    lines("Share that is priced", "How many of 100 activities are priced above nothing. It falls to nothing where a tariff fits nothing.",
          over_time(f"sum(rate(rialto_door_activities_total{{@, result=\"priced\"}}[$__rate_interval])) / ({ALL} > 0)",
                    "priced"), "percentunit", width=8, height=9),
)

MESSAGES = "rialto_door_messages_total{@}"
LETTERS = row(
    "What the city writes",
    lines("Messages an hour", "By whether they left the simulation. External ones are charged; what no rule decides is internal, and free.",
          over_time(HOURLY % ("reach", MESSAGES), "{{reach}}"), stack=True),
    lines("External share", "The share of messages that left the simulation.",
          over_time('sum(rate(rialto_door_messages_total{@, reach="external"}[$__rate_interval])) '
                    f"/ (sum(rate({MESSAGES}[$__rate_interval])) > 0)", "external"), "percentunit", width=8),
    stat("Undecided", "Messages of which no rule says whether they left the simulation; `rialto undecided` lists them.",
         now('sum(rialto_door_messages_total{@, reach="undecided"})'), height=8, thresholds=steps(GOOD, 1, POOR)),
)

FEEDS = row(
    "What is handed in",
    lines("Events an hour, by feed and result", "Everything that comes to the door.",
          over_time(HOURLY % ("feed, result", "rialto_door_events_total{@}"), "{{feed}}, {{result}}")),
    lines("Refused, contradicting, twice", "Refused events are not kept: mend the engine, and hand them in again. Of two that "
          "contradict each other the first stays; one that comes twice changes nothing.",
          over_time('sum by (result) (rate(rialto_door_events_total{@, result=~"rejected|conflict|duplicate"}[$__rate_interval])) '
                    "* 3600", "{{result}}")),
    stat("Open conflicts", "Conflicts that nobody has accepted yet; while there is one, nobody goes live.",
         now("sum(rialto_ledger_conflicts_open{@})"), thresholds=steps(GOOD, 1, POOR)),
    lines("Conflicts", "All conflicts there ever were, and those that are open.",
          [over_time("sum(rialto_ledger_conflicts_total{@})", "all"), over_time("sum(rialto_ledger_conflicts_open{@})", "open")],
          width=10, height=7),
    bars("How times were told", "Events by how their time was come by: told exactly, without an offset, not at all, or not so that it "
         "could be taken.", now("sum by (basis) (rialto_door_times_total{@})", "{{basis}}"), width=10, height=7),
)

ACTORS = row(
    "Actors",
    stat("Awake", "Citizens and businesses whose actor is awake; who has nothing to do sleeps.",
         now("sum(rialto_actors_awake{@})"), height=7, thresholds=steps(LIVE)),
    lines("Awake, over time", "Citizens and businesses whose actor is awake.", over_time("sum(rialto_actors_awake{@})", "awake"),
          width=10, height=7),
    lines("Events in the book, over time", "All events that were ever recorded.",
          over_time("sum(rialto_ledger_facts_total{@})", "events"), width=10, height=7, low=None),
)

BOARD = board("venice", "What the city does and writes, by class and result, and whether anything is heard of it.",
              [HEARD, CITY, LETTERS, FEEDS, ACTORS], since="now-24h")
