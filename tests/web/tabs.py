"""A page in the browser; all that it asks for and complains of is kept."""

import time
from collections.abc import Callable
from typing import Any

from tests.browser import PATIENCE

SEEN = """() => {
  window.samples = [];
  const level = (canvas) => [...canvas.getContext('2d').getImageData(8, 8, 1, 1).data.slice(0, 3)];
  const look = () => {
    const now = ['left', 'right'].map((id) => {
      const canvas = document.getElementById(id).querySelector('canvas');
      return getComputedStyle(canvas).visibility === 'visible' ? level(canvas) : null;
    });
    window.samples.push([document.timeline.currentTime, ...now]);
  };
  look();
  new MutationObserver(look).observe(document.querySelector('.pair'), { attributes: true, subtree: true });
}"""
"""Looks at every change, at the time of its frame, which pictures can be seen and in what colour."""


class Tab:
    """One window of one person.

    Args:
        browser: playwright's.
        port: of the server.
        device: options of the window.
    """

    def __init__(self, browser: Any, port: int, **device: Any) -> None:
        self.base = f"http://127.0.0.1:{port}/"
        self.context = browser.new_context(**device)
        self.context.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = self.open()

    def open(self) -> Any:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("response", self.look_at)
        page.goto(self.base)
        return page

    def look_at(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    def begin(self) -> None:
        self.page.get_by_role("button", name="Start").click()

    def asked(self) -> Any:
        """Wait for the question."""
        return self.page.wait_for_selector("#left.asked")

    def until(self, holds: Callable[[], object]) -> None:
        """Wait for what the server knows."""
        begun = time.monotonic()
        while not holds():
            assert time.monotonic() - begun < PATIENCE / 1000, "it never came"
            self.page.wait_for_timeout(20)

    def when_seen(self, action: str) -> None:
        """Do it (key, reload, hide) in the page once the left picture is seen, however busy the machine is."""
        self.page.evaluate(
            """action => { const actions = {
              key: () => document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft' })),
              reload: () => location.reload(),
              hide: () => {
                Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });
                document.dispatchEvent(new Event('visibilitychange'));
              },
            }; new MutationObserver((_, observer) => {
              if (!document.querySelector('#left.seen')) return;
              observer.disconnect();
              actions[action]();
            }).observe(document.body, { attributes: true, subtree: true }); }""",
            action,
        )

    def answer(self, key: str = "ArrowLeft") -> None:
        self.asked()
        self.page.keyboard.press(key)

    def go_on(self) -> None:
        self.page.get_by_role("button", name="Continue").click()

    def close(self) -> None:
        complaints = list(self.complaints)
        self.context.close()
        assert complaints == []
        assert self.requests
        assert all(url.startswith((self.base, "blob:" + self.base)) for url in self.requests)
