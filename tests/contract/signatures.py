"""Says what Stripe's official library thinks of signatures.

Reads one case a line, {"payload_hex": ..., "header": ..., "secret": ..., "now": ...}, and answers each with one line,
{"accepted": true or false, "why": ...}. Its clock shows what the case says.
"""

import json
import sys
from unittest import mock

import stripe

TOLERANCE_S = 300


def verdict(case):
    """What the library says of a case, as (accepted, why)."""
    payload = bytes.fromhex(case["payload_hex"])
    try:
        with mock.patch("time.time", return_value=case["now"]):
            stripe.WebhookSignature.verify_header(payload, case["header"], case["secret"], TOLERANCE_S)
    except (stripe.SignatureVerificationError, UnicodeDecodeError, TypeError) as error:
        # Of a payload that is no text, or a signature that is not ASCII, it says no more than that.
        return False, str(error)
    return True, ""


if __name__ == "__main__":
    for line in sys.stdin:
        accepted, why = verdict(json.loads(line))
        print(json.dumps({"accepted": accepted, "why": why}))
