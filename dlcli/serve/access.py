"""Who may send requests: this machine, or who has the token; bounded bodies; no other web page."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from dlcli.files import as_json
from dlcli.serve.options import LOOPBACK

MAX_BODY = 4 * 2**20  # bytes
_COOKIE = "dlcli-token"
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Access:
    """ASGI middleware that refuses requests before they are read.

    A page of another origin cannot read a response, since no CORS header allows it. It cannot send a request that
    computes anything either: a body must be `application/json`, which browsers send to another origin only after it
    agreed, and the `Host` header must name this machine, so that no other name can be resolved to it.
    """

    def __init__(self, app: Any, token: str, host: str):
        self._app, self._token, self._local = app, token, host in LOOPBACK

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, or answer it with an error."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if problem := self._problem(scope, headers):
            return await _refuse(send, *problem)
        extra = [*_SECURITY]
        if self._token and _query(scope) == self._token:
            extra.append((b"set-cookie", f"{_COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/".encode()))

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        await self._app(scope, _bounded(receive), sending)

    def _problem(self, scope: Any, headers: Mapping[str, str]) -> tuple[int, str] | None:
        name = headers.get("host", "").rsplit(":", 1)[0].strip("[]")
        if self._local and name not in LOOPBACK:
            return 421, f"the host must be one of {', '.join(LOOPBACK)}"
        if self._token and not hmac.compare_digest(_given(scope, headers).encode(), self._token.encode()):
            return 401, "a valid token is needed: open the address that dlcli serve printed"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            return 413, f"a request must have at most {MAX_BODY >> 20} MiB"
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if scope["method"] == "POST" and kind != "application/json":
            return 415, "the content type must be application/json"
        return None


def _given(scope: Any, headers: Mapping[str, str]) -> str:
    """Return the token of a request: of the header `Authorization`, the cookie, or the address."""
    bearer = headers.get("authorization", "")
    if bearer.lower().startswith("bearer "):
        return bearer[7:].strip()
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == _COOKIE:
            return value
    return _query(scope)


def _query(scope: Any) -> str:
    return parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]


def _bounded(receive: Any) -> Any:
    """Return a function that receives a body, and ends one that grows beyond `MAX_BODY`."""
    seen = 0

    async def receiving() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        # A chunked body has no length that could be checked before; cut, it is not JSON.
        return message if seen <= MAX_BODY else {"type": "http.request", "body": b"", "more_body": False}

    return receiving


async def _refuse(send: Any, status: int, message: str) -> None:
    body = as_json({"error": {"kind": "usage", "message": message, "hint": ""}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *_SECURITY]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
