"""The container of scripts without a host."""

from __future__ import annotations

import pytest

from perdure.create import create_account, create_object, create_script
from perdure.errors import ConfigurationError
from perdure.scripts.global_scripts import GLOBAL_SCRIPTS
from perdure.scripts.models import ScriptDB
from perdure.scripts.scripts import DefaultScript, Store
from perdure.scripts.state_machine import TimerState
from tests.scripts.things import Counting

pytestmark = pytest.mark.django_db

WEATHER = {"typeclass": "tests.scripts.things.Counting", "interval": 10, "start_delay": True, "desc": "rain"}


def test_one_of_the_setting_is_made_when_it_is_asked_for(settings):
    settings.GLOBAL_SCRIPTS = {"weather": WEATHER, "plain": None}
    weather = GLOBAL_SCRIPTS.weather
    assert type(weather) is Counting
    assert (weather.key, weather.interval, weather.desc, weather.persistent) == ("weather", 10, "rain", True)
    assert GLOBAL_SCRIPTS.get("weather") is weather
    assert type(GLOBAL_SCRIPTS.plain) is DefaultScript
    assert ScriptDB.objects.count() == 2


def test_a_changed_setting_is_followed_and_the_data_kept(settings):
    settings.GLOBAL_SCRIPTS = {"weather": WEATHER}
    weather = GLOBAL_SCRIPTS.weather
    weather.db.rainfall = 12
    settings.GLOBAL_SCRIPTS = {"weather": {**WEATHER, "interval": 3, "desc": "snow"}}
    assert GLOBAL_SCRIPTS.weather is weather
    assert (weather.interval, weather.desc, weather.db.rainfall) == (3, "snow", 12)
    assert weather.time_until_next_repeat() == 3
    settings.GLOBAL_SCRIPTS = {"weather": {**WEATHER, "typeclass": Store.path}}
    assert GLOBAL_SCRIPTS.weather is weather
    assert type(weather) is Store
    assert weather.db.rainfall == 12


def test_others_are_found_by_key(settings):
    settings.GLOBAL_SCRIPTS = {}
    script = create_script(Store, key="Vault")
    create_script(Store, key="boxed", obj=create_object(key="box"))
    create_script(Store, key="held", account=create_account("Anna", "", None))
    assert GLOBAL_SCRIPTS.vault is script
    assert GLOBAL_SCRIPTS.boxed is None
    assert GLOBAL_SCRIPTS.held is None
    assert GLOBAL_SCRIPTS.nothing is None
    assert GLOBAL_SCRIPTS.get("nothing", "default") == "default"
    assert GLOBAL_SCRIPTS.all() == [script]


def test_start_makes_all_and_leaves_paused_ones_alone(settings):
    settings.GLOBAL_SCRIPTS = {"weather": WEATHER, "other": {**WEATHER, "desc": "other"}}
    GLOBAL_SCRIPTS.weather.pause()
    GLOBAL_SCRIPTS.start()
    assert GLOBAL_SCRIPTS.weather.timer is TimerState.PAUSED
    assert GLOBAL_SCRIPTS.other.timer is TimerState.RUNNING
    assert [script.key for script in GLOBAL_SCRIPTS.all()] == ["other", "weather"]


def test_a_class_that_is_not_there_is_logged_and_replaced(settings, caplog):
    settings.GLOBAL_SCRIPTS = {"broken": {"typeclass": "no.such.Thing"}}
    assert type(GLOBAL_SCRIPTS.broken) is DefaultScript
    assert "no.such.Thing" in caplog.text


def test_a_setting_that_makes_no_sense_is_a_configuration_error(settings):
    settings.GLOBAL_SCRIPTS = {"broken": {"obj": 5}}
    with pytest.raises(ConfigurationError, match=r"GLOBAL_SCRIPTS\['broken'\]"):
        GLOBAL_SCRIPTS.get("anything")
