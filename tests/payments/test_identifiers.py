"""Notice numbers, QR code and Data Matrix against published vectors."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.rules import amounts, codes, identifiers
from payments.rules.shares import meals_of_share
from payments.rules.wording import notice_subject, remittance


@pytest.mark.parametrize(
    ("segregation", "sequence", "nav"),
    [
        ("01", 42, "301000000000004285"),
        ("01", 1, "301000000000000144"),
    ],
)
def test_a_number_is_composed_as_the_specification_says(segregation: str, sequence: int, nav: str) -> None:
    assert identifiers.compose(segregation=segregation, system="00", sequence=sequence) == nav


def test_every_published_number_is_taken_apart(reference: Path) -> None:
    vectors = json.loads((reference / "vectors.json").read_text("utf-8"))
    for vector in vectors["iuv_nav"]:
        number = identifiers.parse(vector["nav"])
        assert (number.aux, number.iuv, number.check_digits) == (
            vector["aux"],
            vector["iuv"],
            vector["check"],
        )
        assert number.check_digits_hold
    for vector in vectors["iuv_nav_negative"]:
        assert identifiers.is_well_formed(vector["nav"]) is False, vector["why"]


def test_every_published_qr_code_is_written_the_same(reference: Path) -> None:
    for vector in json.loads((reference / "vectors.json").read_text("utf-8"))["qr"]:
        _, _, nav, fiscal_code, cents = vector["text"].split("|")
        amount = amounts.from_cents(int(cents))
        assert codes.qr_text(nav=nav, fiscal_code=fiscal_code, amount=amount) == vector["text"]


def test_every_published_data_matrix_is_written_the_same_but_for_capitals(reference: Path) -> None:
    for vector in json.loads((reference / "vectors.json").read_text("utf-8"))["datamatrix"]:
        text = vector["text"]
        slip = codes.Slip(
            nav=text[15:33],
            postal_account=text[35:47],
            amount=amounts.from_cents(int(text[49:59])),
            body_fiscal_code=text[66:77],
            debtor_fiscal_code=text[77:93],
            debtor_name="Mario Rossi",
            subject="Avviso Pagamento di TEST",
        )
        assert codes.data_matrix_text(slip).upper() == text.upper()


@given(st.integers(min_value=1, max_value=identifiers.LARGEST_SEQUENCE), st.integers(0, 45))
def test_every_number_we_make_can_be_read_back(sequence: int, segregation: int) -> None:
    nav = identifiers.compose(segregation=f"{segregation:02d}", system="00", sequence=sequence)
    number = identifiers.parse(nav)
    assert number.check_digits_hold
    assert number.segregation == f"{segregation:02d}"
    assert int(number.iuv[4:15]) == sequence


@pytest.mark.parametrize(
    "text", ["", "30100000000000428", "3010000000000004285", "4" * 18, "3" + "x" * 17, "³" * 18]
)
def test_what_is_no_number_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(identifiers.WrongNoticeNumber, match=r"cifre|comincia"):
        identifiers.parse(text)


def test_the_data_matrix_survives_accents_and_long_names() -> None:
    slip = codes.Slip(
        "3" * 18, "123456", Decimal("4.35"), "99999000013", "RSSNNA85M41Z998J", "Àèìòù " * 20, "ß" * 200
    )
    assert len(codes.data_matrix_text(slip)) == 256
    assert codes.data_matrix_text(slip).isascii()


@given(st.decimals(min_value="0.01", max_value="999999999.99", places=2))
def test_euro_become_cents_and_come_back(amount: Decimal) -> None:
    assert amounts.from_cents(amounts.to_cents(amount)) == amount
    assert amounts.from_wire(amounts.wire(amount)) == amount


def test_a_fraction_of_a_cent_is_refused_not_rounded() -> None:
    with pytest.raises(amounts.WrongAmount):
        amounts.to_cents(Decimal("4.355"))


@pytest.mark.parametrize("text", ["", "-1.00", "1,00", "1e3", "NaN", "1.000", "١"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(amounts.WrongAmount):
        amounts.from_wire(text)


def test_the_reference_of_the_transfer_is_cut_at_140() -> None:
    text = remittance(iuv="01000000000004285", amount=Decimal("102.00"), subject="x" * 200)
    assert text.startswith("/RFB/01000000000004285/102.00/TXT/x")
    assert len(text) == 140


def test_the_subject_names_nobody() -> None:
    assert notice_subject(pupil_code="AB12CD34", meals=30, year="2026/27") == (
        "Mensa scolastica 2026/27, 30 pasti, alunno AB12CD34"
    )


def test_one_meal_is_one() -> None:
    assert ", 1 pasto, " in notice_subject(pupil_code="AB12CD34", meals=1, year="2026/27")


@pytest.mark.parametrize(
    ("name", "printed"),
    [("Đorđe Łukasz", "DORDE LUKASZ"), ("Œuvre Weiß", "OEUVRE WEISS"), ("D’Àvino", "D'AVINO")],
)
def test_the_slip_s_capitals_keep_every_letter(name: str, printed: str) -> None:
    assert codes.plain_capitals(name) == printed


@pytest.mark.parametrize(("weekdays", "meals"), [(5, 30), (3, 18), (2, 12), (1, 6), (0, 0)])
def test_separated_parents_share_the_meals_as_they_share_the_week(weekdays: int, meals: int) -> None:
    assert meals_of_share(meals=30, weekdays=weekdays) == meals
