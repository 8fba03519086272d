"""How an object finds others: by what its player types.

Contract: `find` answers a `SearchResult`; `search` is the same in the documented form, an object (or None, and the
player is told) or with `quiet` a list. Each step of the way is a method that a class may override. What the player may
not see takes no part: numbers count only what is visible, in the order in which it is listed.

Blank text finds nothing. An object finds itself, if it is among the candidates; a number is an id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from perdure.conf import conf
from perdure.errors import InvalidArgument
from perdure.idmapper.wrappers import dbref_number
from perdure.locks import check_perm
from perdure.objects import matching
from perdure.objects.managers import as_list
from perdure.objects.models import ObjectDB

__all__ = ["SearchResult", "Searching", "at_search_result", "multimatch_listing"]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    Args:
        query: what was searched for.
        matches: the objects found, in the order in which they are listed.
        looker: who searched.
        stacked: whether `matches` are things of one kind that were asked for together.
    """

    query: Any
    matches: Sequence[Any] = field(default=())
    looker: Any = None
    stacked: bool = False

    def all(self) -> list[Any]:
        """The objects found."""
        return list(self.matches)

    def one(self) -> Any:
        """The object found, or None if there is none or more than one."""
        return self.matches[0] if len(self.matches) == 1 else None

    @property
    def error(self) -> str:
        """Why there is not one object, in words for the player; empty if there is."""
        if len(self.matches) == 1 or (self.stacked and self.matches):
            return ""
        if not self.matches:
            return f"Could not find '{self.query}'."
        return f"More than one match for '{self.query}' (please narrow target):\n" + multimatch_listing(
            self.matches, self.looker
        )

    def __bool__(self) -> bool:
        return bool(self.matches)

    def __len__(self) -> int:
        return len(self.matches)


def multimatch_listing(matches: Iterable[Any], looker: Any) -> str:
    """One line for each match, numbered among those of its name (`SEARCH_MULTIMATCH_TEMPLATE`)."""
    counts: dict[str, int] = {}
    lines = []
    for match in matches:
        namer = getattr(match, "get_display_name", None)
        name = str(namer(looker)) if namer is not None else str(getattr(match, "key", match))
        counts[name.lower()] = counts.get(name.lower(), 0) + 1
        aliases = _shown_aliases(match)
        info = getattr(match, "get_extra_info", None)
        lines.append(
            conf.SEARCH_MULTIMATCH_TEMPLATE.format(
                number=counts[name.lower()],
                name=name,
                aliases=f" [{';'.join(aliases)}]" if aliases else "",
                info=str(info(looker)) if info is not None else "",
            )
        )
    return "".join(lines)


def _shown_aliases(match: Any) -> list[str]:
    handler = getattr(match, "aliases", None)
    if handler is None:
        return []
    if not hasattr(handler, "all"):
        return [str(alias) for alias in handler]
    hidden = getattr(match, "plural_category", "plural_key")
    return [key for key, category in handler.all(return_key_and_category=True) if category != hidden]


def at_search_result(matches: Any, caller: Any, query: str = "", quiet: bool = False, **kwargs: Any) -> Any:
    """What the setting SEARCH_AT_RESULT names: turns the matches into one object, or tells the caller why not.

    Args:
        matches: what was found.
        caller: who searched, and is told.
        query: what was searched for.
        quiet: tell nobody.
        kwargs: `nofound_string` and `multimatch_string` replace the first line that is told.

    Returns the one match, or None.
    """
    found = list(matches or ())
    if len(found) == 1:
        return found[0]
    if quiet:
        return None
    result = SearchResult(query, found, caller)
    custom = kwargs.get("multimatch_string" if found else "nofound_string")
    if not custom:
        caller.msg(result.error.rstrip())
    elif found:
        caller.msg(f"{custom}\n{multimatch_listing(found, caller)}".rstrip())
    else:
        caller.msg(str(custom))
    return None


# To a type checker the whole is there already; what runs is a plain class to mix in.
if TYPE_CHECKING:
    Whole = ObjectDB
else:
    Whole = object


