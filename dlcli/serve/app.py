"""The routes: the page, its scripts, the API and its description."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dlcli.errors import UserError
from dlcli.files import as_json
from dlcli.pages import document
from dlcli.pages.elements import embedded_json, escape
from dlcli.serve import openapi
from dlcli.serve.access import Access
from dlcli.serve.action import Action
from dlcli.serve.options import Serve
from dlcli.serve.subject import Subject
from dlcli.serve.worker import Busy, Worker
from dlcli.validation import validate

_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SHARED = ("common", "plane")  # scripts of every page


def application(options: Serve, subject: Subject) -> Access:
    """Return the ASGI application."""
    worker, page = Worker(), subject.kind.page

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        worker.close()

    script = "".join(_file(f"{name}.js") for name in (*_SHARED, page))
    description = openapi.description(subject.title, subject.actions)
    routes = [
        Route("/", _constant(_page(subject), "text/html")),
        Route("/page.css", _constant(document.asset("page.css"), "text/css")),
        Route("/widgets.js", _constant(document.scripts(), "text/javascript")),
        Route("/page.js", _constant(script, "text/javascript")),
        Route("/openapi.json", _constant(as_json(description), "application/json")),
        Route("/api/run", _constant(as_json(dict(subject.about)), "application/json")),
        *(Route(f"/api/{name}", _endpoint(each, worker), methods=["POST"]) for name, each in subject.actions.items()),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={500: _bug})
    return Access(app, options.token, options.host)


async def _bug(request: Request, error: Exception) -> Response:
    return _error(500, "bug", "the request could not be computed, which is a bug in dlcli; the log has its traceback")


def _endpoint(action: Action, worker: Worker) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            given = await request.json()
        except (ValueError, RecursionError):
            return _error(400, "usage", "the body must be a JSON object")
        if not isinstance(given, dict):
            return _error(400, "usage", "the body must be a JSON object")
        try:
            found = await worker.run(action, validate(action.model, given))
        except Busy:
            return _error(503, "device", "too many requests wait; try again later")
        except asyncio.CancelledError:  # it took longer than a server that stops waits
            return _error(503, "device", "the server has stopped")
        except UserError as error:
            return _error(400, error.kind, str(error), error.hint)
        return Response(as_json(found), media_type="application/json")

    return respond


def _error(status: int, kind: str, message: str, hint: str = "") -> Response:
    return JSONResponse({"error": {"kind": kind, "message": message, "hint": hint}}, status)


def _constant(content: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        headers = {"content-security-policy": _POLICY} if kind == "text/html" else {}
        return Response(content, media_type=kind, headers=headers)

    return respond


def _page(subject: Subject) -> str:
    data = {"actions": list(subject.actions), "example": subject.about["example"], **subject.kind.data}
    title = escape(subject.title)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css"></head><body>'
        f'<header><h1>{title}</h1><p class="lead">{escape(subject.lead)}</p></header>'
        f"<main>{_file(f'{subject.kind.page}.html')}</main>"
        f'<script type="application/json" id="run">{embedded_json(data)}</script>'
        '<script src="/widgets.js"></script><script src="/page.js"></script></body></html>\n'
    )


def _file(name: str) -> str:
    return files("dlcli.serve").joinpath("pages", name).read_text("utf-8")
