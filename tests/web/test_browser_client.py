"""The browser client in a real browser, against a game that the test plays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from perdure.text.markup import to_html
from tests.web.chromium import PHONE, launched, skip_without
from tests.web.fake_game import FakeGame


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    skip_without()
    with launched() as browser:
        yield browser


@pytest.fixture
def game(site: Any) -> Iterator[FakeGame]:
    fake = make_game()
    fake.start()
    yield fake
    fake.stop()


def make_game(account: str = "") -> FakeGame:
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.staticfiles import finders
    from django.test import RequestFactory

    from perdure.conf import conf
    from perdure.web import static_files, views

    class Somebody:
        is_authenticated = True

        def get_username(self) -> str:
            return account

    request = RequestFactory().get("/webclient/")
    request.user = Somebody() if account else AnonymousUser()
    page = views.webclient(request).content.decode()

    def static(path: str) -> tuple[bytes, str] | None:
        found = finders.find(path.split("/", 1)[1] if path.startswith("v-") else path)
        return (Path(found).read_bytes(), static_files._type_of(Path(found))) if found else None

    return FakeGame(page, static, conf.CONTENT_SECURITY_POLICY)


class Client:
    """A page with the client on it, and what it complained about."""

    def __init__(self, browser: Any, address: str, **kwargs: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1000, "height": 700}, **kwargs})
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on(
            "console", lambda message: message.type in ("error", "warning") and self.complaints.append(message.text)
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.set_default_timeout(10_000)
        self.page.goto(f"{address}/webclient/")

    def type(self, line: str) -> None:
        self.page.fill("#input", line)
        self.page.press("#input", "Enter")

    def sees(self, text: str) -> None:
        self.page.locator("#output", has_text=text).wait_for()

    def state(self, state: str) -> None:
        self.page.locator(f"#status[data-state={state}]").wait_for()

    def script(self, text: str) -> Any:
        return self.page.evaluate(text)


@pytest.fixture
def opened(chromium: Any) -> Iterator[Any]:
    clients: list[Client] = []

    def open_client(game: FakeGame, **kwargs: Any) -> Client:
        clients.append(Client(chromium, game.address, **kwargs))
        game.connected()
        clients[-1].state("connected")
        return clients[-1]

    yield open_client
    for client in clients:
        client.context.close()


@pytest.fixture
def client(opened: Any, game: FakeGame) -> Client:
    return opened(game)  # type: ignore[no-any-return]


def test_lines_go_and_text_comes(client: Client, game: FakeGame):
    options = game.next("client_options")[2]
    assert options["client"] == "Perdure web client"
    assert 60 <= options["screenwidth"] <= 132
    assert 10 <= options["screenheight"] <= 60
    game.send("text", to_html("|cThe Hall|n|/You see a |rrose|n."), type="look")
    client.sees("You see a rose.")
    client.type("smell rose")
    assert game.line() == "smell rose"
    client.page.locator(".message.typed", has_text="smell rose").wait_for()
    assert client.page.input_value("#input") == ""
    client.page.click("#send")
    assert game.line() == ""
    assert client.complaints == []


def test_the_page_can_be_used_without_seeing_it(client: Client, game: FakeGame):
    log = client.page.get_by_role("log", name="Text of the game")
    assert log.get_attribute("aria-live") == "polite"
    client.page.get_by_role("textbox", name="Command").wait_for()
    client.page.get_by_role("button", name="Send").wait_for()
    assert client.page.get_by_role("status").inner_text() == "Connected"
    # By the keyboard: two skip links first, the first leads to the line.
    assert client.script("document.querySelector('a, button, input, [tabindex]').textContent") == (
        "Skip to the command line"
    )
    client.page.locator(".skip").first.focus()
    client.page.keyboard.press("Enter")
    assert client.script("document.activeElement.id") == "input"
    client.page.click("#settings-button")
    client.page.get_by_role("dialog", name="Settings").wait_for()
    client.page.keyboard.press("Escape")
    client.page.wait_for_function("document.activeElement.id === 'settings-button'")
    # What is typed anywhere goes into the line.
    client.page.keyboard.type("say hi")
    assert client.page.input_value("#input") == "say hi"


def test_passwords_are_not_shown_and_not_kept(client: Client, game: FakeGame):
    client.type("connect anna topsecret")
    assert game.line() == "connect anna topsecret"
    client.type('create "anna b" topsecret')
    game.line()
    game.send("echo", False)
    client.page.locator("#input[type=password]").wait_for()
    client.page.get_by_label("Password (not shown)").wait_for()
    client.type("topsecret")
    assert game.line() == "topsecret"
    game.send("echo", True)
    client.page.locator("#input[type=text]").wait_for()
    game.send("logged_in")
    client.type("@password topsecret = topsecret2")
    game.line()
    client.type("connect the wires again")
    client.sees("connect the wires again")
    assert "topsecret" not in client.page.inner_text("#output")
    for _ in range(10):
        client.page.press("#input", "ArrowUp")
        assert "topsecret" not in client.page.input_value("#input")


def test_the_gateway_may_say_typing_instead_of_echo(client: Client, game: FakeGame):
    game.send("typing", False)
    client.page.locator("#input[type=password]").wait_for()
    game.send("typing", True)
    client.page.locator("#input[type=text]").wait_for()


def test_earlier_lines_come_back_by_their_beginning(client: Client):
    for line in ("look", "say hello", "go north", "say bye", "say bye"):
        client.type(line)

    def press(key: str) -> str:
        client.page.press("#input", key)
        return str(client.page.input_value("#input"))

    assert [press("ArrowUp") for _ in range(5)] == ["say bye", "go north", "say hello", "look", "look"]
    assert press("ArrowDown") == "say hello"
    assert [press("Escape"), press("ArrowUp")] == ["", "say bye"]
    client.page.fill("#input", "say")
    assert [press("ArrowUp") for _ in range(3)] == ["say bye", "say hello", "say hello"]
    assert [press("ArrowDown") for _ in range(2)] == ["say bye", "say"]


def test_links_send_their_command(client: Client, game: FakeGame):
    game.send("text", to_html("Exits: |lcgo north|lt|gnorth|n|le, |luhttps://example.com|ltmap|le"))
    client.page.click("text=north")
    assert game.line() == "go north"
    link = client.page.get_by_role("button", name="north")
    link.focus()
    client.page.keyboard.press("Enter")
    assert game.line() == "go north"
    address = client.page.get_by_role("link", name="map")
    assert address.get_attribute("rel") == "noopener noreferrer"
    assert address.get_attribute("target") == "_blank"


@pytest.mark.defect("V-4")
def test_nothing_but_our_own_elements_gets_into_the_page(client: Client, game: FakeGame):
    evil = (
        "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
        '<a href="javascript:document.title=\'owned\'">js</a><a href="https://x.example" onclick="x()">ok</a>'
        '<span style="position:fixed" class="top skip color-009 color-999" id="input" data-x="1">span</span>'
        "<iframe src=/></iframe><form><input name=password></form><svg onload=x()></svg><style>*{display:none}</style>"
        '<span data-fg="red;x" data-bg="#12345">bad</span><span data-fg="#ff8800" data-bg="#000000">good</span>'
        + "<span>" * 2000
        + "deep"
    )
    game.send("text", evil)
    client.sees("good")
    client.sees("deep")
    inside = client.script(
        "[...document.querySelectorAll('#output *')].map(e => [e.localName, ...e.getAttributeNames().sort()].join(' '))"
    )
    allowed = {
        "div class dir",
        "span",
        "span class",
        "span data-bg data-fg style",
        "a",
        "a href rel target",
        "br",
    }
    assert set(inside) <= allowed, set(inside) - allowed
    assert client.script("document.querySelectorAll('#output .color-009').length") == 1
    assert client.script("document.querySelectorAll('#output .skip, #output .top, #output .color-999').length") == 0
    assert client.page.title() != "owned"
    good = "document.querySelector('#output [data-fg]').style"
    assert client.script(f"[{good}.color, {good}.backgroundColor]") == ["rgb(255, 136, 0)", "rgb(0, 0, 0)"]
    # The browser refused the style by the page's policy when it read it; nothing else was tried at all.
    assert [text for text in client.complaints if "inline style" not in text] == []


def test_messages_that_make_no_sense_do_no_harm(client: Client, game: FakeGame):
    for text in (
        "{",
        "[]",
        "null",
        "5",
        "[5, [], {}]",
        '["text"]',
        '["text", 5, 7]',
        '["__proto__", [], {}]',
        '["constructor"]',
    ):
        game.send_raw(text)
    game.send("unheard_of", 1, x=2)
    game.send("text", "after it all")
    client.sees("after it all")
    assert client.complaints == []


def test_the_text_scrolls_along_unless_somebody_reads_above(client: Client, game: FakeGame):
    for number in range(100):
        game.send("text", f"line {number}")
    client.sees("line 99")
    output = "document.getElementById('output')"
    at_end = f"({output}.scrollTop + {output}.clientHeight >= {output}.scrollHeight - 8)"
    client.page.wait_for_function(at_end)
    client.page.press("#input", "PageUp")
    client.page.wait_for_function(f"!{at_end}")
    game.send("text", "one more<br>and another")
    client.page.get_by_role("button", name="2 new lines below").click()
    client.page.wait_for_function(at_end)
    client.page.locator("#below").wait_for(state="hidden")


def test_old_text_goes(client: Client, game: FakeGame):
    for number in range(60):
        game.send("text", "<br>".join(f"block {number} line {line}" for line in range(100)))
    client.sees("block 59 line 99")
    client.page.wait_for_function("document.querySelectorAll('#output .message').length <= 50")
    text = client.page.inner_text("#output")
    assert "block 9 line 0" not in text
    assert "block 11 line 0" in text


def test_a_lost_connection_comes_back_by_itself(client: Client, game: FakeGame):
    game.send("text", "before")
    client.sees("before")
    game.down = True
    game.close(1011)
    client.state("waiting")
    assert "Next try in" in client.page.inner_text("#status")
    client.type("lost?")
    assert client.page.input_value("#input") == "lost?", "a line that was not sent stays"
    assert "not sent" in client.page.inner_text("#status")
    game.down = False
    game.connected()
    client.state("connected")
    client.sees("You are connected again.")
    client.sees("before")
    game.next("client_options")
    client.page.press("#input", "Enter")
    assert game.line() == "lost?"


def test_a_good_bye_is_for_good_until_somebody_wants_to_come_back(client: Client, game: FakeGame):
    game.close(1000, "Good bye.")
    client.state("lost")
    assert "Good bye." in client.page.inner_text("#status")
    client.page.wait_for_timeout(1600)
    assert game.connections.empty()
    client.page.get_by_role("button", name="Connect").click()
    game.connected()
    client.state("connected")


def test_a_game_that_stops_may_come_back(client: Client, game: FakeGame):
    game.send("world", "reloading")
    client.page.locator("#status", has_text="what you type waits").wait_for()
    client.type("still here")
    assert game.line() == "still here"
    game.send("world", "serving")
    client.state("connected")
    game.send("world", "stopping")
    client.page.locator("#status", has_text="closing").wait_for()
    game.close(1000, "shutdown")
    game.connected()
    client.state("connected")


@pytest.mark.defect("V-5")
def test_every_connection_has_a_ticket_of_its_own(site: Any, chromium: Any):
    game = make_game("Anna")
    game.start()
    client = Client(chromium, game.address)
    try:
        assert game.connected() == "ticket-1"
        client.state("connected")
        game.down = True
        game.close(1011)
        client.state("waiting")
        game.down = False
        assert game.connected() == "ticket-2"
        assert client.script("document.cookie") == ""
        assert "ticket-" not in client.page.content()
    finally:
        client.context.close()
        game.stop()


def test_prompts_stand_before_the_line(client: Client, game: FakeGame):
    game.send("prompt", to_html("|gHP 10|n > "))
    client.page.locator("#prompt", has_text="HP 10 >").wait_for()
    client.type("look")
    client.page.locator("#prompt").wait_for(state="hidden")


def test_choices_are_kept(opened: Any, client: Client, game: FakeGame):
    game.next("client_options")
    client.page.click("#settings-button")
    client.page.check("#option-screenreader")
    assert game.next("client_options")[2]["screenreader"] is True
    client.page.uncheck("#option-echo")
    client.page.uncheck("#option-announce")
    client.page.locator("#font-size").fill("24")
    client.page.get_by_role("button", name="Close").click()
    client.type("unseen")
    game.line()
    assert "unseen" not in client.page.inner_text("#output")
    client.page.reload()
    game.connected()
    client.state("connected")
    assert client.script("getComputedStyle(document.getElementById('output')).fontSize") == "24px"
    assert client.page.get_attribute("#output", "aria-live") == "off"
    assert client.page.is_checked("#option-screenreader")


def test_scripts_of_a_game_hear_and_speak(client: Client, game: FakeGame):
    client.script("document.addEventListener('perdure:message', e => { document.heard = e.detail })")
    game.send("map", "N", zoom=2)
    client.page.wait_for_function("document.heard?.name === 'map'")
    assert client.script("document.heard") == {"name": "map", "args": ["N"], "kwargs": {"zoom": 2}}
    client.script("document.dispatchEvent(new CustomEvent('perdure:send', {detail: ['want_map', [1], {}]}))")
    assert game.next("want_map") == ["want_map", [1], {}]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1200, "height": 800}], ids=["phone", "desk"])
def test_it_fits_and_can_be_read(opened: Any, game: FakeGame, scheme: str, viewport: dict[str, int]):
    client = opened(game, viewport=viewport, color_scheme=scheme, has_touch=viewport is PHONE)
    game.send("text", to_html(f"|#ffff66pale|n |#222222dark|n |Xblack|n |wwhite|n |y|[Bon blue|n {'x' * 400}"))
    client.sees("pale")
    assert client.script("document.documentElement.scrollWidth <= innerWidth")
    assert client.script("document.documentElement.scrollHeight <= innerHeight")
    assert client.script(
        "document.getElementById('output').scrollWidth <= document.getElementById('output').clientWidth"
    )
    for name in ("input", "send", "settings-button"):
        box = client.page.locator(f"#{name}").bounding_box()
        assert box["height"] >= (44 if viewport is PHONE else 32)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= viewport["width"]
    spans = client.script(
        "[...document.querySelectorAll('#output span')].slice(0, 4).map(e => getComputedStyle(e).color)"
    )
    page = client.script("getComputedStyle(document.getElementById('output')).backgroundColor")
    assert all(contrast(colour, page) >= 4.4 for colour in spans), (spans, page)


def contrast(one: str, other: str) -> float:
    from perdure.web.ansi_css import contrast as of

    first, second = (tuple(int(part) for part in re.findall(r"\d+", colour)[:3]) for colour in (one, other))
    return of(first, second)  # type: ignore[arg-type]


def test_it_keeps_the_connection_alive(opened: Any, chromium: Any, game: FakeGame):
    client = Client(chromium, "about:blank#")
    client.page.clock.install()
    client.page.goto(f"{game.address}/webclient/")
    try:
        game.connected()
        client.state("connected")
        client.page.clock.run_for(31_000)
        assert game.next("text") == ["text", ["idle"], {}]
    finally:
        client.context.close()
