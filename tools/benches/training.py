"""One step of training, beside six passes in contiguous float32."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import torch
from plain_reference import PlainCycleGAN

from benches.measuring import DEVICE, Figures
from cyclekit.config.resolve import parse_set, read_preset, resolve
from cyclekit.devices import keep_freed_memory
from cyclekit.methods.base import Moment
from cyclekit.training.learner import build_learner
from cyclekit.training.precision import choose_precision
from cyclekit.training.step import train_step

EVERY = 4
"""Steps between two identities, in the row that says what leaving some out adds."""
Step = Callable[[], object]


def bench_train() -> list[Figures]:
    """Time training steps with ResNet-9, at 128 and 256 px; on a GPU of larger batches too."""
    batches = (1, 8) if DEVICE.type == "cuda" else (1,)
    return [row for side in (128, 256) for batch in batches for row in measure(side, batch)]


def measure(side: int, batch: int, rounds: int = 4) -> list[Figures]:
    """Measure the reference, a step with the identity and one without, each in its own process.

    What training asks of the system's memory must not make the reference faster.
    """
    with (
        _process(_reference, side, batch) as plain,
        _process(_with_identity, side, batch) as own,
        _process(_without_identity, side, batch) as bare,
    ):
        ways = {"plain": plain, "own": own, "bare": bare}
        best = dict.fromkeys(ways, float("inf"))
        for _ in range(rounds):
            for name, way in ways.items():
                best[name] = min(best[name], way())
    dtype = str(choose_precision("auto", DEVICE)).removeprefix("torch.")
    mixed = (best["own"] + (EVERY - 1) * best["bare"]) / EVERY
    seconds = {"each": best["own"], f"{EVERY}th": mixed}
    return [
        {
            "side": side,
            "batch": batch,
            "identity": f"every {'' if every == 'each' else every + ' '}step",
            "precision": dtype,
            "plain_s": round(best["plain"], 4),
            "own_s": round(own_seconds, 4),
            "pairs_per_s": round(batch / own_seconds, 2),
            "times_plain": round(best["plain"] / own_seconds, 2),
        }
        for every, own_seconds in seconds.items()
    ]


@contextmanager
def _process(make: Callable[[int, int], Step], side: int, batch: int) -> Iterator[Step | Any]:
    """Yield what takes a step in a process of its own, and returns its seconds."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(make, side, batch, there), daemon=True)
    process.start()
    there.close()

    def step() -> float:
        here.send(True)
        return float(here.recv())

    try:
        for _ in range(2):  # they allocate what all others use again
            step()
        yield step
    finally:
        here.close()
        process.join()


def _work(make: Callable[[int, int], Step], side: int, batch: int, orders: Connection) -> None:
    step = make(side, batch)
    while True:
        try:
            orders.recv()
        except EOFError:
            return
        _wait()
        started = time.perf_counter()
        step()
        _wait()
        orders.send(time.perf_counter() - started)


def _wait() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def _pictures(side: int, batch: int) -> list[torch.Tensor]:
    return [torch.rand(batch, 3, side, side, device=DEVICE) * 2 - 1 for _ in range(2)]


def _reference(side: int, batch: int) -> Step:
    plain, (a, b) = PlainCycleGAN(DEVICE), _pictures(side, batch)
    return lambda: plain.step(a, b)


def _with_identity(side: int, batch: int) -> Step:
    return _own(side, batch, Moment(step=0))


def _without_identity(side: int, batch: int) -> Step:
    return _own(side, batch, Moment(step=1))


def _own(side: int, batch: int, moment: Moment) -> Step:
    keep_freed_memory()
    words = (f"data.crop={side}", f"train.batch={batch}", f"method.identity_every={EVERY}")
    config = resolve([read_preset("cyclegan"), *(parse_set(word) for word in words)])
    learner = build_learner(config, DEVICE)
    a, b = (
        picture.contiguous(memory_format=torch.channels_last) for picture in _pictures(side, batch)
    )
    dtype = choose_precision("auto", DEVICE)
    return lambda: train_step(
        learner.method, learner.optimizers, {"a": a, "b": b}, seed=0, moment=moment, dtype=dtype
    )
