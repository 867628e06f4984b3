"""What PostgreSQL is asked: the statements of this program with psycopg's placeholders."""

import pytest

from bot.storage.postgres.dialect import bind, translate
from bot.storage.postgres.search import pattern


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a = ? AND b = ?", "a = %s AND b = %s"),
        ("a = ?1 AND b = ?12 OR c = ?1", "a = %(p1)s AND b = %(p12)s OR c = %(p1)s"),
        ("a = :now OR b = :now_2", "a = %(now)s OR b = %(now_2)s"),
        ("(:a,:b)", "(%(a)s,%(b)s)"),
    ],
)
def test_placeholders_are_translated(sql: str, expected: str) -> None:
    """By position, by number and by name, also where one occurs several times."""
    assert translate(sql) == expected


@pytest.mark.parametrize(
    "text", ["'a ? :b ?1'", "'it''s ? ?'", "'IS ?'", '"a?b:c"', '"a""?"', "''"]
)
def test_text_in_quotes_stays_as_it_is(text: str) -> None:
    """Nothing in it is a placeholder, and what follows is translated again."""
    assert translate(f"SELECT {text}, ?") == f"SELECT {text}, %s"


def test_percent_signs_are_doubled() -> None:
    """In text and as an operator: psycopg takes a single one for a placeholder."""
    assert translate("a LIKE '401/%' AND b % 2 = ?") == "a LIKE '401/%%' AND b %% 2 = %s"


def test_comments_are_left_out() -> None:
    """What they say cannot be taken for text or a placeholder."""
    assert translate("SELECT 1 -- isn't it? 100 %\n, ?") == "SELECT 1 \n, %s"


def test_casts_stay_as_they_are() -> None:
    """Their colons begin no name."""
    assert translate("SELECT ?::xid8, a::text, :name::text") == (
        "SELECT %s::xid8, a::text, %(name)s::text"
    )


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a IS ?", "a IS NOT DISTINCT FROM %s"),
        ("a IS NOT ?3", "a IS DISTINCT FROM %(p3)s"),
        ("a IS NOT :a", "a IS DISTINCT FROM %(a)s"),
        ("a IS NOT 'x'", "a IS DISTINCT FROM 'x'"),
        ("a IS NOT b", "a IS DISTINCT FROM b"),
        *(
            (each, each)
            for each in (
                *("a IS NULL", "a IS NOT NULL", "a IS NOT  NULL", "a IS TRUE", "a IS NOT FALSE"),
                *("a IS DISTINCT FROM b", "a IS NOT DISTINCT FROM b", "THIS b", "IS_OPEN"),
            )
        ),
    ],
)
def test_is_compares_null_safely(sql: str, expected: str) -> None:
    """SQLite's ``IS`` takes any value, PostgreSQL's a few words only."""
    assert translate(sql) == expected


def test_numbered_values_are_bound_by_name() -> None:
    """A statement that numbers its placeholders takes the values by these numbers."""
    assert bind(translate("a = ?2 OR b = ?1"), [1, 2]) == {"p1": 1, "p2": 2}
    assert bind(translate("a = ?2"), [1, 2]) == {"p1": 1, "p2": 2}
    assert bind(translate("a = ?"), [1]) == [1]
    assert bind(translate("a = :a"), {"a": 1}) == {"a": 1}


def test_a_null_character_becomes_a_replacement_character() -> None:
    """PostgreSQL stores any other character."""
    assert bind("%s", ["a\0b\0", 1, b"\0", None]) == ["a\ufffdb\ufffd", 1, b"\0", None]
    assert bind("%(a)s", {"a": "\0"}) == {"a": "\ufffd"}
    assert bind("%(p1)s", ["\0"]) == {"p1": "\ufffd"}


def test_a_pattern_has_no_wildcards_of_its_word() -> None:
    """A word that is searched for stands for itself."""
    assert pattern("50%_\\") == "%50\\%\\_\\\\%"
