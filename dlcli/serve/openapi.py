"""The description of the API by the standard OpenAPI 3.1, from the models of the bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcli import __version__
from dlcli.serve.action import Action

_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("kind", "message", "hint")},
            "required": ["kind", "message", "hint"],
        }
    },
    "required": ["error"],
}
_PROBLEMS = {
    "400": "an input that is not valid",
    "401": "the token is missing",
    "413": "a request that is too large",
    "415": "a body that is not JSON",
    "500": "a bug in dlcli",
    "503": "too many requests wait",
}


def description(title: str, actions: Mapping[str, Action]) -> dict[str, Any]:
    """Return the description of the API of a run."""
    paths = {f"/api/{name}": {"post": _operation(name, action)} for name, action in actions.items()}
    paths["/api/run"] = {"get": {"summary": "Describe the run.", "operationId": "run", "responses": _responses()}}
    return {"openapi": "3.1.0", "info": {"title": title, "version": __version__}, "paths": paths}


def _operation(name: str, action: Action) -> dict[str, Any]:
    schema = action.model.model_json_schema()
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {"summary": action.summary, "operationId": name, "requestBody": body, "responses": _responses()}


def _responses() -> dict[str, Any]:
    content = {"application/json": {"schema": _ERROR}}
    return {
        "200": {"description": "the result", "content": {"application/json": {"schema": {"type": "object"}}}},
        **{code: {"description": text, "content": content} for code, text in _PROBLEMS.items()},
    }
