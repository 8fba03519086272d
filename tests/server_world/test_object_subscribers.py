"""Objects that listen to a channel hear it where they are played."""

from __future__ import annotations

from typing import Any

import pytest

from perdure.create import create_channel


@pytest.mark.defect("H-35")
def test_a_character_that_listens_hears_the_channel_on_its_sessions(world: Any) -> None:
    anna, bea = world.player("Anna"), world.player("Bea")
    news = create_channel("News")
    thing = world.create("radio")
    for who in (anna.character, thing):
        assert news.connect(who)
    before, of_bea = len(anna.output), len(bea.output)
    world.loop.submit(lambda: news.msg("hello", senders=bea.account))
    world.run()
    assert [text for text in anna.output[before:] if "hello" in text] == ["[News] Bea: hello"]
    assert bea.output[of_bea:] == []
    world.reload()
    before = len(anna.output)
    world.loop.submit(lambda: news.msg("again", senders=bea.account))
    world.run()
    assert any("again" in text for text in anna.output[before:])
