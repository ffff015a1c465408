"""A headless Chromium whose complaints and requests are kept."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no `chromium` on the PATH. Hint: apt-get install chromium"
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass
class Seen:
    """What a browser met: errors of its console, and the address of every request."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def hosts(self) -> set[str]:
        """Return host and port of every request that left the browser."""
        return {urlsplit(url).netloc for url in self.requests if urlsplit(url).scheme not in ("data", "blob")}

    def of(self, part: str) -> int:
        """Return how many requests had `part` in their address."""
        return sum(part in url for url in self.requests)


@contextmanager
def chromium() -> Iterator[tuple[BrowserContext, Seen]]:
    """Yield a fresh profile of a headless Chromium, and what it meets."""
    seen = Seen()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.on("request", lambda request: seen.requests.append(request.url))
        context.on("console", lambda message: _keep(seen, message))
        context.on("weberror", lambda error: seen.errors.append(str(error.error)))
        yield context, seen
        browser.close()


def log_in(page: Page, name: str, password: str) -> None:
    """Fill in Airflow's login form, which `page` shows, and wait until it is left."""
    page.get_by_label("Username").fill(name)
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/auth/login" not in url)


def _keep(seen: Seen, message: ConsoleMessage) -> None:
    if message.type == "error":
        seen.errors.append(f"{message.text} ({message.location.get('url', '')})")
