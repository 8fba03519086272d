"""docs/promises.md quotes both documents whole, and every promise in them has a test that there is."""

from __future__ import annotations

import hashlib

import pytest

from tests.promises import page

pytestmark = pytest.mark.sqlite

# Of the documents' text without any white space. With these, not a word can be missing from the page.
DIGESTS = {
    "The identity map": "318f137907beea04446915e6b39d23f3cf3a9406ef9033cfdb617a4073722cce",
    "Typeclasses": "979768ebcd4647809d7810adae5f7314cfeec75203df1d6414e50d900ea65b08",
}


@pytest.mark.parametrize("document", DIGESTS)
def test_every_sentence_is_quoted(document: str) -> None:
    text = "".join("".join(sentence.text.split()) for sentence in page.sections()[document])
    assert hashlib.sha256(text.encode()).hexdigest() == DIGESTS[document]


def test_every_sentence_promises_something_or_says_why_not() -> None:
    for document, sentences in page.sections().items():
        for sentence in sentences:
            assert sentence.promises or sentence.remark.startswith("*"), (document, sentence.text)


def test_the_promises_of_the_sentences_are_those_that_are_proved() -> None:
    promised = {name for sentences in page.sections().values() for one in sentences for name in one.promises}
    assert promised == set(page.proofs_named())


def test_each_promise_names_the_tests_that_carry_it() -> None:
    named = page.proofs_named()
    assert all(named.values())
    assert {name: sorted(tests) for name, tests in named.items()} == {
        name: sorted(set(tests)) for name, tests in page.marked_tests().items()
    }
