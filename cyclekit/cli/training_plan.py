"""What `cyclekit train --plan` and `--profile` print."""

from __future__ import annotations

from collections.abc import Mapping

from cyclekit.training.plan import Limit, Plan
from cyclekit.training.profile import Profile

GIB = 2**30


def plan_lines(plan: Plan) -> list[str]:
    """Say in a few lines what a run will take."""
    lines = [
        f"speed   {plan.speed:.3g} images/s, {plan.seconds:.3g} s a step of {plan.batch}",
        f"memory  {_memory(plan)}",
        f"largest {_largest(plan)}",
        f"time    {_time(plan)}",
    ]
    if plan.pieces > 1:
        lines.append(f"note    a batch of {plan.batch} does not fit: {plan.pieces} pieces a step")
    return lines


def profile_lines(profile: Profile) -> list[str]:
    """Say where the time of a step goes: phases, operations, share of the machine's peak."""
    rate, peak = profile.operations_a_second / 1e9, profile.peak / 1e9
    return [
        f"step        {profile.seconds:.3f} s",
        (
            f"arithmetic  {rate:.1f} of {peak:.1f} GFLOP/s that a matrix product reaches here, "
            f"{rate / peak:.0%}"
        ),
        *_shares("by phase, of further steps, which the profiler slows", profile.parts),
        *_shares("by operation, of the same", profile.operations),
    ]


def _shares(title: str, spent: Mapping[str, float]) -> list[str]:
    total = max(sum(spent.values()), 1e-12)
    return [
        title,
        *(f"  {time / total:6.1%}  {time:8.4f} s  {name}" for name, time in spent.items()),
    ]


def _memory(plan: Plan) -> str:
    if plan.standing is None or plan.moving is None or plan.free is None:
        return "cannot be measured here"
    total = (plan.standing + plan.moving) / GIB
    return f"{total:.2f} GiB at its peak, {plan.free / GIB:.2f} GiB are free between steps"


def _largest(plan: Plan) -> str:
    if plan.largest_batch is None:
        return "cannot be measured here"
    at_once = f"batch {_said(*plan.largest_batch)} at crop {plan.crop}"
    if plan.largest_crop is None:
        return f"{at_once} (the crop is the generator's), as far as growth tells"
    crop = f"crop {_said(*plan.largest_crop)} at batch {plan.batch}"
    return f"{crop}, or {at_once}, as far as growth tells"


def _said(value: int, limit: Limit) -> str:
    match limit:
        case "memory":
            return str(value)
        case "measure":
            return f"of at least {value}"
        case "pictures":
            return f"of all {value} pictures"


def _time(plan: Plan) -> str:
    if plan.images is None or plan.total_seconds is None:
        return "no length is given"
    minutes = round(plan.total_seconds / 60)
    if not minutes:
        return f"{plan.images} images, {plan.total_seconds:.0f} s"
    return f"{plan.images} images, {minutes // 60} h {minutes % 60:02d} min"
