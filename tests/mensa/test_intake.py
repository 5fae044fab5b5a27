"""The page where the office loads the applications: look first, then write, families and wallets together."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from enrolments.models import Application, ApplicationBatch, Household, Pupil
from enrolments.rules.columns import COLUMNS
from identity.models import User
from mensa import intake
from tests import cast
from wallets.models import Wallet

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
PAGE = "/ufficio/domande/"
GIULIA = {
    "protocol": "2026/1",
    "child_code": "GLLGLI19A41Z998G",
    "child_last": "Gialli",
    "child_first": "Giulia",
    "born": "01/01/2019",
    "school": "BADEMO02",
    "grade": "2",
    "section": "A",
    "applicant_code": cast.CARLA.fiscal_code,
    "applicant_last": "Verdi",
    "applicant_first": "Carla",
    "email": "carla@posta.example",
    "resident": "sì",
}


def sheet(*rows: dict[str, str], name: str = "domande.csv") -> SimpleUploadedFile:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow([column.title for column in COLUMNS])
    writer.writerows([[row.get(column.key, "") for column in COLUMNS] for row in rows])
    return SimpleUploadedFile(name, text.getvalue().encode())


@pytest.fixture
def office(client_of: ClientOf, enzo: User) -> Client:
    return client_of(enzo)


@pytest.fixture
def upload(office: Client, town: cast.Town) -> Callable[..., Any]:
    def send(file: SimpleUploadedFile, **options: Any) -> Any:
        return office.post(PAGE, {"year": town.year.pk, "file": file}, **options)

    return send


@pytest.fixture
def new_family() -> dict[str, str]:
    """A child and a parent that the portal does not know."""
    return GIULIA | {
        "applicant_code": "MRRMRC85C10Z998O",
        "applicant_last": "Marrone",
        "applicant_first": "Marco",
    }


def test_checking_a_list_writes_nothing_but_the_report(upload: Callable[..., Any]) -> None:
    before = Pupil.objects.count(), Household.objects.count(), Wallet.objects.count()
    page = upload(sheet(GIULIA), follow=True).content.decode()
    assert "Applica 1 riga" in page
    assert (Pupil.objects.count(), Household.objects.count(), Wallet.objects.count()) == before
    assert not Application.objects.exists()


def test_an_error_says_row_column_and_remedy(upload: Callable[..., Any]) -> None:
    page = upload(sheet(GIULIA, GIULIA | {"child_code": "GLLGLI19A41Z998H", "section": "Q"}), follow=True)
    text = page.content.decode()
    assert "<td>3</td><td>Codice fiscale alunno</td>" in text
    assert "Righe escluse per errori</span><strong>1</strong>" in text


def test_applying_gives_each_family_its_wallet_there_and_then(
    upload: Callable[..., Any], office: Client, new_family: dict[str, str]
) -> None:
    upload(sheet(new_family))
    batch = ApplicationBatch.objects.get()
    page = office.post(reverse("mensa:intake_apply", args=[batch.pk]), follow=True).content.decode()
    home = Household.objects.get(applicant__fiscal_code=new_family["applicant_code"])
    assert Wallet.objects.get(household=home).balance == 0
    assert "una famiglia, un borsellino aperto adesso" in page
    assert "1 domanda nuova di 1 famiglia" in page


def test_the_same_file_again_says_so_and_changes_nothing(
    upload: Callable[..., Any], office: Client, new_family: dict[str, str]
) -> None:
    for _ in range(2):
        upload(sheet(new_family))
        batch = ApplicationBatch.objects.latest("pk")
        page = office.post(reverse("mensa:intake_apply", args=[batch.pk]), follow=True).content.decode()
    assert "Questo stesso file è già stato applicato" in page
    assert "i borsellini c&#x27;erano già" in page
    assert Pupil.objects.filter(fiscal_code=new_family["child_code"]).count() == 1
    assert Wallet.objects.filter(household__applicant__fiscal_code=new_family["applicant_code"]).count() == 1


def test_pressing_apply_twice_applies_once(upload: Callable[..., Any], office: Client) -> None:
    upload(sheet(GIULIA))
    address = reverse("mensa:intake_apply", args=[ApplicationBatch.objects.get().pk])
    office.post(address)
    office.post(address)
    assert Application.objects.count() == 1


def test_families_and_wallets_are_written_together_or_not_at_all(
    town: cast.Town, new_family: dict[str, str]
) -> None:
    """``now`` without a time zone is refused by the ledger after the families have been written."""
    batch = intake.check(
        file=sheet(new_family).read(), name="a.csv", year=town.year, by=town.enzo, now=cast.SUMMER
    )
    with pytest.raises((ValueError, RuntimeWarning)):
        intake.apply(batch=batch, by=town.enzo, now=cast.SUMMER.replace(tzinfo=None))
    assert not Household.objects.filter(applicant__fiscal_code=new_family["applicant_code"]).exists()
    batch.refresh_from_db()
    assert batch.state == ApplicationBatch.State.CHECKED


def test_the_rows_left_out_can_be_downloaded_mended_and_loaded_again(
    upload: Callable[..., Any], office: Client
) -> None:
    upload(sheet(GIULIA | {"section": "Q"}))
    batch = ApplicationBatch.objects.get()
    file = office.get(reverse("mensa:intake_excluded", args=[batch.pk]))
    assert "attachment" in file.headers["Content-Disposition"]
    mended = file.content.decode("utf-8-sig").replace(";Q;", ";A;")
    page = upload(SimpleUploadedFile("corrette.csv", mended.encode()), follow=True).content.decode()
    assert "Applica 1 riga" in page


def test_a_discarded_list_cannot_be_applied(upload: Callable[..., Any], office: Client) -> None:
    upload(sheet(GIULIA))
    batch = ApplicationBatch.objects.get()
    office.post(reverse("mensa:intake_discard", args=[batch.pk]))
    page = office.post(reverse("mensa:intake_apply", args=[batch.pk]), follow=True).content.decode()
    assert "è stato scartato" in page
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (SimpleUploadedFile("domande.pdf", b"%PDF-1.4"), "deve essere CSV o XLSX"),
        (SimpleUploadedFile("domande.csv", b""), "è vuoto"),
        (SimpleUploadedFile("domande.xlsx", b"non sono un foglio"), "non corrisponde al nome"),
    ],
)
def test_a_file_that_is_no_list_is_refused_beside_its_field(
    upload: Callable[..., Any], file: SimpleUploadedFile, sentence: str
) -> None:
    page = upload(file)
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert not ApplicationBatch.objects.exists()


def test_only_the_office_loads_lists_and_the_auditor_looks(
    upload: Callable[..., Any], client_of: ClientOf, town: cast.Town
) -> None:
    upload(sheet(GIULIA))
    address = reverse("mensa:intake_batch", args=[ApplicationBatch.objects.get().pk])
    auditor = client_of(town.auditor)
    assert auditor.get(address).status_code == 200
    assert auditor.post(f"{address}applica/").status_code == 403
    assert [client_of(user).get(PAGE).status_code for user in (town.anna, town.dora, town.gino)] == [403] * 3


def test_a_page_that_does_not_exist_is_404(office: Client) -> None:
    assert office.get(reverse("mensa:intake_batch", args=[999])).status_code == 404
