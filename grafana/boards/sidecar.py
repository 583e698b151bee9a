"""Sidecar: whether the program itself is well."""

from kit import BAD, GOOD, POOR, board, heat, lines, now, over_time, override, row, stat, states, steps, table, words

NOW = row(
    "Now",
    stat("Up", "Whether Prometheus reaches it.", now("min(up{@})"), width=3, mappings=words(down=BAD, up=GOOD),
         thresholds=steps(BAD, 1, GOOD)),
    stat("Version", "The version that runs.", now("max by (version) (rialto_build_info{@})", "{{version}}"), width=3,
         text="name"),
    stat("Started", "When it was started.", now("max(rialto_process_start_timestamp_seconds{@}) * 1000"), "dateTimeFromNow",
         width=4),
    stat("Requests failed", "The share of HTTP requests that it could not answer (5xx), over the last ten minutes.",
         now("sum(job_instance:rialto_http_failed:increase10m{@}) / (sum(job_instance:rialto_http_requests:increase10m{@}) > 0) "
             "or sum(job_instance:rialto_http_requests:increase10m{@}) * 0"), "percentunit", width=4, decimals=2,
         thresholds=steps(GOOD, 0.001, POOR, 0.02, BAD)),
    stat("Sync, 99 of 100", "99 of 100 syncs of the journal took no longer, over the last ten minutes. A receipt waits for one.",
         now("max(job_instance:rialto_journal_sync_seconds:p99_10m{@})"), "s", width=4,
         thresholds=steps(GOOD, 0.025, POOR, 0.1, BAD)),
    stat("Disk free", "What is free of the disk that holds the data folder.",
         now("min(job_instance:rialto_journal_disk_free:ratio{@})"), "percentunit", width=3, decimals=1,
         thresholds=steps(BAD, 0.05, POOR, 0.15, GOOD)),
    stat("Disk full", "Yes while it takes no events because the disk is full.", now("max(rialto_journal_disk_full{@})"),
         width=3, mappings=words(no=GOOD, yes=BAD), thresholds=steps(GOOD, 1, BAD)),
    table("Alarms", "Alarms that are firing, or waiting to. What to do about one is in grafana/runbooks.",
          {"Raised": 'max by (alertname, alertstate, severity, instance) (ALERTS{@})'}, width=24, height=6, hidden=["Value"],
          overrides=[override("alertstate", custom__cellOptions={"type": "color-text"},
                              mappings=[{"type": "value", "options": {"firing": {"color": BAD, "index": 0},
                                                                      "pending": {"color": POOR, "index": 1}}}])]),
)


def quantiles(metric, by=""):
    rates = f"sum by (le{by and ', ' + by}) (rate({metric}_bucket{{@}}[$__rate_interval]))"
    where = f"{{{{{by}}}}}, " if by else ""
    return [over_time(f"histogram_quantile({share}, {rates})", where + name)
            for share, name in [(0.5, "half"), (0.95, "95 of 100"), (0.99, "99 of 100")]]


REQUESTS = "rialto_http_requests_total{@}[$__rate_interval]"
HTTP = row(
    "HTTP",
    lines("Requests, by route", "Requests a second. Every scrape of Prometheus is one.",
          over_time(f"sum by (route) (rate({REQUESTS}))", "{{route}}"), "reqps", width=8, stack=True),
    lines("Requests, by status", "Answered well, refused (4xx, somebody else's fault) or failed (5xx, its own).",
          over_time(f"sum by (status) (rate({REQUESTS}))", "{{status}}"), "reqps", width=8, stack=True),
    lines("How long requests take", "Half, 95 and 99 of 100 requests of all routes took no longer.",
          quantiles("rialto_http_request_seconds"), "s", width=8),
    lines("99 of 100, by route", "99 of 100 requests of each route took no longer.",
          quantiles("rialto_http_request_seconds", "route")[-1:], "s", width=8),
    heat("Requests, by how long they took", "How many requests a second took how long.",
         over_time("sum by (le) (rate(rialto_http_request_seconds_bucket{@}[$__rate_interval]))", "{{le}}"), width=8),
    lines("Tokens refused", "Requests a second that brought no token where one is needed, one that nobody knows or that "
          "allows something else; and guesses that were slowed.",
          over_time("sum by (reason) (rate(rialto_http_tokens_refused_total{@}[$__rate_interval]))", "{{reason}}"),
          "reqps", width=8),
    lines("Refusals, by code", "Requests a second that were refused as a whole, by the code that they were told: busy is too much at once.",
          over_time("sum by (code) (rate(rialto_http_refusals_total{@}[$__rate_interval]))", "{{code}}"), "reqps", stack=True),
    lines("Connections", "Connections that are open. Of 4,096 places, and 256 at the address for Stripe alone.",
          over_time("sum by (entry) (rialto_http_connections{@})", "{{entry}}"), width=6),
    lines("Connections given up", "Connections a second that had to go for others because all places were taken: those that were silent longest.",
          over_time("sum by (entry) (rate(rialto_http_connections_given_up_total{@}[$__rate_interval]))", "{{entry}}"), "ops",
          width=6),
)

