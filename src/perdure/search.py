"""The functions that search for entities, each a shorthand for a method of a manager.

Contract: they answer querysets of live instances. Blank text finds nothing. Short names (`objects`, `object_search` and
so on) mean the same.
"""

from __future__ import annotations

from typing import Any

from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB, Msg
from perdure.objects.models import ObjectDB
from perdure.scripts.models import ScriptDB
from perdure.typeclasses.creation import NOT_GIVEN

# --- objects


def search_object(
    searchdata: Any,
    attribute_name: str | None = None,
    typeclass: Any = None,
    candidates: Any = None,
    exact: bool = True,
    use_dbref: bool = True,
    tags: Any = None,
    exact_class: bool = False,
) -> Any:
    """Objects by name or alias, id, or attribute, ordered by id.

    Args:
        searchdata: a text, an id (`5`, `"#5"`), or an object, which finds itself.
        attribute_name: compare this field or attribute instead of the names.
        typeclass: a class or path (shortened too), or several; those derived from them count as well.
        candidates: look only among these.
        exact: whole names; else also the beginnings of words, and plurals.
        use_dbref: understand `#5` as an id (with `exact`).
        tags: one tag or a list of `(key, category)`; objects must carry all of them.
        exact_class: classes derived from `typeclass` do not count.

    Raises `TypeclassNotFound` for a class that there is not.
    """
    return ObjectDB.objects.search_object(
        searchdata,
        attribute_name=attribute_name,
        typeclass=typeclass,
        candidates=candidates,
        exact=exact,
        use_dbref=use_dbref,
        tags=tags,
        exact_class=exact_class,
    )


search_objects = object_search = objects = search_object


def search_object_attribute(
    key: str | None = None,
    category: str | None = None,
    value: Any = NOT_GIVEN,
    strvalue: Any = None,
    attrtype: str | None = None,
    **kwargs: Any,
) -> Any:
    """Objects that have such an attribute. A value counts when it is given: `0`, `False` and None can be searched."""
    criteria = {**({} if value is NOT_GIVEN else {"value": value}), **kwargs}
    return ObjectDB.objects.get_by_attribute(
        key=key, category=category, strvalue=strvalue, attrtype=attrtype, **criteria
    )


def search_attribute_object(
    key: str | None = None,
    category: str | None = None,
    value: Any = NOT_GIVEN,
    strvalue: Any = None,
    obj: Any = None,
    attrtype: str | None = None,
    **kwargs: Any,
) -> Any:
    """The attributes themselves, as rows, of objects."""
    criteria = {**({} if value is NOT_GIVEN else {"value": value}), **kwargs}
    return ObjectDB.objects.get_attribute(
        key=key, category=category, strvalue=strvalue, obj=obj, attrtype=attrtype, **criteria
    )


def search_object_by_tag(key: Any = None, category: Any = None, tagtype: str | None = None, **kwargs: Any) -> Any:
    """Objects that carry such tags; see `get_by_tag` of the managers."""
    return ObjectDB.objects.get_by_tag(key=key, category=category, tagtype=tagtype, **kwargs)


search_tag = search_object_by_tag


def search_tag_object(
    key: Any = None,
    category: Any = None,
    obj: Any = None,
    tagtype: str | None = None,
    global_search: bool = False,
) -> Any:
    """The tags themselves that objects carry."""
    return ObjectDB.objects.get_tag(key=key, category=category, obj=obj, tagtype=tagtype, global_search=global_search)


def search_objects_by_typeclass(typeclass: Any, include_children: bool = False, include_parents: bool = False) -> Any:
    """Objects of a class or path (shortened too); exactly that one, unless children or parents are included."""
    return ObjectDB.objects.typeclass_search(
        typeclass, include_children=include_children, include_parents=include_parents
    )


search_typeclass = search_objects_by_typeclass


# --- accounts


def search_account(ostring: Any, exact: bool = True, typeclass: Any = None) -> Any:
    """Accounts by dbref or id, else by name, else by alias, ordered by id.

    Args:
        ostring: a text, an id (`5`, `"#5"`), or an account, which finds itself; a leading `*` is ignored.
        exact: whole names; else also parts of them.
        typeclass: a class or path (shortened too); those derived from it count as well.
    """
    return AccountDB.objects.search_account(ostring, exact=exact, typeclass=typeclass)


