"""Asks the sidecar something, once, and waits for the answer: for commands, and never for the engine itself."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request

from .settings import Settings

JSON, ROWS = "application/json", "application/x-ndjson"
_ANSWER_MAX = 64 << 20
_ANSWER_S = 30.0


class NoAnswer(Exception):
    """The sidecar did not take what it was given; a sentence that says why and what to do."""


def post(settings: Settings, path: str, body: bytes, content_type: str = JSON, timeout_s: float = _ANSWER_S) -> object:
    """What the sidecar answers, if it is JSON and the sidecar agrees. Raises `NoAnswer`."""
    headers = {"content-type": content_type, "user-agent": "rialto-hook"}
    if settings.token:
        headers["authorization"] = f"Bearer {settings.token}"
    try:
        request = urllib.request.Request(f"{settings.url}{path}", body, headers, method="POST")
        with _direct.open(request, timeout=timeout_s) as answer:
            text = answer.read(_ANSWER_MAX)
    except urllib.error.HTTPError as error:
        with error:
            raise NoAnswer(_refusal(settings, path, error.code, error.read(_ANSWER_MAX))) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = getattr(error, "reason", error)
        raise NoAnswer(f"{settings.url} does not answer: {why}; is `rialto serve` up, and RIALTO_URL right?") from error
    try:
        told: object = json.loads(text)
    except ValueError:
        raise NoAnswer(f"{settings.url}{path} answers, but not as Rialto does; is RIALTO_URL right?") from None
    return told


#: Whatever proxy the environment names, the sidecar is beside us.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _refusal(settings: Settings, path: str, status: int, text: bytes) -> str:
    try:
        told = json.loads(text)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        told = "no reason was told"
    if status in (401, 403):
        told += "; set RIALTO_TOKEN to a token with the scope ingest (`rialto token add`)"
    return f"{settings.url}{path} answers with {status}: {told}"
