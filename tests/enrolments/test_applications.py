"""The list of applications: the shipped one comes out as written beside it, a second time nothing changes."""

import json
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from enrolments import applications, enrolling, families, pricing, sheets
from enrolments.models import (
    Application,
    ApplicationBatch,
    ClassGroup,
    Diet,
    Enrolment,
    Exemption,
    Guardian,
    Household,
    IseeDeclaration,
    Level,
    Price,
    Pupil,
    SchoolYear,
)
from enrolments.rules.columns import COLUMNS
from enrolments.sample import files, people
from identity.models import Role, User
from tests import cast
from tests.cast import at

EXAMPLES = Path(settings.BASE_DIR) / "docs" / "esempi"
NOW = cast.SUMMER
LEVELS = {"BADEMO01": Level.INFANZIA, "BADEMO02": Level.PRIMARIA, "BADEMO03": Level.PRIMARIA}
ALL_TABLES = (
    Application,
    Diet,
    Enrolment,
    Exemption,
    Guardian,
    Household,
    IseeDeclaration,
    Price,
    Pupil,
)
PRICES = ("1.00", "1.80", "2.60", "3.40", "4.20", "5.00")
OFF = (Decimal(1), Decimal("0.85"), Decimal("0.70"), Decimal("0.70"))


@pytest.fixture
def office(db: None) -> User:
    return cast.staff("enzo", Role.OFFICE)


@pytest.fixture
def year(office: User) -> SchoolYear:
    """2026/27 with the classes of the demo town, empty."""
    year = cast.school_year()
    for code, classes in people.SCHOOLS.items():
        school = cast.school(code, f"Scuola {code}", LEVELS[code])
        for grade, section in classes:
            ClassGroup.objects.create(school=school, year=year, grade=grade, section=section)
    cast.adopt_fares(by=office)
    return year


def check(year: SchoolYear, office: User, name: str) -> ApplicationBatch:
    with (EXAMPLES / name).open("rb") as file:
        return applications.check(file=file, name=name, year=year, by=office, now=NOW)


def load(year: SchoolYear, office: User, name: str) -> ApplicationBatch:
    batch = check(year, office, name)
    applications.apply(batch=batch, by=office, now=NOW)
    return batch


def short(problems: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((one["row"], one["column"], one["value"], one["problem"]) for one in problems)


def everything() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values_list()) for model in ALL_TABLES]


@pytest.mark.parametrize("name", ["domande-2026-27.csv", "domande-2026-27.xlsx"])
def test_the_shipped_list_comes_out_as_written_beside_it(name: str, year: SchoolYear, office: User) -> None:
    expected = json.loads((EXAMPLES / "domande-2026-27-attese.json").read_text("utf-8"))
    started = time.monotonic()
    batch = check(year, office, name)
    assert time.monotonic() - started < 10, "about half a second on a quiet machine"
    assert batch.report["rows"] == expected["rows"]
    assert short(batch.report["errors"]) == short(expected["errors"])
    assert short(batch.report["warnings"]) == short(expected["warnings"])
    assert batch.report["taken"] == batch.report["new"] == expected["taken"]
    assert not Pupil.objects.exists(), "a dry run writes nothing"
    households = applications.apply(batch=batch, by=office, now=NOW)
    assert len(households) == Household.objects.count() == expected["households"]
    assert Pupil.objects.count() == Application.objects.count() == expected["taken"]
    assert classes() == expected["classes"]


def classes() -> dict[str, int]:
    rows = Enrolment.objects.values_list(
        "class_group__school__code", "class_group__grade", "class_group__section"
    )
    return dict(Counter(f"{code} {grade}{section}" for code, grade, section in rows))


def test_the_same_list_twice_changes_nothing_and_says_so(year: SchoolYear, office: User) -> None:
    load(year, office, "domande-2026-27.csv")
    before = everything()
    for name in ("domande-2026-27.csv", "domande-2026-27.xlsx"):
        again = check(year, office, name)
        assert (again.report["new"], again.report["changed"]) == (0, 0), again.report["differences"]
        assert again.report["unchanged"] == again.report["taken"]
        assert bool(again.report["applied_before"]) == name.endswith(".csv")
        applications.apply(batch=again, by=office, now=NOW)
        assert everything() == before


def test_a_batch_applied_twice_changes_nothing(year: SchoolYear, office: User) -> None:
    batch = load(year, office, "domande-2026-27.csv")
    before = everything()
    assert len(applications.apply(batch=batch, by=office, now=NOW)) == Household.objects.count()
    assert everything() == before