search_accounts = account_search = accounts = search_account


# --- scripts


def search_script(ostring: Any, obj: Any = None, only_timed: bool = False, typeclass: Any = None) -> Any:
    """Scripts by dbref or id, else by key, ordered by id.

    Args:
        ostring: a text, an id (`5`, `"#5"`), or a script, which finds itself.
        obj: only scripts of this object or account.
        only_timed: only scripts with an interval.
        typeclass: a class or path (shortened too); those derived from it count as well.
    """
    return ScriptDB.objects.search_script(ostring, obj=obj, only_timed=only_timed, typeclass=typeclass)


search_scripts = script_search = scripts = search_script


# --- channels and messages


def search_channel(ostring: Any, exact: bool = True) -> Any:
    """Channels by dbref or id, else by name or alias, ordered by id.

    Args:
        ostring: a text, an id (`5`, `"#5"`), or a channel, which finds itself.
        exact: whole names; else also parts of them.
    """
    return ChannelDB.objects.search_channel(ostring, exact=exact)


search_channels = channel_search = channels = search_channel


def search_message(sender: Any = None, receiver: Any = None, freetext: str | None = None, dbref: Any = None) -> Any:
    """Stored messages that fit everything given, newest first; all of them if nothing is given.

    Args:
        sender, receiver: account, object, script, or the text of an external one. What is hidden from them is left out.
        freetext: part of the header or the text, in any case.
        dbref: id or dbref of one message.
    """
    return Msg.objects.search_message(sender=sender, receiver=receiver, freetext=freetext, dbref=dbref)


search_messages = message_search = messages = search_message


# --- attributes and tags of the other kinds


def _by_attribute(model: Any, key: Any, category: Any, value: Any, strvalue: Any, attrtype: Any, extra: Any) -> Any:
    criteria = {**({} if value is NOT_GIVEN else {"value": value}), **extra}
    return model.objects.get_by_attribute(key=key, category=category, strvalue=strvalue, attrtype=attrtype, **criteria)


def search_account_attribute(
    key: str | None = None,
    category: str | None = None,
    value: Any = NOT_GIVEN,
    strvalue: Any = None,
    attrtype: str | None = None,
    **kwargs: Any,
) -> Any:
    """Accounts that have such an attribute; see `search_object_attribute`."""
    return _by_attribute(AccountDB, key, category, value, strvalue, attrtype, kwargs)


def search_script_attribute(
    key: str | None = None,
    category: str | None = None,
    value: Any = NOT_GIVEN,
    strvalue: Any = None,
    attrtype: str | None = None,
    **kwargs: Any,
) -> Any:
    """Scripts that have such an attribute; see `search_object_attribute`."""
    return _by_attribute(ScriptDB, key, category, value, strvalue, attrtype, kwargs)


def search_channel_attribute(
    key: str | None = None,
    category: str | None = None,
    value: Any = NOT_GIVEN,
    strvalue: Any = None,
    attrtype: str | None = None,
    **kwargs: Any,
) -> Any:
    """Channels that have such an attribute; see `search_object_attribute`."""
    return _by_attribute(ChannelDB, key, category, value, strvalue, attrtype, kwargs)


def search_account_tag(key: Any = None, category: Any = None, tagtype: str | None = None, **kwargs: Any) -> Any:
    """Accounts that carry such tags; see `get_by_tag` of the managers."""
    return AccountDB.objects.get_by_tag(key=key, category=category, tagtype=tagtype, **kwargs)


def search_script_tag(key: Any = None, category: Any = None, tagtype: str | None = None, **kwargs: Any) -> Any:
    """Scripts that carry such tags; see `get_by_tag` of the managers."""
    return ScriptDB.objects.get_by_tag(key=key, category=category, tagtype=tagtype, **kwargs)


def search_channel_tag(key: Any = None, category: Any = None, tagtype: str | None = None, **kwargs: Any) -> Any:
    """Channels that carry such tags; see `get_by_tag` of the managers."""
    return ChannelDB.objects.get_by_tag(key=key, category=category, tagtype=tagtype, **kwargs)