JOURNAL = row(
    "Journal and disk",
    lines("How long a sync takes", "Syncs of the journal: half, 95 and 99 of 100 took no longer. Every receipt waits for one.",
          quantiles("rialto_journal_sync_seconds"), "s", width=8, thresholds=steps("transparent", 0.1, BAD)),
    heat("Syncs, by how long they took", "How many syncs a second took how long.",
         over_time("sum by (le) (rate(rialto_journal_sync_seconds_bucket{@}[$__rate_interval]))", "{{le}}"), width=8),
    lines("Syncs", "Syncs a second: what waits meanwhile is written together.",
          over_time("sum(rate(rialto_journal_sync_seconds_count{@}[$__rate_interval]))", "syncs"), "ops", width=8),
    lines("Journal", "Length of the journal, and how much of it the last snapshot covers.",
          [over_time("sum(rialto_journal_bytes{@})", "journal"),
           over_time("sum(rialto_snapshot_position_bytes{@})", "in the snapshot")], "bytes", width=8),
    lines("Snapshot", "What a start has to read past the last snapshot. By default one is taken every 64 MiB.",
          over_time("max(job_instance:rialto_snapshot_behind_bytes:diff{@})", "past the snapshot"), "bytes", width=5,
          thresholds=steps("transparent", 256 * 1024 * 1024, BAD)),
    stat("Snapshot age", "Time since the last snapshot was taken. A quiet city needs none for long.",
         now("max(rialto_snapshot_age_seconds{@})"), "s", width=3, height=8),
    lines("Disk", "What is free on the disk that holds the data folder, and how large it is.",
          [over_time("min(rialto_journal_disk_free_bytes{@})", "free"), over_time("max(rialto_journal_disk_size_bytes{@})", "size")],
          "bytes", width=8),
)

MACHINE = row(
    "Process and mailboxes",
    lines("Processor", "Processors that it keeps busy; 1 is one of them.",
          over_time("sum by (instance) (rate(rialto_process_cpu_seconds_total{@}[$__rate_interval]))", "{{instance}}"),
          width=8),
    lines("Memory", "Memory that is resident.", over_time("sum by (instance) (rialto_process_resident_bytes{@})", "{{instance}}"),
          "bytes", width=8),
    states("Up, over time", "When Prometheus reached it.", over_time("min by (instance) (up{@})", "{{instance}}"),
           words(down=BAD, up=GOOD), width=8, height=8),
    lines("Mailboxes", "Batches that wait in the mailboxes of citizens, businesses and the bookkeeper. Of 4,096 places.",
          over_time("sum(rialto_actors_mailbox_depth{@})", "batches"), width=8),
    lines("Under way", "Events that were taken in and are not durable yet.", over_time("sum(rialto_door_under_way{@})", "events"),
          width=8),
    lines("Scrapes", "How long Prometheus takes to read the metrics.",
          over_time("max by (instance) (scrape_duration_seconds{@})", "{{instance}}"), "s", width=8),
)

BOARD = board("sidecar", "Whether the program itself is well: latencies, journal, disk, memory, HTTP and mailboxes.",
              [NOW, HTTP, JOURNAL, MACHINE], since="now-6h")