def test_the_mended_rows_complete_the_town(year: SchoolYear, office: User) -> None:
    load(year, office, "domande-2026-27.csv")
    expected = json.loads((EXAMPLES / "domande-2026-27-attese.json").read_text("utf-8"))
    mended = load(year, office, "domande-2026-27-corrette.csv")
    assert mended.report["errors"] == []
    assert Pupil.objects.count() == expected["with_the_mended_rows"]["pupils"] == 600
    assert Household.objects.count() == expected["with_the_mended_rows"]["households"] == 430


def test_every_child_of_the_sample_pays_what_a_clerk_would_compute(year: SchoolYear, office: User) -> None:
    """Computed again from the invented families, by hand, not by the rule."""
    load(year, office, "domande-2026-27.csv")
    load(year, office, "domande-2026-27-corrette.csv")
    day = at("2026-11-24 08:00").date()
    stored = dict(Price.objects.on(day).values_list("pupil__fiscal_code", "amount"))
    assert stored == _by_hand()
    assert pricing.verify() == []


def _by_hand() -> dict[str, Decimal]:
    found = {}
    for family in people.families():
        bounds = (5000, 10000, 15000, 20000, 30000)
        band = 5
        if family.isee is not None and family.resident and not family.omissions:
            band = sum(family.isee > bound for bound in bounds)
        eldest_first = sorted(family.children, key=lambda one: (one.born, one.code))
        for rank, child in enumerate(eldest_first):
            exempt = bool(child.exemption)
            found[child.code] = Decimal("0.00") if exempt else Decimal(PRICES[band]) * OFF[rank]
    return found


def test_the_rows_left_out_are_a_file_that_can_be_mended_and_loaded(year: SchoolYear, office: User) -> None:
    batch = load(year, office, "domande-2026-27.csv")
    data = applications.excluded_csv(batch)
    rows = sheets.read(data, "escluse.csv", what="l'elenco")
    assert len(rows) == 1 + len(batch.report["excluded"])
    cells = [cell for _, row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "-", "+"))]
    again = applications.check(file=data, name="escluse.csv", year=year, by=office, now=NOW)
    assert again.report["ignored_columns"] == []
    assert {one["problem"] for one in again.report["errors"]} >= {"formula", "fiscal_code", "date", "class"}


def test_the_shipped_files_are_those_that_the_command_writes(tmp_path: Path) -> None:
    for path in files.write(tmp_path):
        if path.suffix != ".xlsx":
            assert path.read_bytes() == (EXAMPLES / path.name).read_bytes()


def test_nobody_in_the_sample_can_exist() -> None:
    """The place of birth in the fiscal codes was never given to a town or a country."""
    born_in = {child.code[11:15] for family in people.families() for child in family.children}
    assert born_in <= {f"Z{number}" for number in range(990, 1000)}


# -- small lists -----------------------------------------------------------------------------------------------

TOMMASO = {
    "child_code": "NRETMS18H20Z998V",
    "child_last": "Neri",
    "child_first": "Tommaso",
    "born": "20/06/2018",
    "school": "BADEMO02",
    "grade": "3",
    "section": "A",
    "applicant_code": "VRDCRL80B42Z998B",
    "applicant_last": "Verdi",
    "applicant_first": "Carla",
    "email": "carla@posta.example",
}


