"""The part of a file's time that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av.packet import Packet


@dataclass(frozen=True)
class Window:
    """Packets that begin in it go along."""

    start: Fraction | None = None
    """Seconds; becomes zero. None keeps all from the beginning, where it is."""
    end: Fraction | None = None
    """Seconds; None keeps all to the end."""

    def holds(self, time: Fraction) -> bool:
        """Whether something that begins at a time is kept."""
        return (self.start is None or time >= self.start) and (self.end is None or time < self.end)

    def shifted(self, packet: Packet[Any]) -> Packet[Any]:
        """Move a packet so that the start becomes zero."""
        if self.start is not None and packet.pts is not None:
            shift = round(self.start / packet.time_base)
            packet.pts -= shift
            packet.dts = None if packet.dts is None else packet.dts - shift
        return packet

    def chapters(self, chapters: list[Any]) -> list[Any]:
        """Cut and move chapters."""
        start = self.start or Fraction(0)
        kept = []
        for chapter in chapters:
            base = chapter["time_base"]
            begin, end = chapter["start"] * base, chapter["end"] * base
            end = end if self.end is None else min(end, self.end)
            if self.start is not None:
                begin = max(begin, start)
            if begin < end:
                times = {"start": round((begin - start) / base), "end": round((end - start) / base)}
                kept.append({**chapter, **times})
        return kept
