"""The routes: the page, its scripts, the API and its description."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dlcli.errors import UserError
from dlcli.files import as_json
from dlcli.notices import silenced
from dlcli.pages import document
from dlcli.pages.elements import embedded_json, escape
from dlcli.runs.description import described
from dlcli.runs.summary import summarize
from dlcli.runs.trained import TrainedRun
from dlcli.serve import actions, openapi
from dlcli.serve.access import Access
from dlcli.serve.actions import Action
from dlcli.serve.options import Serve
from dlcli.serve.worker import Busy, Worker
from dlcli.validation import validate

_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGES = {"explain": "image", "tokens": "language", "predict": "predict"}  # file of the page by its first action


def application(options: Serve, run: TrainedRun) -> Any:
    """Return the ASGI application that serves a run."""
    offered, worker = actions.of(run), Worker()
    page = _PAGES[next(iter(offered))]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        worker.close()

    routes = [
        Route("/", _constant(_page(run, page, offered), "text/html")),
        Route("/page.css", _constant(document.asset("page.css"), "text/css")),
        Route("/widgets.js", _constant(document.scripts(), "text/javascript")),
        Route("/page.js", _constant(_file("common.js") + _file(f"{page}.js"), "text/javascript")),
        Route("/openapi.json", _constant(as_json(openapi.description(run.folder.name, offered)), "application/json")),
        Route("/api/run", _constant(as_json(_described(run)), "application/json")),
        *(Route(f"/api/{name}", _endpoint(each, run, worker), methods=["POST"]) for name, each in offered.items()),
    ]
    return Access(Starlette(routes=routes, lifespan=lifespan), options.token, options.host)


def _endpoint(action: Action, run: TrainedRun, worker: Worker) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            given = await request.json()
        except (ValueError, RecursionError):
            return _error(400, "usage", "the body must be a JSON object")
        if not isinstance(given, dict):
            return _error(400, "usage", "the body must be a JSON object")
        try:
            body = validate(action.model, given)
            found = await worker.run(lambda: _computed(action, body, run))
        except Busy:
            return _error(503, "device", "too many requests wait; try again later")
        except UserError as error:
            return _error(400, error.kind, str(error), error.hint)
        return Response(as_json(found), media_type="application/json")

    return respond


def _computed(action: Action, body: Any, run: TrainedRun) -> Mapping[str, Any]:
    with silenced():
        return action.call(body, run)


def _error(status: int, kind: str, message: str, hint: str = "") -> Response:
    return JSONResponse({"error": {"kind": kind, "message": message, "hint": hint}}, status)


def _constant(content: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        headers = {"content-security-policy": _POLICY} if kind == "text/html" else {}
        return Response(content, media_type=kind, headers=headers)

    return respond


def _page(run: TrainedRun, page: str, offered: Mapping[str, Action]) -> str:
    about = _described(run)
    data = embedded_json({"actions": list(offered), "example": about["example"], "image": about["image"]})
    title = escape(about["run"])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css"></head><body>'
        f'<header><h1>{title}</h1><p class="lead">{escape(about["lead"])}</p></header>'
        f'<main>{_file(f"{page}.html")}</main><script type="application/json" id="run">{data}</script>'
        '<script src="/widgets.js"></script><script src="/page.js"></script></body></html>\n'
    )


def _described(run: TrainedRun) -> dict[str, Any]:
    """Return the description of a run as JSON values."""
    raw = run.files.raw("run.json")
    found = described(summarize(run.folder), raw)
    lead = "; ".join(filter(None, [f"{run.technique} on {found['data']}", found["best"]]))
    example = raw.get("example")
    image = list(run.facts.image) if run.technique == "cnn" else []
    return {
        "run": run.folder.name,
        "technique": run.technique,
        "lead": lead,
        "example": example if isinstance(example, str) else "",
        "image": image,
        "options": json.loads(as_json(run.files.raw("options.json"))),
    }


def _file(name: str) -> str:
    return files("dlcli.serve").joinpath("pages", name).read_text("utf-8")
