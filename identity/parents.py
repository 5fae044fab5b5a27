"""A parent is whoever a SPID or CIE provider says holds this fiscal code."""

import secrets
from datetime import datetime

from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.db import transaction

from identity.models import EidasPerson, Role, User
from identity.spid.verdict import Person


@transaction.atomic
def link(login: SocialLogin) -> None:
    """Point the login at the one user of its fiscal code, making user and link when they are new.

    The names follow the provider at every login: they are the registry's, ours may be older.
    Never by e-mail, never by NameID: the first is not an identity, the second changes every time.
    """
    asserted = login.user
    user, _ = User.objects.get_or_create(
        fiscal_code=login.account.uid,
        defaults={"username": f"genitore-{secrets.token_hex(6)}", "role": Role.PARENT, "password": "!"},
    )
    user.first_name, user.last_name = asserted.first_name, asserted.last_name
    user.save(update_fields=["first_name", "last_name"])
    account, _ = SocialAccount.objects.get_or_create(
        provider=login.account.provider, uid=login.account.uid, defaults={"user": user}
    )
    login.account, login.user = account, user


def known_european(*, person: Person, now: datetime) -> EidasPerson:
    """The row of an identity without a fiscal code, for the office to link; written at the first login."""
    row, _ = EidasPerson.objects.get_or_create(
        spid_code=person.attributes["spidCode"],
        defaults={
            "first_name": person.name[:150],
            "last_name": person.family_name[:150],
            "birth_date": person.attributes.get("dateOfBirth", "")[:20],
            "first_seen": now,
        },
    )
    return row
