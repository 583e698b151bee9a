"""What all boards are made of: queries, panels, rows, and the board itself.

A board is a list of rows, a row a title and its panels; where a panel lies and what number it has follows from that, so that
no two overlap and none moves by hand. In a query, `@` stands for the matchers of job and instance, which every selector has,
and `€` for that of the currency.
"""

CURRENCY, MONEY = "EUR", "currencyEUR"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
TAG = "rialto"
WIDTH = 24

# Shadow and live are told apart at a glance, on every board.
SHADOW, LIVE = "purple", "green"
GOOD, POOR, BAD, PLAIN = "green", "orange", "red", "blue"
NAMED = {
    "stage": {"shadow": SHADOW, "live": LIVE, "invoiced": "light-blue", "collected": "dark-green"},
    "phase": {"shadow": SHADOW, "live": LIVE, "paused": POOR},
    "reach": {"external": LIVE, "internal": PLAIN, "undecided": POOR},
    "result": {"ok": GOOD, "priced": GOOD, "taken": GOOD, "recorded": PLAIN, "duplicate": "gray", "conflict": POOR,
               "rejected": BAD, "refused": POOR, "limited": "yellow", "unreadable": POOR, "failed": BAD, "lost": "dark-red"},
    "status": {"ok": GOOD, "refused": POOR, "failed": BAD, "absent": "gray", "draft": "light-blue", "open": PLAIN,
               "paid": "dark-green", "void": "purple", "uncollectible": BAD},
    "why": {"refused": POOR, "fault": BAD},
    "age": {"week": GOOD, "month": PLAIN, "quarter": POOR, "older": BAD},
}


def expression(text):
    """A query with its matchers."""
    text = text.replace("@", 'job=~"$job", instance=~"$instance"').replace("€", f'currency="{CURRENCY}"')
    return " ".join(text.split())


def over_time(text, legend=""):
    """A query for a line."""
    return {"expr": expression(text), "legendFormat": legend or "__auto", "range": True, "instant": False}


def now(text, legend=""):
    """A query for how it stands."""
    return {"expr": expression(text), "legendFormat": legend or "__auto", "range": False, "instant": True}


def column(text):
    """A query for a column of a table."""
    return {**now(text), "format": "table"}


def steps(*marks):
    """Thresholds: the colour from below, then pairs of a value and the colour from there on."""
    base, *rest = marks
    pairs = [(None, base), *zip(rest[::2], rest[1::2])]
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in pairs]}


def words(**colours):
    """Words for 0 and 1, as `no="green"` and `yes="red"` in this order."""
    (zero, dull), (one, loud) = colours.items()
    said = {"0": {"text": zero, "color": dull, "index": 0}, "1": {"text": one, "color": loud, "index": 1}}
    return [{"type": "value", "options": said}]


def override(name, **properties):
    """What one field has of its own; `custom__width` is the property `custom.width`."""
    listed = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": listed}


def fixed(colour):
    return {"mode": "fixed", "fixedColor": colour}


def panel(kind, title, about, targets, unit, *, width, height=8, defaults=None, options=None, overrides=(), **rest):
    """A panel of any kind."""
    targets = targets if isinstance(targets, list) else [targets]
    listed = [{"refId": chr(ord("A") + place), "datasource": SOURCE, "editorMode": "code", **target}
              for place, target in enumerate(targets)]
    labels = {label for label in NAMED for target in targets if target["legendFormat"] == "{{%s}}" % label}
    named = [override(name, color=fixed(colour)) for label in sorted(labels) for name, colour in NAMED[label].items()]
    return {
        "type": kind, "title": title, "description": about, "datasource": SOURCE,
        "gridPos": {"h": height, "w": width, "x": 0, "y": 0},
        "targets": listed,
        "fieldConfig": {"defaults": {"unit": unit, **(defaults or {})}, "overrides": [*named, *overrides]},
        "options": options or {},
        **rest,
    }


def stat(title, about, targets, unit="short", *, width=4, height=4, thresholds=None, mappings=None, decimals=None,
         text="auto", graph="none", **rest):
    """A number, or several side by side."""
    defaults = {"thresholds": thresholds or steps(PLAIN), "color": {"mode": "thresholds"}, "mappings": mappings or []}
    if decimals is not None:
        defaults["decimals"] = decimals
    options = {
        "colorMode": "value", "graphMode": graph, "justifyMode": "auto", "orientation": "auto", "textMode": text,
        "wideLayout": True, "showPercentChange": False, "percentChangeColorMode": "standard", "reduceOptions": LAST,
    }
    return panel("stat", title, about, targets, unit, width=width, height=height, defaults=defaults, options=options,
                 **rest)


LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def lines(title, about, targets, unit="short", *, width=12, height=8, stack=False, bars=False, fill=10, low=0,
          thresholds=None, legend=("lastNotNull",), **rest):
    """Lines over time; stacked, or bars."""
    custom = {
        "drawStyle": "bars" if bars else "line", "lineInterpolation": "linear", "lineWidth": 1,
        "fillOpacity": 70 if bars else 40 if stack else fill, "gradientMode": "none", "showPoints": "never",
        "spanNulls": False, "axisPlacement": "auto", "axisBorderShow": False,
        "stacking": {"mode": "normal" if stack else "none", "group": "A"},
        "thresholdsStyle": {"mode": "line" if thresholds else "off"},
    }
    defaults = {"custom": custom, "color": {"mode": "palette-classic-by-name"}}
    if thresholds:
        defaults["thresholds"] = thresholds
    if low is not None:
        defaults["min"] = low
    options = {
        "legend": {"showLegend": True, "displayMode": "table" if legend else "list", "placement": "bottom",
                   "calcs": list(legend)},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel("timeseries", title, about, targets, unit, width=width, height=height, defaults=defaults,
                 options=options, **rest)


def bars(title, about, targets, unit="short", *, width=8, height=8, thresholds=None, top=None, colours="thresholds",
         **rest):
    """Horizontal bars beside each other, as things stand."""
    defaults = {"thresholds": thresholds or steps(PLAIN), "color": {"mode": colours}, "min": 0}
    if top is not None:
        defaults["max"] = top
    options = {
        "displayMode": "gradient" if thresholds else "basic", "orientation": "horizontal", "showUnfilled": True,
        "valueMode": "color", "namePlacement": "auto", "sizing": "auto", "minVizWidth": 8, "minVizHeight": 16,
        "maxVizHeight": 300, "reduceOptions": LAST,
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
    }
    return panel("bargauge", title, about, targets, unit, width=width, height=height, defaults=defaults, options=options,
                 **rest)


def pie(title, about, targets, unit="short", *, width=6, height=8, **rest):
    """Shares of a whole."""
    options = {
        "pieType": "donut", "orientation": "auto", "displayLabels": ["percent"], "sort": "desc", "reduceOptions": LAST,
        "legend": {"showLegend": True, "displayMode": "table", "placement": "right", "calcs": [],
                   "values": ["value", "percent"]},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    defaults = {"color": {"mode": "palette-classic-by-name"}}
    return panel("piechart", title, about, targets, unit, width=width, height=height, defaults=defaults, options=options,
                 **rest)


def table(title, about, columns, unit="short", *, width=12, height=8, overrides=(), sort=None, hidden=(), **rest):
    """A table whose columns are queries, joined by the labels that they share."""
    names = {f"Value #{chr(ord('A') + place)}": name for place, name in enumerate(columns)}
    if len(columns) == 1:
        names = {"Value": next(iter(columns))}
    order = {"excludeByName": {"Time": True, **{name: True for name in hidden}}, "renameByName": names, "indexByName": {}}
    defaults = {"custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
                "thresholds": steps(PLAIN)}
    options = {"showHeader": True, "cellHeight": "sm", "frameIndex": 0,
               "sortBy": [{"displayName": sort, "desc": True}] if sort else []}
    transformations = [{"id": "merge", "options": {}}, {"id": "organize", "options": order}]
    return panel("table", title, about, [column(text) for text in columns.values()], unit, width=width, height=height,
                 defaults=defaults, options=options, overrides=overrides, transformations=transformations, **rest)


def states(title, about, targets, mappings, *, width=12, height=5, **rest):
    """Stretches of time in which something was so."""
    options = {
        "mergeValues": True, "showValue": "never", "alignValue": "left", "rowHeight": 0.8,
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    defaults = {"custom": {"fillOpacity": 80, "lineWidth": 0}, "mappings": mappings, "color": {"mode": "thresholds"},
                "thresholds": steps(PLAIN)}
    return panel("state-timeline", title, about, targets, "short", width=width, height=height, defaults=defaults,
                 options=options, **rest)


def heat(title, about, target, unit="s", *, width=12, height=8, **rest):
    """A histogram over time."""
    options = {
        "calculate": False, "cellGap": 1, "showValue": "never",
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange",
                  "scale": "exponential", "reverse": False},
        "exemplars": {"color": "rgba(255,0,255,0.7)"}, "filterValues": {"le": 1e-9},
        "legend": {"show": True}, "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "unit": unit, "reverse": False},
    }
    defaults = {"custom": {"scaleDistribution": {"type": "linear"}}}
    return panel("heatmap", title, about, {**target, "format": "heatmap"}, "short", width=width, height=height,
                 defaults=defaults, options=options, **rest)


def row(title, *panels):
    return title, panels


def board(name, about, rows, *, since, variables=()):
    """A board: `rows` laid out from left to right and from top to bottom."""
    placed, top = [], 0
    for title, panels in rows:
        placed.append({"type": "row", "title": title, "collapsed": False, "panels": [],
                       "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": top}})
        top = _lay(panels, top + 1, placed)
    for number, each in enumerate(placed, 1):
        each["id"] = number
    return {
        "uid": f"{TAG}-{name}", "title": f"Rialto: {name.capitalize()}", "description": about, "tags": [TAG],
        "schemaVersion": 42, "version": 1, "editable": True, "graphTooltip": 1, "timezone": "browser",
        "time": {"from": since, "to": "now"}, "refresh": "30s",
        "timepicker": {"refresh_intervals": ["10s", "30s", "1m", "5m", "15m", "1h"]},
        "links": [LINK], "annotations": {"list": ANNOTATIONS},
        "templating": {"list": [*VARIABLES, *variables]}, "panels": placed,
    }


def _lay(panels, top, placed):
    """Lays the panels of a row, where need be in several lines; where it ends."""
    left, tall = 0, 0
    for each in panels:
        place = each["gridPos"]
        if WIDTH < left + place["w"]:
            left, top, tall = 0, top + tall, 0
        place.update(x=left, y=top)
        left, tall = left + place["w"], max(tall, place["h"])
        placed.append(each)
    return top + tall


LINK = {
    "type": "dashboards", "tags": [TAG], "title": "Rialto", "icon": "external link", "tooltip": "The other boards",
    "asDropdown": False, "includeVars": True, "keepTime": True, "targetBlank": False, "url": "",
}


def variable(name, label, query, about):
    """A variable whose values are a label's; several may be chosen."""
    return {
        "type": "query", "name": name, "label": label, "description": about, "datasource": SOURCE,
        "query": {"query": query, "refId": name}, "refresh": 2, "sort": 1, "multi": True, "includeAll": True,
        "allValue": ".+", "current": {"text": ["All"], "value": ["$__all"]}, "hide": 0, "regex": "", "options": [],
    }


def choice(name, label, values, about):
    """A variable with values of its own, of which one is chosen."""
    options = [{"text": value, "value": value, "selected": place == 0} for place, value in enumerate(values)]
    return {"type": "custom", "name": name, "label": label, "description": about, "query": ",".join(values), "hide": 0,
            "multi": False, "includeAll": False, "current": options[0], "options": options}


VARIABLES = [
    {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "refresh": 1, "regex": "",
     "description": "The Prometheus that scrapes Rialto.", "hide": 0, "multi": False, "includeAll": False, "options": [],
     "current": {"text": "default", "value": "default"}},
    variable("job", "Job", "label_values(rialto_build_info, job)", "The scrape job."),
    variable("instance", "Instance", 'label_values(rialto_build_info{job=~"$job"}, instance)', "The sidecar."),
]


def annotation(name, colour, query, title, text):
    """An annotation at the instant that a metric tells, in milliseconds."""
    return {
        "name": name, "enable": True, "hide": False, "iconColor": colour, "datasource": SOURCE,
        "target": {"refId": "Anno", "expr": expression(query), "interval": ""},
        "titleFormat": title, "textFormat": text, "tagKeys": "instance", "useValueForTime": True,
    }


ANNOTATIONS = [
    {"builtIn": 1, "name": "Annotations & Alerts", "type": "dashboard", "enable": True, "hide": True,
     "iconColor": "rgba(0, 211, 255, 1)", "datasource": {"type": "grafana", "uid": "-- Grafana --"}},
    annotation("Rollout", LIVE, "rialto_rollout_moved_timestamp_seconds{@} * 1000", "Rollout",
               "Somebody changed phase on {{instance}}; `rialto orders` says who and why."),
    annotation("Tariff", POOR, "rialto_tariffs_in_force_timestamp_seconds{@} * 1000", "Tariff {{version}}",
               "Tariff {{version}} came into force on {{instance}}."),
]
