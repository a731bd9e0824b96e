"""Sound and subtitles for files that cannot hold them as they are."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.audio.layout import AudioLayout
from av.audio.resampler import AudioResampler
from av.codec.context import CodecContext
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet

from cyclekit.media.video.window import Window

TEXT = frozenset({"ass", "mov_text", "srt", "ssa", "subrip", "text", "webvtt"})
"""Kinds of subtitles that can become one another; others are pictures."""
_BITS_A_CHANNEL = {"aac": 96_000, "libopus": 80_000}
_OPUS_RATE = 48_000
_COMMON = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")
"""Layouts that every encoder takes, from few channels to many."""
_MILLISECOND = Fraction(1, 1000)


class Sound:
    """Decodes a stream of sound and encodes it again.

    Args:
        old: where packets come from, an audio stream.
        output: gets a new stream.
        encoder: a key of `CONTAINERS`' audio.
        window: what is kept.
    """

    def __init__(self, old: Any, output: OutputContainer, encoder: str, window: Window) -> None:
        rate = _OPUS_RATE if encoder == "libopus" else old.rate
        layout = _fitting(old.layout, encoder, rate)
        self.stream: Any = output.add_stream(encoder, rate=rate, layout=layout.name)
        context: Any = self.stream.codec_context
        context.bit_rate = _BITS_A_CHANNEL[encoder] * layout.nb_channels
        context.open()
        self._old = old
        self._window = window
        self._resampler = AudioResampler(
            context.format, context.layout, context.rate, context.frame_size
        )

    def packets(self, packet: Packet[Any] | None) -> Iterator[Packet[Any]]:
        """Turn a packet into those that are ready; None ends the stream."""
        for frame in [] if packet is None else self._decode(packet):
            if frame.pts is None or self._window.holds(frame.pts * frame.time_base):
                yield from self._encode(self._resampler.resample(frame))
        if packet is None:
            yield from self._encode([*self._resampler.resample(None), None])

    def _decode(self, packet: Packet[Any]) -> list[Any]:
        try:
            return list(self._old.decode(packet))
        except FFmpegError:  # a damaged packet is silence, for its time passes
            return []

    def _encode(self, frames: list[Any]) -> Iterator[Packet[Any]]:
        for frame in frames:
            for packet in self.stream.encode(frame):
                yield self._window.shifted(packet)


def _fitting(layout: AudioLayout, encoder: str, rate: int) -> AudioLayout:
    """Return a layout that an encoder takes: the same, or the least that holds all channels.

    Opus knows 5.1 with speakers behind, for instance, but none at the sides, as DVDs have them.
    """
    if _takes(encoder, layout, rate):
        return layout
    deep = any(channel.name == "LFE" for channel in layout.channels)
    common = [AudioLayout(name) for name in _COMMON if name.endswith(".1") or not deep]
    enough = (one for one in common if one.nb_channels >= layout.nb_channels)
    return next(enough, common[-1])


def _takes(encoder: str, layout: AudioLayout, rate: int) -> bool:
    context: Any = CodecContext.create(encoder, "w")
    context.layout, context.rate, context.format = layout.name, rate, context.codec.audio_formats[0]
    try:
        context.open()
    except (FFmpegError, ValueError):
        return False
    return True


class Subtitles:
    """Turns one kind of text subtitles into another.

    Args:
        old: where packets come from, a subtitle stream of a kind in `TEXT`.
        output: gets a new stream.
        encoder: a key of `CONTAINERS`' subtitles.
        window: what is kept.
    """

    def __init__(self, old: Any, output: OutputContainer, encoder: str, window: Window) -> None:
        self.stream: Any = output.add_stream(encoder)
        context: Any = self.stream.codec_context
        self.stream.time_base = context.time_base = _MILLISECOND
        old.codec_context.open(strict=False)
        context.subtitle_header = old.codec_context.subtitle_header
        self._old = old
        self._window = window

    def packets(self, packet: Packet[Any] | None) -> Iterator[Packet[Any]]:
        """Turn a packet into another; None changes nothing."""
        if packet is None or not packet.size or packet.pts is None:
            return
        start, lasts = packet.pts * packet.time_base, (packet.duration or 0) * packet.time_base
        text = self._old.codec_context.decode2(packet)
        if not text or not self._window.holds(start):
            return
        text.start_display_time, text.end_display_time = 0, round(lasts * 1000)
        made = self.stream.codec_context.encode_subtitle(text)
        made.stream, made.time_base = self.stream, _MILLISECOND
        made.pts = made.dts = round(start * 1000)
        made.duration = round(lasts * 1000)
        yield self._window.shifted(made)
