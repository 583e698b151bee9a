"""Billing: how far the money came, from earned to collected, and what keeps it."""

from kit import (BAD, GOOD, LIVE, MONEY, POOR, SHADOW, bars, board, lines, now, over_time, override, row, stat, steps, table,
                 words)


def stage(name):
    return f'sum(rialto_billing_pipeline{{@, €, stage="{name}"}})'


def money(title, name, about, colour=None, width=4):
    return stat(title, about, now(stage(name)), MONEY, width=width, decimals=2, thresholds=colour)


NOW = row(
    "Now",
    money("Earned live", "earned", "What was charged live, whoever pays it, less what was taken back.", steps(LIVE)),
    money("Collectable", "collectable", "What is due and what is invoiced, less what Stripe is expected to take of it.",
          steps("light-green")),
    money("Collected", "collected", "What was paid and neither given back nor disputed, before Stripe's fees.",
          steps("dark-green")),
    stat("Collected of earned", "The share of what was earned live that was paid.",
         now(f"{stage('collected')} / ({stage('earned')} > 0)"), "percentunit", decimals=1),
    stat("Oldest unpaid", "Age of the oldest invoice that is not paid; nothing where all are.",
         now("time() - min(rialto_billing_oldest_open_timestamp_seconds{@})"), "s",
         thresholds=steps(GOOD, 30 * 86400, POOR, 45 * 86400, BAD)),
    stat("Biller", "Rests while Stripe does not let it in, or the data folder is a copy: then no invoice goes out.",
         now("max(rialto_billing_rests{@})"), mappings=words(works=GOOD, rests=BAD), thresholds=steps(GOOD, 1, BAD)),
)

STAGES = {
    "shadow": "shadow, never collected", "earned": "earned live", "held": "held by a guard",
    "without_payer": "nobody pays it", "waiting": "below a minimum", "due": "due now", "invoiced": "invoiced, unpaid",
    "collectable": "collectable, after fees", "collected": "collected", "refunded": "given back", "disputed": "disputed",
    "uncollectible": "given up", "fees": "Stripe's fees",
}
COLOURS = {"shadow": SHADOW, "earned": LIVE, "held": POOR, "without_payer": POOR, "waiting": "yellow", "due": "blue",
           "invoiced": "light-blue", "collectable": "light-green", "collected": "dark-green", "refunded": POOR,
           "disputed": BAD, "uncollectible": BAD, "fees": "gray"}
STAGE_COLOURS = [override(word, color={"mode": "fixed", "fixedColor": COLOURS[name]}) for name, word in STAGES.items()]

PIPELINE = row(
    "From earned to collected",
    bars("Pipeline", "Money to date by how far it came, without taxes. What is earned is held, has nobody who pays, waits, is due, "
         "or was invoiced; what was invoiced is open, collected, disputed or given up.",
         [now(stage(name), word) for name, word in STAGES.items()], MONEY, width=10, height=13, overrides=STAGE_COLOURS),
    lines("Pipeline, over time", "The three numbers that are told apart everywhere, and what is invoiced now.",
          [over_time(stage(name), STAGES[name]) for name in ["earned", "collectable", "invoiced", "collected"]], MONEY,
          width=14, height=13, overrides=STAGE_COLOURS),
    lines("What is not on its way", "Earned, and not invoiced: held by a guard, without anybody who pays, or below a minimum.",
          [over_time(stage(name), STAGES[name]) for name in ["held", "without_payer", "waiting"]], MONEY,
          overrides=STAGE_COLOURS, stack=True),
    lines("Fees and losses", "What Stripe took, and what was given back, is disputed or was given up.",
          [over_time(stage(name), STAGES[name]) for name in ["fees", "refunded", "disputed", "uncollectible"]], MONEY,
          overrides=STAGE_COLOURS),
    stat("Fees of collected", "What Stripe kept of what was paid.", now(f"{stage('fees')} / ({stage('collected')} > 0)"),
         "percentunit", width=6, decimals=2, thresholds=steps(GOOD, 0.05, POOR, 0.15, BAD)),
    stat("Taxes", "Taxes beside what is invoiced and what was collected; they are in none of the other sums.",
         now("sum by (stage) (rialto_billing_tax{@, €})", "{{stage}}"), MONEY, width=18, decimals=2, text="value_and_name"),
)

