"""What schemathesis is given to speak the API: its two kinds of bodies that are not JSON, and what JSON Schema cannot say."""

import json

import schemathesis

# An id, and who orders something and why, are bounded in bytes; JSON Schema counts letters.
LONGEST = {"id": 128, "customer": 128, "business": 128, "citizen": 128, "name": 128}


def lines(value):
    """A body with a record on each line."""
    records = value if isinstance(value, list) else [value]
    return "\n".join(record if isinstance(record, str) else json.dumps(record) for record in records).encode()


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    return lines(value)


@schemathesis.serializer("application/toml")
def toml(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def filter_body(ctx, body):
    if not isinstance(body, dict):
        return True
    fits = lambda key, most: not isinstance(body.get(key), str) or len(body[key].encode("utf-8", "replace")) <= most
    return all(fits(key, most) for key, most in LONGEST.items())