def csv_of(*rows: dict[str, str], delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    keys = [column for column in COLUMNS if any(column.key in row for row in rows)]
    lines = [delimiter.join(column.title for column in keys)]
    lines += [delimiter.join(row.get(column.key, "") for column in keys) for row in rows]
    return "\r\n".join(lines).encode(encoding)


def check_rows(year: SchoolYear, office: User, *rows: dict[str, str], **how: Any) -> ApplicationBatch:
    now = how.pop("now", NOW)
    return applications.check(file=csv_of(*rows, **how), name="elenco.csv", year=year, by=office, now=now)


def problems(batch: ApplicationBatch) -> set[tuple[str, str]]:
    return {(one["column"], one["problem"]) for one in batch.report["errors"]}


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_any_usual_separator_and_encoding_is_read(
    delimiter: str, encoding: str, year: SchoolYear, office: User
) -> None:
    row = TOMMASO | {"child_first": "Niccolò", "child_code": "NRENCL18H20Z998" + "A"}
    row["child_code"] = people.fiscal_code(
        "Niccolò", "Neri", at("2018-06-20 00:00").date(), female=False, place="Z998"
    )
    batch = check_rows(year, office, row, delimiter=delimiter, encoding=encoding)
    assert batch.report["errors"] == []
    assert batch.rows[0]["values"]["child_first"] == "Niccolò"


@pytest.mark.parametrize(
    ("changes", "column", "problem"),
    [
        ({"child_code": ""}, "Codice fiscale alunno", "missing"),
        ({"child_code": "00743110157"}, "Codice fiscale alunno", "fiscal_code"),
        ({"child_code": "VRDCRL80B42Z998B"}, "Codice fiscale alunno", "same_person"),
        ({"child_last": "x" * 61}, "Cognome alunno", "too_long"),
        ({"child_last": "Ne\x07ri"}, "Cognome alunno", "characters"),
        ({"child_last": "N\N{REPLACEMENT CHARACTER}ri"}, "Cognome alunno", "characters"),
        ({"child_last": "#RIF!"}, "Cognome alunno", "formula"),
        ({"child_last": "+Neri"}, "Cognome alunno", "formula"),
        ({"child_last": "'=1+1"}, "Cognome alunno", "formula"),
        ({"born": "20/06/18"}, "Data di nascita", "date"),
        ({"born": "20/06/1988"}, "Data di nascita", "age"),
        ({"born": "20/06/2031"}, "Data di nascita", "age"),
        ({"grade": "6"}, "Anno di corso", "grade"),
        ({"grade": "3A"}, "Anno di corso", "grade"),
        ({"email": "carla@posta"}, "E-mail richiedente", "email"),
        ({"email": "carla@posta.example\u202e"}, "", ""),
        ({"phone": "=cmd|' /C calc'!A0"}, "Telefono richiedente", "formula"),
        ({"phone": "chiamare dopo le 18"}, "Telefono richiedente", "phone"),
        ({"phone": "+39 080 1234567"}, "", ""),
        ({"isee": "-5,00", "isee_date": "01/02/2026"}, "Valore ISEE", "euro"),
        ({"isee": "1.234.5", "isee_date": "01/02/2026"}, "Valore ISEE", "euro"),
        ({"isee": "1,234", "isee_date": "01/02/2026"}, "Valore ISEE", "euro"),
        ({"isee": "99999999999", "isee_date": "01/02/2026"}, "Valore ISEE", "euro"),
        ({"isee": "100"}, "Data ISEE", "missing"),
        ({"isee": "100", "isee_date": "01/12/2026"}, "Data ISEE", "isee_date"),
        ({"isee": "0", "isee_date": "01/02/2026"}, "", ""),
        ({"exemption": "povero"}, "Esenzione", "exemption"),
        ({"exemption": "104"}, "Atto esenzione", "missing"),
        ({"exemption": "no"}, "", ""),
        ({"diet": "intollerante al lattosio"}, "Codice dieta", "diet"),
        ({"diet": "celiaco!"}, "Codice dieta", "diet"),
        ({"resident": "forse"}, "Residente", "yes_no"),
        ({"other_code": "VRDCRL80B42Z998B", "other_last": "V", "other_first": "C"}, "Codice fiscale altro genitore", "same_person"),
        ({"other_last": "Neri"}, "Codice fiscale altro genitore", "missing"),
        ({"first_day": "01/08/2026"}, "Primo giorno", "first_day"),
        ({"school": "BAEE00000X"}, "Codice plesso", "school"),
        ({"section": "C"}, "Sezione", "class"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named_with_its_remedy(
    changes: dict[str, str], column: str, problem: str, year: SchoolYear, office: User
) -> None:
    batch = check_rows(year, office, TOMMASO | changes)
    assert problems(batch) == ({(column, problem)} if column else set())
    for error in batch.report["errors"]:
        assert error["row"] == 2
        assert error["sentence"].endswith(".")
        assert error["value"] in csv_of(TOMMASO | changes).decode()


def test_the_same_child_from_both_parents_is_a_decision_for_the_office(
    year: SchoolYear, office: User
) -> None:
    other = TOMMASO | {
        "applicant_code": "BNCBRN82A01Z998G",
        "applicant_last": "Bianchi",
        "applicant_first": "Bruno",
    }
    batch = check_rows(year, office, TOMMASO, other)
    assert problems(batch) == {("Codice fiscale alunno", "contradiction")}
    applications.apply(batch=batch, by=office, now=NOW)
    later = check_rows(year, office, other)
    assert problems(later) == {("Codice fiscale alunno", "other_family")}


def test_two_isee_of_one_family_are_an_error_on_the_second(year: SchoolYear, office: User) -> None:
    row = TOMMASO | {"isee": "100", "isee_date": "01/02/2026"}
    code = people.fiscal_code("Ada", "Neri", at("2019-06-20 00:00").date(), female=True, place="Z998")
    sister = row | {"child_code": code, "child_first": "Ada", "born": "20/06/2019", "isee": "200"}
    assert problems(check_rows(year, office, row, sister)) == {("Valore ISEE", "isee_conflict")}


def test_a_newer_list_updates_contacts_and_isee_but_not_the_class(year: SchoolYear, office: User) -> None:
    applications.apply(batch=check_rows(year, office, TOMMASO), by=office, now=NOW)
    newer = TOMMASO | {
        "email": "carla.nuova@posta.example",
        "phone": "080 1234567",
        "section": "B",
        "isee": "4000",
        "isee_date": "10/02/2026",
    }
    batch = check_rows(year, office, newer)
    assert (batch.report["new"], batch.report["changed"]) == (0, 1)
    told = {(one["column"], one["applied"]) for one in batch.report["differences"]}
    assert told == {
        ("E-mail richiedente", True),
        ("Telefono richiedente", True),
        ("Valore ISEE", True),
        ("Sezione", False),
    }
    applications.apply(batch=batch, by=office, now=NOW)
    assert Application.objects.get().email == "carla.nuova@posta.example"
    assert Guardian.objects.get().phone == "080 1234567"
    assert Enrolment.objects.get().class_group.section == "A"
    assert Price.objects.on(at("2026-11-24 08:00").date()).get().amount == Decimal("1.00")
    before = everything()
    applications.apply(batch=check_rows(year, office, newer), by=office, now=NOW)
    assert everything() == before


def test_a_corrected_isee_is_not_undone_by_the_old_list(year: SchoolYear, office: User) -> None:
    from enrolments import entitlements

    row = TOMMASO | {"isee": "4000", "isee_date": "10/02/2026"}
    applications.apply(batch=check_rows(year, office, row), by=office, now=NOW)
    entitlements.correct_isee(
        declaration=IseeDeclaration.objects.get(), value=Decimal(40000), by=office, now=NOW
    )
    applications.apply(batch=check_rows(year, office, row), by=office, now=NOW)
    assert IseeDeclaration.objects.get().value == Decimal("40000.00")


def test_a_withdrawn_child_is_not_enrolled_again_by_the_old_list(year: SchoolYear, office: User) -> None:
    applications.apply(batch=check_rows(year, office, TOMMASO), by=office, now=NOW)
    last_day = at("2026-10-31 08:00").date()
    enrolling.withdraw(pupil=Pupil.objects.get(), last_day=last_day, by=office, now=NOW)
    applications.apply(batch=check_rows(year, office, TOMMASO), by=office, now=NOW)
    assert Enrolment.objects.get().valid_to == last_day


def test_a_late_application_starts_after_five_working_days(year: SchoolYear, office: User) -> None:
    late = at("2026-11-02 09:00")
    batch = check_rows(year, office, TOMMASO, now=late)
    applications.apply(batch=batch, by=office, now=late)
    assert Enrolment.objects.get().valid_from == at("2026-11-10 00:00").date()


def test_the_stored_spelling_of_a_guardian_stays_and_is_told(year: SchoolYear, office: User) -> None:
    families.register_family(applicant=cast.CARLA, children=[], by=office, now=NOW)
    batch = check_rows(year, office, TOMMASO | {"applicant_last": "VERDI"})
    assert ("Cognome richiedente", "spelling") in {
        (one["column"], one["problem"]) for one in batch.report["warnings"]
    }
    applications.apply(batch=batch, by=office, now=NOW)
    assert Guardian.objects.get().last_name == "Verdi"


def test_a_fiscal_code_with_another_persons_name_is_an_error_that_tells_nobodys_name(
    year: SchoolYear, office: User
) -> None:
    families.register_family(applicant=cast.CARLA, children=[], by=office, now=NOW)
    other = TOMMASO | {"applicant_last": "Bianchi", "applicant_first": "Bruno"}
    batch = check_rows(year, office, other)
    assert problems(batch) == {("Codice fiscale richiedente", "other_person")}
    assert "Verdi" not in batch.report["errors"][0]["sentence"]
    impostor = replace(cast.CARLA, last_name="Bianchi", first_name="Bruno")
    with pytest.raises(families.FamilyRefused, match="un altro nome"):
        families.register_family(applicant=impostor, children=[], by=office, now=NOW)


def test_two_names_for_one_fiscal_code_in_a_list_leave_the_second_row_out(
    year: SchoolYear, office: User
) -> None:
    code = people.fiscal_code("Ada", "Neri", at("2019-06-20 00:00").date(), female=True, place="Z998")
    second = TOMMASO | {"child_code": code, "child_first": "Ada", "born": "20/06/2019"}
    batch = check_rows(year, office, TOMMASO, second | {"applicant_first": "Bruno"})
    assert (problems(batch), batch.report["taken"]) == ({("Codice fiscale richiedente", "other_person")}, 1)


def test_the_contacts_a_list_changes_are_told_the_other_parents_too(year: SchoolYear, office: User) -> None:
    families.register_family(applicant=cast.CARLA, others=[cast.BRUNO], children=[], by=office, now=NOW)
    row = TOMMASO | {
        "email": "carla.nuova@posta.example",
        "other_code": cast.BRUNO.fiscal_code,
        "other_last": "Bianchi",
        "other_first": "Bruno",
        "other_email": "bruno.nuovo@posta.example",
    }
    batch = check_rows(year, office, row)
    told = {(one["column"], one["stored"], one["applied"]) for one in batch.report["differences"]}
    assert told == {
        ("E-mail richiedente", cast.CARLA.email, True),
        ("E-mail altro genitore", cast.BRUNO.email, True),
    }
    applications.apply(batch=batch, by=office, now=NOW)
    assert Guardian.objects.get(fiscal_code=cast.BRUNO.fiscal_code).email == "bruno.nuovo@posta.example"
    assert not check_rows(year, office, row).report["differences"]


def test_what_changed_between_check_and_apply_writes_nothing(year: SchoolYear, office: User) -> None:
    batch = check_rows(year, office, TOMMASO)
    ClassGroup.objects.filter(school__code="BADEMO02", grade=3, section="A").delete()
    with pytest.raises(applications.ApplicationsRefused, match="Niente è stato scritto"):
        applications.apply(batch=batch, by=office, now=NOW)
    assert not Pupil.objects.exists()


def test_a_discarded_list_is_not_applied(year: SchoolYear, office: User) -> None:
    batch = check_rows(year, office, TOMMASO)
    applications.discard(batch=batch, by=office, now=NOW)
    with pytest.raises(applications.ApplicationsRefused, match="scartato"):
        applications.apply(batch=batch, by=office, now=NOW)


def test_an_applied_list_is_not_discarded(year: SchoolYear, office: User) -> None:
    batch = check_rows(year, office, TOMMASO)
    applications.apply(batch=batch, by=office, now=NOW)
    with pytest.raises(applications.ApplicationsRefused, match="già stato applicato"):
        applications.discard(batch=batch, by=office, now=NOW)


def test_a_closed_year_takes_no_applications(year: SchoolYear, office: User) -> None:
    year.state = SchoolYear.State.CLOSED
    with pytest.raises(applications.ApplicationsRefused, match="è chiuso"):
        check_rows(year, office, TOMMASO)


def test_a_non_resident_and_exempt_child_with_a_diet_is_all_there(year: SchoolYear, office: User) -> None:
    row = TOMMASO | {
        "resident": "no",
        "exemption": "Servizi sociali",
        "exemption_act": "det. 5",
        "diet": "d-glu",
    }
    applications.apply(batch=check_rows(year, office, row), by=office, now=NOW)
    assert Exemption.objects.get().valid_to == year.valid_to
    assert Diet.objects.get().code == "D-GLU"
    assert Price.objects.on(at("2026-11-24 08:00").date()).get().amount == Decimal("0.00")


@pytest.mark.django_db(transaction=True)
def test_two_offices_applying_the_same_list_at_once_register_each_family_once() -> None:
    import threading

    from django.db import connection

    office = cast.staff("enzo", Role.OFFICE)
    year = cast.school_year()
    school = cast.school("BADEMO02", "Scuola", Level.PRIMARIA)
    ClassGroup.objects.create(school=school, year=year, grade=3, section="A")
    batches = [check_rows(year, office, TOMMASO) for _ in range(2)]
    errors: list[Exception] = []

    def work(batch: ApplicationBatch) -> None:
        try:
            applications.apply(batch=batch, by=office, now=NOW)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (Household.objects.count(), Pupil.objects.count(), Enrolment.objects.count()) == (1, 1, 1)


def test_the_report_on_the_page_names_row_column_value_and_remedy(year: SchoolYear, office: User) -> None:
    from django.template.loader import render_to_string

    report = check(year, office, "domande-2026-27.csv").report
    page = render_to_string("enrolments/_import_report.html", {"report": report, "rows": True})
    for one in report["errors"]:
        assert one["column"] in page
    assert "=2+5" in page
    assert "<script" not in page