INVOICES = row(
    "What was invoiced",
    stat("Invoices", "Bills by how their invoice stands at Stripe.",
         now("sum by (status) (rialto_billing_bills{@})", "{{status}}"), width=12, text="value_and_name"),
    stat("Invoices that do not get on", "Refused: Stripe turned a step down, it is tried again. Fault: the invoice at Stripe is "
         "not as it was drawn; somebody has to look.",
         now("sum by (why) (rialto_billing_failing{@})", "{{why}}"), width=6, text="value_and_name",
         thresholds=steps(GOOD, 1, BAD)),
    stat("Reconciliation", "What the last `rialto bill reconcile` found that is not the same at Stripe and in the book.",
         now("sum(rialto_billing_differences{@})"), width=3, thresholds=steps(GOOD, 1, BAD)),
    stat("Reconciled", "When the last reconciliation ended.",
         now("max(rialto_billing_reconciled_timestamp_seconds{@}) * 1000"), "dateTimeFromNow", width=3),
    lines("Invoices, over time", "Bills by how their invoice stands.",
          over_time("sum by (status) (rialto_billing_bills{@})", "{{status}}"), stack=True),
    lines("Failures, over time", "Bills that do not get on, by why.",
          over_time("sum by (why) (rialto_billing_failing{@})", "{{why}}")),
    bars("Unpaid, by age", "What is invoiced and not paid: for up to 7, 30, 90 days, and for longer.",
         [now(f'sum(rialto_billing_open{{@, €, age="{age}"}})', word)
          for age, word in [("week", "up to a week"), ("month", "up to a month"), ("quarter", "up to 90 days"),
                            ("older", "older")]],
         MONEY, width=8, overrides=[override("up to 90 days", color={"mode": "fixed", "fixedColor": POOR}),
                                    override("older", color={"mode": "fixed", "fixedColor": BAD})]),
    lines("Unpaid, by age, over time", "The same over time: what grows old does not come by itself.",
          over_time("sum by (age) (rialto_billing_open{@, €})", "{{age}}"), MONEY, width=16, stack=True),
)

CALLS = "rialto_stripe_requests_total{@}[$__rate_interval]"
TOOK = "sum by (le) (rate(%s_bucket{@}[$__rate_interval]))"


def quantiles(metric):
    return [over_time(f"histogram_quantile({share}, {TOOK % metric})", name)
            for share, name in [(0.5, "half"), (0.95, "95 of 100"), (0.99, "99 of 100")]]


STRIPE = row(
    "Stripe",
    lines("Calls to Stripe", "Calls a second by result: refused is a 4xx, limited a 429, failed a 5xx, lost had no answer.",
          over_time(f"sum by (result) (rate({CALLS}))", "{{result}}"), "reqps", width=8, stack=True),
    lines("How long Stripe takes", "Half, 95 and 99 of 100 answers came within this time.",
          quantiles("rialto_stripe_request_seconds"), "s", width=8),
    table("Calls by endpoint", "Calls to Stripe in the time that is shown, by endpoint and result.",
          {"Calls": "sum by (endpoint, result) (increase(rialto_stripe_requests_total{@}[$__range]))"}, width=8,
          sort="Calls", overrides=[override("Calls", decimals=0)]),
    lines("Webhooks", "Webhooks a second by result: refused has no signature that is right, failed could not be written down.",
          over_time("sum by (result) (rate(rialto_webhooks_events_total{@}[$__rate_interval]))", "{{result}}"), "reqps",
          width=8, stack=True),
    lines("How late webhooks are", "How long after it happened a webhook came. What webhooks lose is asked for every hour.",
          quantiles("rialto_webhooks_delay_seconds"), "s", width=8),
    lines("Events not looked into", "Events of Stripe's that are noted and not looked into yet. It falls to nothing again and again.",
          over_time("sum(rialto_billing_unplaced_events{@})", "events"), width=8),
)

BOARD = board("billing", "From earned to collected: invoices, what is unpaid and how long, fees, failures, taxes, and Stripe.",
              [NOW, PIPELINE, INVOICES, STRIPE], since="now-7d")
