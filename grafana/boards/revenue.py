"""Revenue: what was earned, by whom and how, and whether the targets are reached."""

from kit import (BAD, GOOD, LIVE, MONEY, POOR, bars, board, choice, lines, now, over_time, override, pie, row, stat, states,
                 steps, table, words)

EARNED = 'sum by (stage) (rialto_ledger_earned{@, €, period="%s"})'
PERIOD = choice("period", "Top earners of", ["day", "week", "month", "all_time"],
                "The period whose top earners are shown.")


def earned(title, period, about):
    return stat(title, about, now(EARNED % period, "{{stage}}"), MONEY, width=5, decimals=2, text="value_and_name")


NOW = row(
    "Now",
    earned("Today", "day", "Money charged today, in the configured time zone. Shadow is tracked and never collected; live may be."),
    earned("This week", "week", "Money charged in this ISO week, shadow beside live."),
    earned("This month", "month", "Money charged in this calendar month, shadow beside live."),
    earned("Of all time", "all_time", "Money charged since the first charge, shadow beside live."),
    stat("Held", "Money of charges that a guard holds, in no other sum until `rialto guard release`.",
         now('sum(rialto_ledger_held{@, €})'), MONEY, width=4, decimals=2, thresholds=steps(GOOD, 0.01, POOR)),
)

