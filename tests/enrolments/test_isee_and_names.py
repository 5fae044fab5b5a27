"""From when an ISEE counts, how names sort, what a fiscal code says. No database."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrolments.rules import late_start, names
from enrolments.rules.isee import Grace, IseeNeverValid, first_of_next_month, months_later, validity

GRACE = Grace()


def d(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("filed", "begins", "ends"),
    [
        ("2026-01-05", "2026-01-01", "2026-12-31"),
        ("2026-02-20", "2026-01-01", "2026-12-31"),
        ("2026-02-28", "2026-01-01", "2026-12-31"),
        ("2026-03-01", "2026-04-01", "2026-12-31"),
        ("2026-03-10", "2026-04-01", "2026-12-31"),
        ("2026-10-31", "2026-11-01", "2026-12-31"),
        ("2026-11-30", "2026-12-01", "2026-12-31"),
        ("2028-02-29", "2028-03-01", "2028-12-31"),
    ],
)
def test_an_isee_ends_on_31_december_whatever_its_date(filed: str, begins: str, ends: str) -> None:
    assert validity(d(filed), current=False, grace=GRACE) == (d(begins), d(ends))


@pytest.mark.parametrize(
    ("filed", "begins", "ends"),
    [
        ("2026-02-20", "2026-03-01", "2026-08-19"),
        ("2026-05-31", "2026-06-01", "2026-11-29"),
        ("2026-09-15", "2026-10-01", "2026-12-31"),
    ],
)
def test_an_isee_corrente_lasts_six_months_at_most_and_never_past_december(
    filed: str, begins: str, ends: str
) -> None:
    assert validity(d(filed), current=True, grace=GRACE) == (d(begins), d(ends))


def test_an_isee_of_december_is_refused_with_the_remedy() -> None:
    with pytest.raises(IseeNeverValid, match="serve l'ISEE dell'anno nuovo"):
        validity(d("2026-12-03"), current=False, grace=GRACE)


def test_the_grace_follows_the_rule_of_the_town() -> None:
    assert validity(d("2026-03-10"), current=False, grace=Grace(3, 31))[0] == d("2026-01-01")
    assert Grace(2, 31).last_day(2027) == d("2027-02-28")


@given(st.dates(dt.date(2020, 1, 1), dt.date(2035, 11, 30)).filter(lambda day: day.month < 12), st.booleans())
def test_an_isee_never_counts_outside_its_year(filed: dt.date, current: bool) -> None:
    begins, ends = validity(filed, current=current, grace=GRACE)
    assert dt.date(filed.year, 1, 1) <= begins <= ends <= dt.date(filed.year, 12, 31)


def test_months() -> None:
    assert first_of_next_month(d("2026-12-31")) == d("2027-01-01")
    assert months_later(d("2026-08-31"), 6) == d("2027-02-28")


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("2026-08-20", "2026-09-01"),
        ("2026-11-02", "2026-11-10"),
        ("2026-12-04", "2026-12-15"),  # Saturday to Tuesday: weekend, and 8 December
    ],
)
def test_a_late_application_starts_after_five_working_days(asked: str, first: str) -> None:
    assert late_start.first_day(d(asked), d("2026-09-01"), 5) == d(first)


def test_surnames_sort_as_a_clerk_expects() -> None:
    people = [("D'Àvino", "Niccolò"), ("Davoli", "Anna"), ("De Tòmmaso", "Zoë"), ("Dauria", "Ugo")]
    ordered = sorted(people, key=lambda person: names.sort_key(*person))
    assert [last for last, _ in ordered] == ["Dauria", "D'Àvino", "Davoli", "De Tòmmaso"]


@pytest.mark.parametrize(
    ("typed", "known", "same", "maybe"),
    [
        (("ROSSI", "anna"), ("Rossi", "Anna"), True, True),
        (("D Avino", "Niccolo'"), ("D'Àvino", "Niccolò"), True, True),
        (("Rossii", "Anna"), ("Rossi", "Anna"), False, True),
        (("Ross", "Anna"), ("Rossi", "Anna"), False, True),
        (("Rossi", "Anna"), ("Rossi", "Anna Maria"), False, True),
        (("Rossi", "Carla"), ("Rossi", "Anna"), False, False),
        (("Anna", "Rossi"), ("Rossi", "Anna"), False, False),
        (("Rossi", "'"), ("Rossi", "Anna"), False, False),
    ],
)
def test_the_names_beside_a_fiscal_code_are_the_same_a_slip_or_somebody_elses(
    typed: names.Names, known: names.Names, same: bool, maybe: bool
) -> None:
    assert (names.same_person(typed, known), names.maybe_same_person(typed, known)) == (same, maybe)


def test_a_public_code_is_always_the_same_and_says_nothing() -> None:
    code = names.public_code("secret", "pupil", "RSSNNA85M41Z998J")
    assert code == names.public_code("secret", "pupil", "RSSNNA85M41Z998J")
    assert code != names.public_code("other", "pupil", "RSSNNA85M41Z998J")
    assert code != names.public_code("secret", "pupil", "RSSNNA85M41Z998J", attempt=1)
    assert set(code) <= set(names.CODE_ALPHABET)


@pytest.mark.parametrize(
    ("last", "first", "letters"),
    [
        ("Rossi", "Anna", "RSSNNA"),
        ("D'Àvino", "Niccolò", "DVNNCL"),
        ("Fo", "Ai", "FOXAIX"),
        ("Bianchi", "Gianfranco", "BNCGFR"),
        ("De Tòmmaso", "Zoë", "DTMZOE"),
    ],
)
def test_the_letters_of_a_fiscal_code(last: str, first: str, letters: str) -> None:
    assert names.surname_letters(last) + names.name_letters(first) == letters


@pytest.mark.parametrize(
    "code", ["", "RSSNNA85M41Z998K", "00743110157", "RSSNNA85M41Z998", "RSSNNA85M61Z998J", "ààà"]
)
def test_what_is_not_the_fiscal_code_of_a_person(code: str) -> None:
    assert not names.is_person_code(code)


def test_a_birth_date_of_a_child_is_in_this_century() -> None:
    assert names.born_on("BNCLCU18C10Z998N", child=True) == d("2018-03-10")
    assert names.born_on("RSSNNA85M41Z998J", child=False) == d("1985-08-01")