class Searching(Whole):
    """How an object finds others; part of `DefaultObject`."""

    def search(  # type: ignore[override]
        self: Any,
        searchdata: Any,
        global_search: bool = False,
        use_nicks: bool = True,
        typeclass: Any = None,
        location: Any = None,
        attribute_name: str | None = None,
        quiet: bool = False,
        exact: bool = False,
        candidates: Any = None,
        use_locks: bool = True,
        nofound_string: str | None = None,
        multimatch_string: str | None = None,
        use_dbref: bool | None = None,
        tags: Any = None,
        stacked: int = 0,
        exact_class: bool = False,
    ) -> Any:
        """Find an object, as the player of this one would name it.

        Args:
            searchdata: a text; or an object or an id, which finds that.
            global_search: look in the whole world, not only here.
            use_nicks: replace nicks (categories object and account) first.
            typeclass: a class or path (shortened too), or several; those derived from them count as well.
            location: look in this place (or these) instead of here.
            attribute_name: compare this field or attribute instead of the names.
            quiet: give a list and tell the player nothing.
            exact: whole names only.
            candidates: look only among these.
            use_locks: leave out what this object does not pass the lock `search` of.
            nofound_string: what the player is told when there is nothing.
            multimatch_string: what the player is told when there is too much.
            use_dbref: understand `#5`; by default only for builders.
            tags: one tag or a list of `(key, category)`, all of which must be there.
            stacked: give up to so many, in a list, if they are all of one name.
            exact_class: classes derived from `typeclass` do not count.

        Returns the object, or None after telling the player why; a list with `quiet`, or when `stacked` things were
        found.
        """
        given = locals()
        arguments = {name: given[name] for name in _ARGUMENTS}
        return self._search(searchdata, arguments, legacy=True)

    def find(self: Any, searchdata: Any, **kwargs: Any) -> SearchResult:
        """The same as `search`, as a result with `.one()`, `.all()` and `.error`; tells the player nothing."""
        unknown = set(kwargs) - _ARGUMENTS.keys()
        if unknown:
            raise InvalidArgument(f"find() takes {', '.join(_ARGUMENTS)}, not {', '.join(sorted(unknown))}")
        return self._search(searchdata, {**_ARGUMENTS, **kwargs}, legacy=False)  # type: ignore[no-any-return]

    def _search(self: Any, searchdata: Any, arguments: dict[str, Any], legacy: bool) -> Any:
        if isinstance(searchdata, str):
            searchdata = self.get_search_query_replacement(searchdata, **arguments)
        candidates = self.get_search_candidates(searchdata, **arguments)
        others = {name: value for name, value in arguments.items() if name != "candidates"}
        done, direct = self.get_search_direct_match(searchdata, candidates=candidates, **others)
        if done:
            if not legacy:
                return SearchResult(searchdata, [] if direct is None else [direct], self)
            return [direct] if arguments["quiet"] else direct
        matches = self._visible_matches(searchdata, candidates, others)
        found_stack, matches = self.get_stacked_results(matches, searchdata=searchdata, candidates=candidates, **others)
        if not legacy:
            return SearchResult(searchdata, matches, self, stacked=found_stack)
        if found_stack:
            return list(matches)
        return self.handle_search_results(searchdata, matches, candidates=candidates, **others)

    def _visible_matches(self: Any, searchdata: Any, candidates: Any, arguments: dict[str, Any]) -> list[Any]:
        """What is found and may be seen; a number in the text counts among those."""
        if isinstance(searchdata, str) and not searchdata.strip():
            return []
        is_dbref = _looks_like_dbref(searchdata)
        wanted = dict(arguments)
        if wanted["use_dbref"] is None:
            wanted["use_dbref"] = not isinstance(searchdata, str) or check_perm(self, "Builder")
        # A `#5` that may not be used as an id is the name of something somewhere.
        exact = wanted["exact"] or wanted["global_search"] or is_dbref or bool(wanted["attribute_name"])
        if candidates is not None and wanted["use_locks"]:
            candidates = [obj for obj in candidates if obj.access(self, "search", default=True)]
        ladder = [True] if exact else [True, False]

        def look(text: Any, exactly: bool) -> list[Any]:
            found = self.get_search_result(text, candidates=candidates, **{**wanted, "exact": exactly})
            if candidates is not None or not wanted["use_locks"]:
                return list(found)
            return [obj for obj in found if obj.access(self, "search", default=True)]

        for exactly in ladder:
            if found := look(searchdata, exactly):
                return found
            for name, number in matching.ordinals_in(searchdata) if isinstance(searchdata, str) else ():
                numbered = self._numbered(name, look(name, exactly))
                if 1 <= number <= len(numbered):
                    return [numbered[number - 1]]
        return []

    def _numbered(self: Any, name: str, found: list[Any]) -> list[Any]:
        """Matches in the order that a number counts: those that are listed under the name itself first."""
        return sorted(found, key=lambda obj: str(obj.get_display_name(self)).lower() != name.lower())

    # --- the steps

    def get_search_query_replacement(self: Any, searchdata: str, **kwargs: Any) -> str:
        """The text to search for: the text typed, with nicks replaced. Arguments are those of `search`."""
        if not kwargs.get("use_nicks"):
            return searchdata
        return str(self.nicks.nickreplace(searchdata, categories=("object", "account"), include_account=True))

    def get_search_candidates(self: Any, searchdata: Any, **kwargs: Any) -> list[Any] | None:
        """The objects to look among; None for the whole world. Arguments are those of `search`."""
        if kwargs.get("global_search") or _looks_like_dbref(searchdata):
            return None
        if kwargs.get("candidates") is not None:
            return [found for found in as_list(kwargs["candidates"]) if found is not None]
        if kwargs.get("location") is not None:
            return [member for place in as_list(kwargs["location"]) for member in place.contents]
        here = self.location
        if here is None:
            return [*self.contents, self]
        return [*self.contents, here, *here.contents]

    def get_search_direct_match(self: Any, searchdata: Any, **kwargs: Any) -> tuple[bool, Any]:
        """Whether the words mean something by themselves ("me", "self", "here"), and what. Arguments of `search`."""
        if not isinstance(searchdata, str):
            return False, searchdata
        candidates = kwargs.get("candidates")
        word = searchdata.strip().lower()
        meant = self if word in ("me", "self") else self.location if word == "here" else None
        if meant is None:
            return False, searchdata
        among = candidates is None or any(candidate is meant for candidate in candidates)
        return (True, meant) if among else (False, searchdata)

    def get_search_result(
        self: Any,
        searchdata: Any,
        attribute_name: str | None = None,
        typeclass: Any = None,
        candidates: Any = None,
        exact: bool = False,
        use_dbref: bool | None = None,
        tags: Any = None,
        **kwargs: Any,
    ) -> Iterable[Any]:
        """The objects that the text names, before locks. Arguments are those of `search`."""
        found: Iterable[Any] = ObjectDB.objects.search_object(
            searchdata,
            attribute_name=attribute_name,
            typeclass=typeclass,
            candidates=candidates,
            exact=exact,
            use_dbref=bool(use_dbref),
            tags=tags,
            exact_class=kwargs.get("exact_class", False),
            ordinals=False,
        )
        return found

    def get_stacked_results(self: Any, results: Iterable[Any], **kwargs: Any) -> tuple[bool, list[Any]]:
        """Whether several matches are a stack that was asked for, and then as many as asked. Arguments of `search`."""
        found = list(results)
        limit = kwargs.get("stacked") or 0
        if limit <= 0 or len(found) < 2:
            return False, found
        name = found[0].key.lower()
        if not all(matching.matches(obj, name) for obj in found):
            return False, found
        return True, found[:limit]

    def handle_search_results(self: Any, searchdata: Any, results: Iterable[Any], **kwargs: Any) -> Any:
        """What `search` returns for these matches. Arguments are those of `search`."""
        found = list(results)
        if kwargs.get("quiet"):
            return found
        handler = import_string(conf.SEARCH_AT_RESULT)
        return handler(
            found,
            self,
            query=searchdata,
            nofound_string=kwargs.get("nofound_string"),
            multimatch_string=kwargs.get("multimatch_string"),
        )

    def search_account(self: Any, searchdata: Any, quiet: bool = False) -> Any:
        """Find an account by name; "me" and "self" are this object's own.

        Returns the account, or None after telling the player why; a list with `quiet`.
        """
        account = self.account
        if isinstance(searchdata, str) and searchdata.strip().lower() in ("me", "self"):
            if quiet:
                return [] if account is None else [account]
            return account
        model: Any = ObjectDB._meta.get_field("db_account").remote_field.model
        if isinstance(searchdata, model):
            found = [searchdata]
        elif isinstance(searchdata, str) and not searchdata.strip():
            found = []
        else:
            found = list(model.objects.search_account(searchdata))
        if quiet:
            return found
        return import_string(conf.SEARCH_AT_RESULT)(found, self, query=searchdata)


_ARGUMENTS: dict[str, Any] = {
    "global_search": False,
    "use_nicks": True,
    "typeclass": None,
    "location": None,
    "attribute_name": None,
    "quiet": False,
    "exact": False,
    "candidates": None,
    "use_locks": True,
    "nofound_string": None,
    "multimatch_string": None,
    "use_dbref": None,
    "tags": None,
    "stacked": 0,
    "exact_class": False,
}


def _looks_like_dbref(searchdata: Any) -> bool:
    """Whether this is an id: a number, or text such as `#5`."""
    if isinstance(searchdata, str):
        return searchdata.strip().startswith("#") and dbref_number(searchdata) is not None
    return dbref_number(searchdata) is not None