WHOSE = "by (instance, target)"
TARGETS = row(
    "Whether the targets are reached",
    table(
        "Targets",
        "Each configured target: its goal, what counts towards it, what was earned a day over the last seven days that are over, "
        "what is needed a day from now on, and when it would be reached at that pace (empty: never).",
        {
            "Goal": f"max {WHOSE} (rialto_targets_goal{{@}})",
            "Reached": f"max {WHOSE} (rialto_targets_reached{{@}})",
            "Share": f"max {WHOSE} (rialto_targets_reached{{@}} / rialto_targets_goal{{@}})",
            "Earned a day": f"max {WHOSE} (rialto_targets_rate{{@}})",
            "Needed a day": f"max {WHOSE} (rialto_targets_needed{{@}})",
            "Reached by": f"max {WHOSE} (rialto_targets_projected_timestamp_seconds{{@}}) * 1000",
            "Behind": f"max {WHOSE} (rialto_targets_behind{{@}})",
            "Missed": f"max {WHOSE} (rialto_targets_missed{{@}})",
        },
        MONEY, width=24, height=7,
        overrides=[
            override("Share", unit="percentunit", min=0, max=1, thresholds=steps(BAD, 0.5, POOR, 1, GOOD),
                     custom__cellOptions={"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}),
            override("Reached by", unit="dateTimeFromNow"),
            override("Behind", unit="short", mappings=words(no=GOOD, yes=POOR),
                     custom__cellOptions={"type": "color-text"}),
            override("Missed", unit="short", mappings=words(no=GOOD, yes=BAD),
                     custom__cellOptions={"type": "color-text"}),
        ],
    ),
    lines("Reached", "What counts towards each target, as a share of its goal; the line is the goal.",
          over_time(f"max {WHOSE} (rialto_targets_reached{{@}} / rialto_targets_goal{{@}})", "{{target}}"), "percentunit",
          width=8, thresholds=steps("transparent", 1, GOOD)),
    lines("Pace", "What was earned a day over the last seven days that are over (plain), and what is needed a day for the days "
          "that are left (dashed). A target whose dashed line is above its plain one falls behind.",
          [over_time(f"max {WHOSE} (rialto_targets_rate{{@}})", "{{target}}"),
           over_time(f"max {WHOSE} (rialto_targets_needed{{@}})", "{{target}}, needed")], MONEY, width=8,
          overrides=[{"matcher": {"id": "byRegexp", "options": "/, needed$/"},
                      "properties": [{"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}}]}]),
    states("Behind", "When each target was behind its pace: orange while it was, red where its time is over.",
           over_time(f"max {WHOSE} (rialto_targets_behind{{@}}) + max {WHOSE} (rialto_targets_missed{{@}})", "{{target}}"),
           [{"type": "value", "options": {"0": {"text": "in time", "color": GOOD, "index": 0},
                                          "1": {"text": "behind", "color": POOR, "index": 1},
                                          "2": {"text": "missed", "color": BAD, "index": 2}}}], width=8, height=8),
)

SUM = "sum by (stage) (job_instance_currency_stage:rialto_ledger_money:%s{@, €})"
RUN = row(
    "How it goes",
    lines("Charged to date", "All money charged, net of what was taken back: it falls where a charge is reversed.",
          over_time(SUM % "sum", "{{stage}}"), MONEY, stack=True),
    lines("Charged an hour", "Money charged within the hour before each point, net of what was taken back.",
          over_time(SUM % "delta1h", "{{stage}}"), MONEY, bars=True, stack=True, low=None, interval="1h",
          legend=("sum", "max")),
    lines("The day so far", "What was charged on each day up to then: it begins anew at every midnight.",
          over_time(EARNED % "day", "{{stage}}"), MONEY, stack=True, legend=("max",)),
    lines("Charges an hour", "How many charges there were within the hour before each point, by rule.",
          over_time("sum by (rule) (rialto_ledger_charges{@, €}) - sum by (rule) (rialto_ledger_charges{@, €} offset 1h)",
                    "{{rule}}"), bars=True, stack=True, low=None, interval="1h", legend=("sum",)),
)

RULES = row(
    "By rule and business",
    pie("By rule", "Money charged to date by the rule of the tariff that priced it, shadow and live together.",
        now("sum by (rule) (rialto_ledger_money{@, €})", "{{rule}}"), MONEY, width=8),
    lines("By rule, over time", "Money charged to date by rule and stage.",
          over_time("sum by (rule, stage) (rialto_ledger_money{@, €})", "{{rule}}, {{stage}}"), MONEY, width=8,
          overrides=[{"matcher": {"id": "byRegexp", "options": f"/, {stage}$/"},
                      "properties": [{"id": "color", "value": {"mode": "shades", "fixedColor": colour}}]}
                     for stage, colour in [("shadow", "purple"), ("live", LIVE)]]),
    stat("Mean charge", "What a charge comes to on average, by rule.",
         now("sum by (rule) (rialto_ledger_money{@, €}) / (sum by (rule) (rialto_ledger_charges{@, €}) > 0)", "{{rule}}"), MONEY,
         width=8, height=8, decimals=2, text="value_and_name"),
    bars("By business", "Money charged to date by business: the ten that earned most, and all the rest as `other`.",
         now("sort_desc(sum by (business) (rialto_ledger_business_money{@, €}))", "{{business}}"), MONEY, width=12,
         height=10),
    lines("By business, over time", "The same over time. Who is no longer among the ten is in `other`.",
          over_time("sum by (business) (rialto_ledger_business_money{@, €})", "{{business}}"), MONEY, height=10, stack=True),
)

WHO = row(
    "Who earns",
    bars("Top earners", "The ten citizens that earned most in the period that is chosen above, shadow and live together.",
         now('sort_desc(sum by (citizen) (rialto_ledger_top_earners{@, €, period="$period"}))', "{{citizen}}"), MONEY,
         width=12, height=10),
    lines("Top earners, over time", "The same over time: who leaves the list leaves the graph.",
          over_time('sum by (citizen) (rialto_ledger_top_earners{@, €, period="$period"})', "{{citizen}}"), MONEY,
          height=10),
)

TRUST = row(
    "What is charged for real",
    stat("Phases", "Citizens, businesses and the whole that have a phase of their own, by phase. All others are in shadow.",
         now("sum by (phase) (rialto_rollout_subjects{@})", "{{phase}}"), width=6, text="value_and_name"),
    stat("Halted", "Yes while a pause of all could not be made durable and holds in memory alone: see to the disk at once.",
         now("max(rialto_rollout_halted{@})"), mappings=words(no=GOOD, yes=BAD), thresholds=steps(GOOD, 1, BAD)),
    stat("Last move", "When anything last changed its phase.",
         now("max(rialto_rollout_moved_timestamp_seconds{@}) * 1000"), "dateTimeFromNow"),
    stat("Tariff in force", "The version of the tariff that prices what happens now, and since when it does.",
         now("max by (version) (rialto_tariffs_in_force_timestamp_seconds{@}) * 1000", "version {{version}}"),
         "dateTimeFromNow", text="value_and_name"),
    stat("Held charges", "Charges that a guard stopped; `rialto guard list` says why.",
         now("sum(rialto_guards_held{@})"), width=3, thresholds=steps(GOOD, 1, POOR)),
    stat("Parked citizens", "Citizens of whom everything is held until somebody releases them.",
         now("sum(rialto_guards_parked{@})"), width=3, thresholds=steps(GOOD, 1, BAD)),
    lines("Phases, over time", "How the rollout went.", over_time("sum by (phase) (rialto_rollout_subjects{@})", "{{phase}}")),
    lines("Guards", "Charges that are held, and citizens that are parked.",
          [over_time("sum(rialto_guards_held{@})", "charges held"),
           over_time("sum(rialto_guards_parked{@})", "citizens parked")]),
)

BOARD = board("revenue", "Today, week and month, targets with their projection, who earns, and what of it is charged for real.",
              [NOW, TARGETS, RUN, RULES, WHO, TRUST], since="now-7d", variables=[PERIOD])
