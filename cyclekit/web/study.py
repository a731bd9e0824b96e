"""The study's page and what it asks for. No answer says which picture is real before its time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request, Response
from fastapi import Path as FromPath
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from cyclekit.errors import CyclekitError, MediaError
from cyclekit.evaluation.study.design import PICTURES, Design, require_pictures
from cyclekit.evaluation.study.store import OutOfTurnError, Store, UnknownParticipantError
from cyclekit.evaluation.study.trials import draw_trials
from cyclekit.web.app import new_app, picture_response

Side = Literal["left", "right"]
State = dict[str, Any]
Token = Annotated[str, FromPath(max_length=64)]
Number = Annotated[int, FromPath(ge=0, le=100_000)]
Milliseconds = Annotated[float, Field(ge=0, le=1e9)]


class Screen(BaseModel):
    """What a participant sees the pictures on."""

    model_config = ConfigDict(extra="forbid")

    width: Annotated[float, Field(ge=0, le=1e5)]
    """Of the window, CSS px."""
    height: Annotated[float, Field(ge=0, le=1e5)]
    """Of the window, CSS px."""
    picture: Annotated[float, Field(ge=0, le=1e5)]
    """Side of a picture, CSS px."""
    density: Annotated[float, Field(ge=0, le=100)]
    """Device px in a CSS px."""
    touch: bool
    """Whether the main pointer is a finger."""


class Answer(BaseModel):
    """What a participant says of a trial."""

    model_config = ConfigDict(extra="forbid")

    choice: Side
    """Where the real picture was."""
    reaction_ms: Milliseconds | None
    """From the question to the answer; None where the page was opened anew between them."""
    left_ms: Milliseconds | None
    """How long the left picture was on the screen."""
    right_ms: Milliseconds | None
    """How long the right picture was on the screen."""


class Comment(BaseModel):
    """What a participant wants to say in the end."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=2000)]


def study_app(
    study: Path, design: Design, host: str, hear: Callable[[str], object] = lambda _: None
) -> FastAPI:
    """Make the app of a study.

    Args:
        study: its folder.
        design: what it is made of.
        host: address that the server will be bound to.
        hear: told, in a line, when somebody joins or finishes, and what goes wrong.

    Raises:
        DataError: if the answers cannot be kept, pictures have gone, or there are too few.
    """
    require_pictures(study, design)
    for method in design.methods:
        draw_trials(design, method, 1)
    store = Store(study, design)
    app = new_app("study.html", host)

    @app.exception_handler(OutOfTurnError)
    def out_of_turn(request: Request, error: OutOfTurnError) -> JSONResponse:
        return JSONResponse({"detail": "not now"}, 409)

    @app.exception_handler(UnknownParticipantError)
    def unknown(request: Request, error: UnknownParticipantError) -> JSONResponse:
        return JSONResponse({"detail": "no such participant"}, 404)

    @app.exception_handler(CyclekitError)
    def failed(request: Request, error: CyclekitError) -> JSONResponse:
        hear(f"error: {error}")
        return JSONResponse({"detail": "the answer could not be kept"}, 503)

    _add_joining(app, design, store, hear)
    _add_trials(app, study, store, hear)
    return app


def _add_joining(app: FastAPI, design: Design, store: Store, hear: Callable[[str], object]) -> None:
    about = _about(design)

    @app.get("/api/study")
    def describe() -> State:
        return about

    @app.post("/api/participants")
    def join(screen: Screen) -> State:
        token = store.join(screen.model_dump())
        hear("a participant has joined")
        return {"token": token}

    @app.post("/api/participants/{token}/resume")
    def resume(token: Token) -> State:
        return store.resume(token)

    @app.post("/api/participants/{token}/comment")
    def comment(token: Token, said: Comment) -> State:
        store.comment(token, said.text)
        return {}


def _add_trials(app: FastAPI, study: Path, store: Store, hear: Callable[[str], object]) -> None:
    trial = "/api/participants/{token}/trials/{number}"

    @app.get(trial + "/{side}")
    def picture(token: Token, number: Number, side: Side) -> Response:
        path = study / PICTURES / store.pictures(token, number)[side]
        try:
            return picture_response(path.read_bytes())
        except OSError as error:
            raise MediaError(f"{path}: cannot be read: {error.strerror}") from error

    @app.post(trial + "/start")
    def start(token: Token, number: Number) -> State:
        store.start(token, number)
        return {}

    @app.post(trial + "/shown")
    def shown(token: Token, number: Number) -> State:
        store.show(token, number)
        return {}

    @app.post(trial + "/interrupt")
    def interrupt(token: Token, number: Number) -> State:
        return store.interrupt(token, number)

    @app.post(trial + "/answer")
    def answer(token: Token, number: Number, given: Answer) -> State:
        times = given.model_dump(exclude={"choice"})
        state, real = store.answer(token, number, given.choice, times)
        if state["finished"]:
            hear("a participant has finished")
        return {"state": state, "real": real}


def _about(design: Design) -> State:
    """Tell what participants may know: nothing of methods, names or places of pictures."""
    protocol = design.protocol
    return {
        # So that a browser does not take a participant of another study for one of this.
        "study": hashlib.sha256(design.model_dump_json().encode()).hexdigest()[:16],
        "title": design.title, "size": design.size,
        "practice": protocol.practice, "trials": protocol.trials + protocol.vigilance,
        "times": {
            name: getattr(protocol, name)
            for name in ("start_ms", "blank_ms", "exposure_ms", "gap_ms", "question_ms", "feedback_ms")
        },
    }  # fmt: skip
