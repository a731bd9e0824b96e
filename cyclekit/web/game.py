"""The game's page: which one is real?"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request, Response
from fastapi import Path as FromPath
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from cyclekit.errors import CyclekitError
from cyclekit.evaluation.study.rounds import Rounds
from cyclekit.web.app import new_app, picture_response

Side = Literal["left", "right"]
Token = Annotated[str, FromPath(max_length=64)]


class Guess(BaseModel):
    """What a player says."""

    model_config = ConfigDict(extra="forbid")

    choice: Side
    """Where the real picture is."""


def game_app(rounds: Rounds, host: str, size: int) -> FastAPI:
    """Make the app of a game.

    Args:
        rounds: deals the pictures.
        host: address that the server will be bound to.
        size: side of every picture, px.
    """
    app = new_app("game.html", host)

    @app.exception_handler(CyclekitError)
    def failed(request: Request, error: CyclekitError) -> JSONResponse:
        return JSONResponse({"detail": "no pictures left"}, 410)

    @app.exception_handler(KeyError)
    def forgotten(request: Request, error: KeyError) -> JSONResponse:
        return JSONResponse({"detail": "no such round"}, 404)

    @app.post("/api/rounds")
    def deal() -> dict[str, Any]:
        return {"round": rounds.deal(), "size": size}

    @app.get("/api/rounds/{token}/{side}")
    def picture(token: Token, side: Side) -> Response:
        return picture_response(rounds.picture(token, side))

    @app.post("/api/rounds/{token}/guess")
    def guess(token: Token, given: Guess) -> dict[str, Any]:
        solved = rounds.solve(token)
        return {"real": solved.real_side, "method": solved.method}

    return app
