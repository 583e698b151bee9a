"""Looks at the revenue page in a headless Chromium, as a visitor does: `look.py URL AXE PICTURES`.

In light and in dark, on a desk and on a phone, the page has to show its figures, stay within its width, write nothing to
the console and give axe-core nothing to complain of, also where its figures are stale. Without being loaded again it has to
show a charge that came later; it has to be walked through by keyboard, and to answer why. A picture of each look is kept.

It drives chromedriver by its own protocol, with Python's standard library alone.
"""

import base64
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

PATIENCE_S = 30
LOOKS = [(scheme, *device) for scheme in ("light", "dark") for device in (("desk", 1280, 900), ("phone", 390, 844))]
ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]  # fmt: skip


class Fault(Exception):
    """Something about the page is not as it has to be."""


class Browser:
    """A Chromium, and the driver that it is driven by."""

    def __init__(self):
        command = ["chromedriver", "--port=0"]
        self.driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        started = (re.search(r"started successfully on port (\d+)", line) for line in self.driver.stdout)
        port = next((found[1] for found in started if found), None)
        if port is None:
            raise Fault("chromedriver did not start")
        self.url = f"http://127.0.0.1:{port}/session"
        options = {"args": ARGUMENTS}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.url += "/" + self.ask("", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def ask(self, path, body=None, method="POST"):
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=2 * PATIENCE_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Fault(f"chromedriver: {error.read().decode()[:2000]}") from error

    def devtools(self, command, **parameters):
        return self.ask("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, script, *arguments):
        return self.ask("/execute/sync", {"script": script, "args": arguments})

    def wait(self, what, script, *arguments):
        """Until a script says so."""
        begun = time.monotonic()
        while not (found := self.run(script, *arguments)):
            if PATIENCE_S < time.monotonic() - begun:
                raise Fault(f"{what}: not within {PATIENCE_S} s")
            time.sleep(0.1)
        return found

    def close(self):
        try:
            self.ask("", method="DELETE")
        finally:
            self.driver.terminate()
            self.driver.wait()


def look(browser, url, axe, scheme, width, height, picture):
    """One look at the page: what has to be so whatever it is looked at with."""
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    phone = {"width": width, "height": height, "deviceScaleFactor": 2 if width < 800 else 1, "mobile": width < 800}
    browser.devtools("Emulation.setDeviceMetricsOverride", **phone)
    browser.ask("/url", {"url": url})
    browser.wait("a charge", "return document.querySelector('#charges [data-row]') !== null")
    shown = browser.run(SHOWN)
    for name, text in shown.items():
        if not re.fullmatch(r"−?€[\d,]+\.\d{2,6}", text or ""):
            raise Fault(f"{name} is {text!r}")
    wide = browser.run("return [document.documentElement.scrollWidth, innerWidth]")
    if wide[1] < wide[0]:
        raise Fault(f"the page is {wide[0]} wide, on a screen of {wide[1]}")
    bars = browser.run("return document.querySelectorAll('.bars g').length")
    if bars != 24:
        raise Fault(f"there are {bars} hours")
    keep(browser, picture)
    for is_stale in (False, True):
        browser.run("document.body.classList.toggle('stale', arguments[0])", is_stale)
        complain(browser, axe, f"{scheme}, {width} wide{', stale' if is_stale else ''}")
    browser.run("document.body.classList.remove('stale')")


SHOWN = """
const ids = ["today", "week", "month"].flatMap((id) => [id, `${id}-live`, `${id}-shadow`]);
return Object.fromEntries([...ids, "earned", "collectable", "collected"].map((id) => [id, document.getElementById(id)?.textContent]));
"""

AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
  .then(({ violations }) => done(violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html} (${failureSummary})`).slice(0, 3).join("; ")}`)))
  .catch((error) => done([String(error)]));
"""


def complain(browser, axe, where):
    browser.run(axe)
    complaints = browser.ask("/execute/async", {"script": AXE, "args": []})
    if complaints:
        raise Fault(f"axe-core complains ({where}):\n" + "\n".join(complaints))


def keep(browser, picture):
    size = browser.devtools("Page.getLayoutMetrics")["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    kept = browser.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
    picture.write_bytes(base64.b64decode(kept["data"]))


def watch(browser):
    """What comes later is shown without loading the page again."""
    browser.run("window.before = [...document.querySelectorAll('[data-row]')].map(({ dataset }) => dataset.row)")
    newer = "return [...document.querySelectorAll('[data-row]')].some(({ dataset }) => !window.before.includes(dataset.row))"
    browser.wait("a charge that came later", f"if (!window.before) throw Error('it was loaded again'); {newer}")
    if browser.run("return document.getElementById('fault').textContent"):
        raise Fault("the page says that Rialto cannot be reached")


def walk(browser):
    """By keyboard: first to the skip link, and on to a period."""
    press = {"type": "key", "id": "keys", "actions": [{"type": kind, "value": "\ue004"} for kind in ("keyDown", "keyUp")]}
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")
    browser.ask("/actions", {"actions": [press]})
    if browser.run("return document.activeElement.className") != "skip":
        raise Fault("the first stop is not the link to the figures")
    browser.run("document.querySelector('.choices a').click()")
    browser.wait("today's earners", "return document.querySelector('.choices [aria-current]')?.textContent === 'today'")
    if not browser.run("return location.search.includes('period=today') && Boolean(window.before)"):
        raise Fault("another period loads the page again, or has no address")


def ask_why(browser, axe):
    browser.run("document.querySelector('[data-row] a').click()")
    browser.wait("an answer", "return document.querySelector('#found .fate .reason')?.textContent.includes('rule')")
    complain(browser, axe, "with an answer")


def main():
    url, axe, pictures = sys.argv[1], pathlib.Path(sys.argv[2]).read_text(), pathlib.Path(sys.argv[3])
    browser = Browser()
    try:
        for scheme, device, width, height in LOOKS:
            look(browser, url, axe, scheme, width, height, pictures / f"page-{scheme}-{device}.png")
        watch(browser)
        walk(browser)
        ask_why(browser, axe)
        keep(browser, pictures / "page-why.png")
        said = browser.ask("/se/log", {"type": "browser"})
        if said:
            raise Fault("the console says: " + "; ".join(entry["message"] for entry in said))
    finally:
        browser.close()
    print(f"{len(LOOKS)} looks, nothing to complain of; a later charge came by itself, and why is answered")


if __name__ == "__main__":
    try:
        main()
    except Fault as fault:
        sys.exit(f"look.py: {fault}")
