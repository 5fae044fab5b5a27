"""The regional calendar from a file: the dry run writes nothing, the good rows are applied once."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from attendance import regional
from attendance.models import CalendarImport, CanteenPeriod, Closure
from attendance.rules import calendar_rows
from enrolments.models import SchoolYear
from identity.models import User
from mensa import clock
from tests.cast import Town, at

Browser = Callable[[User], Client]
NOW = at("2026-09-07 09:00")
GOOD = """voce;dal;al;descrizione;per;atto
chiusura;23/12/2026;06/01/2027;vacanze di Natale;;D.G.R. 1
chiusura;02/11/2026;;ponte dei Morti;primaria;D.G.R. 1
mensa;05/10/2026;09/06/2027;mensa;BADEMO01;
"""
BAD = """Tipo;Inizio;Fine;Motivo;Scuole
chiusura;31/02/2027;;carnevale;
festa;01/03/2027;02/03/2027;carnevale;
chiusura;02/03/2027;01/03/2027;carnevale;
chiusura;01/03/2028;;carnevale;
chiusura;01/03/2027;;carnevale;liceo
chiusura;01/03/2027;;;
"""


def text(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def check(town: Town, content: str, name: str = "calendario.csv") -> CalendarImport:
    return regional.check(data=content.encode(), name=name, year=town.year, by=town.enzo, now=NOW)


class TestTheRows:
    def read(self, content: str) -> Any:
        return calendar_rows.read(
            [(number, line.split(";")) for number, line in enumerate(content.splitlines(), 1)]
        )

    def test_each_problem_has_its_row_and_column_and_says_what_to_do(self) -> None:
        lines, problems = self.read(BAD)
        assert [(one.row, one.column) for one in problems] == [
            (2, "dal"),
            (3, "voce"),
            (4, "al"),
            (7, "descrizione"),
        ]
        assert problems[0].sentence == "Non è una data: scrivila come 23/12/2026."
        assert [line.row for line in lines] == [5, 6]

    def test_a_missing_column_is_named(self) -> None:
        _, problems = self.read("voce;dal;descrizione\n")
        assert [(one.row, one.column) for one in problems] == [(1, "al")]

    def test_an_empty_file_has_no_rows(self) -> None:
        assert self.read("")[1][0].sentence.startswith("Il file non ha righe")


@pytest.mark.django_db
class TestTheFile:
    @pytest.fixture(autouse=True)
    def _september(self) -> None:
        clock.move_to(NOW)

    def test_the_dry_run_writes_nothing_and_applying_twice_writes_once(self, town: Town) -> None:
        calendar = check(town, GOOD)
        report = regional.report(calendar=calendar)
        assert (len(report.new), report.problems) == (3, [])
        assert not Closure.objects.exists()
        assert not CanteenPeriod.objects.exists()
        assert regional.apply(calendar=calendar, by=town.enzo, now=NOW) == 3
        assert regional.apply(calendar=calendar, by=town.enzo, now=NOW) == 0
        christmas, ponte = Closure.objects.order_by("-first_day")
        assert (christmas.school, christmas.act) == (None, "D.G.R. 1: vacanze di Natale")
        assert (ponte.school, ponte.first_day) == (town.primaria, ponte.last_day)
        assert CanteenPeriod.objects.get().school == town.infanzia
        calendar.refresh_from_db()
        assert calendar.written == 3

    def test_the_same_file_is_the_same_row_and_other_files_find_what_is_there(self, town: Town) -> None:
        calendar = check(town, GOOD)
        assert check(town, GOOD, "di-nuovo.csv") == calendar
        regional.apply(calendar=calendar, by=town.enzo, now=NOW)
        other = check(town, GOOD + "chiusura;04/03/2027;;ponte;;\n")
        assert [item.line.row for item in regional.report(calendar=other).new] == [5]

    def test_the_rows_with_problems_stay_out_and_the_others_go_in(self, town: Town) -> None:
        calendar = check(town, GOOD + BAD.split("\n", 1)[1])
        report = regional.report(calendar=calendar)
        assert len(report.new) == 3
        sentences = " ".join(one.sentence for one in report.problems)
        assert "È fuori dall'anno 2026/27" in sentences
        assert "Nessun plesso" in sentences
        assert regional.apply(calendar=calendar, by=town.enzo, now=NOW) == 3

    def test_another_season_of_the_same_school_is_not_overwritten(self, town: Town) -> None:
        CanteenPeriod.objects.create(
            school=town.infanzia,
            year=town.year,
            valid_from=dt.date(2026, 10, 1),
            valid_to=dt.date(2027, 6, 30),
        )
        report = regional.report(calendar=check(town, GOOD))
        assert [(one.row, one.column) for one in report.problems] == [(4, "dal")]
        assert "ha già la mensa dal 01/10/2026 al 30/06/2027" in report.problems[0].sentence
        assert len(report.new) == 2

    def test_a_closure_revoked_is_not_there_any_more(self, town: Town) -> None:
        calendar = check(town, GOOD)
        regional.apply(calendar=calendar, by=town.enzo, now=NOW)
        Closure.objects.update(revoked_at=NOW, revoked_by=town.enzo)
        assert len(regional.report(calendar=calendar).new) == 2

    def test_a_closed_year_is_left_alone(self, town: Town) -> None:
        calendar = check(town, GOOD)
        SchoolYear.objects.update(state="closed")
        with pytest.raises(regional.CalendarRefused, match="chiuso"):
            regional.apply(calendar=calendar, by=town.enzo, now=NOW)

    def test_the_office_uploads_reads_and_applies(self, town: Town, client_of: Browser) -> None:
        enzo, url = client_of(town.enzo), reverse("attendance:calendar_imports")
        file = SimpleUploadedFile("regione.csv", (GOOD + "chiusura;ieri;;x;;\n").encode(), "text/csv")
        page = enzo.post(url, {"year": town.year.pk, "file": file}, follow=True)
        assert "Voci nel file: 3 , di cui da scrivere: 3" in text(page)
        assert "5 dal ieri Non è una data" in text(page)
        calendar = CalendarImport.objects.get()
        for _ in range(2):
            done = enzo.post(reverse("attendance:calendar_import", args=[calendar.pk]), follow=True)
        assert "Era già tutto scritto." in text(done)
        assert "regione.csv" in text(enzo.get(url))
        example = enzo.get(reverse("attendance:calendar_example")).content
        lines, problems = calendar_rows.read(
            [(n, row.split(";")) for n, row in enumerate(example.decode("utf-8-sig").splitlines(), 1)]
        )
        assert (len(lines), problems) == (3, [])

    @pytest.mark.parametrize("content", ["voce;dal;al;descrizione\n", "giorno;nome\n1/1/2027;festa\n"])
    def test_a_file_without_any_entry_says_what_was_expected_and_offers_nothing_to_apply(
        self, town: Town, client_of: Browser, content: str
    ) -> None:
        calendar = check(town, content)
        page = client_of(town.enzo).get(reverse("attendance:calendar_import", args=[calendar.pk]))
        said = text(page)
        assert "non c'è niente da applicare" in said
        assert content.split(";")[0] in said.split("Nella prima riga del file c")[1][:30]
        assert "già nel calendario" not in said
        assert "Applica" not in said

    @pytest.mark.parametrize(("content", "name"), [(b"", "a.csv"), (b"PK\x03\x04", "a.csv"), (b"x", "a.pdf")])
    def test_what_is_no_list_is_refused_beside_its_field(
        self, town: Town, client_of: Browser, content: bytes, name: str
    ) -> None:
        page = client_of(town.enzo).post(
            reverse("attendance:calendar_imports"),
            {"year": town.year.pk, "file": SimpleUploadedFile(name, content)},
        )
        assert page.status_code == 422
        assert not CalendarImport.objects.exists()

    def test_only_the_office_comes_in(self, town: Town, client_of: Browser) -> None:
        calendar = check(town, GOOD)
        urls = [
            reverse("attendance:calendar_imports"),
            reverse("attendance:calendar_example"),
            reverse("attendance:calendar_import", args=[calendar.pk]),
            reverse("attendance:calendar_draft"),
        ]
        for url in urls:
            assert client_of(town.enzo).get(url).status_code == 200
            for who in (town.dora, town.anna, town.franca, town.gino, town.auditor):
                assert client_of(who).get(url).status_code == 403
