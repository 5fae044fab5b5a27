"""The digest leaves the house: a copy in the auditors' mailboxes is what an owner of the database cannot rewrite."""

from django.conf import settings
from django.core.mail import EmailMessage

from identity.models import Role, User
from wallets.models import DailyDigest

SUBJECT = "Mensa scolastica: impronta dei movimenti del {day:%d/%m/%Y}"
TEXT = """Impronta dei movimenti del {day:%d/%m/%Y}, {town}

Movimenti: {movements}
Totale: {total} euro
Impronta: {digest}
Impronta del giorno prima: {previous}

Conserva questo messaggio: confrontando le impronte si vede se il passato è stato cambiato.
"""


def send(row: DailyDigest) -> int:
    """To the auditors who have an address; returns how many copies went out."""
    auditors = User.objects.filter(role=Role.AUDITOR, is_active=True).exclude(email="")
    text = TEXT.format(
        day=row.day,
        town=settings.TOWN_NAME,
        movements=row.movements,
        total=f"{row.total:.2f}".replace(".", ","),
        digest=row.digest,
        previous=row.previous or "nessuna",
    )
    copies = [
        EmailMessage(subject=SUBJECT.format(day=row.day), body=text, to=[auditor.email])
        for auditor in auditors
    ]
    return sum(copy.send() for copy in copies)
