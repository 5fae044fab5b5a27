"""Somebody at a browser: goes, presses, and looks at every page with the eyes of axe."""

import os
import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

#: Milliseconds for anything to appear: a new machine that is busy elsewhere is slow, and nothing here measures time.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


class Visitor:
    """A window of one person. `problems` gathers console errors and requests to places that are not allowed."""

    def __init__(
        self, context: BrowserContext, name: str, width: int, *, home: str, allowed: tuple[str, ...]
    ) -> None:
        self.context, self.name, self.width = context, name, width
        self.home, self.allowed = home, allowed
        self.problems: list[str] = []
        self.pictures = 0
        self.page: Page = context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        self.page.on("request", self._request)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.home}{path}")

    def press(self, name: str, *, within: Locator | None = None) -> None:
        """A button or a link, by the words that a screen reader says."""
        place = within or self.page
        place.get_by_role("button", name=name).or_(place.get_by_role("link", name=name)).first.click()

    def look(self, title: str) -> None:
        """The page is the right one, nobody is shut out of it, and it does not overflow."""
        expect(self.page).to_have_title(re.compile(re.escape(title)))
        self.page.wait_for_load_state()
        self._picture(title)
        violations = Axe().run(self.page).response["violations"]
        found = [(item["id"], [node["html"][:200] for node in item["nodes"]]) for item in violations]
        assert not found, f"{title} at {self.width} px: {found}"
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{title}: {wide} px too wide for {self.width} px"

    def reads(self, text: str) -> None:
        """The page says it, or will as soon as it has arrived."""
        expect(self.page.locator("main")).to_contain_text(text, use_inner_text=True)

    def does_not_read(self, text: str) -> None:
        """On a page that has arrived: ``look`` or ``reads`` comes before."""
        assert text not in self.page.locator("main").inner_text().replace("\xa0", " ")

    def _picture(self, title: str) -> None:
        self.pictures += 1
        if folder := os.environ.get("MENSA_SCREENSHOTS"):
            slug = "".join(char if char.isalnum() else "-" for char in title.lower())
            path = Path(folder) / f"{self.name}-{self.pictures:02}-{slug}-{self.width}.png"
            self.page.screenshot(path=path, full_page=True)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{self.page.url}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((*self.allowed, "data:", "blob:")):
            self.problems.append(f"request to {request.url}")
