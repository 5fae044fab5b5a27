"""The parents who act in the demo's history: each signs in as SPID would sign them in."""

from allauth.socialaccount.models import SocialAccount, SocialLogin

from enrolments.models import Guardian
from identity import parents
from identity.models import User


def sign_in(guardian: Guardian) -> User:
    """The user of this guardian, made at the first login."""
    known = User.objects.filter(fiscal_code=guardian.fiscal_code).first()
    if known is not None:
        return known
    login = SocialLogin(
        user=User(first_name=guardian.first_name, last_name=guardian.last_name),
        account=SocialAccount(provider="spid", uid=guardian.fiscal_code),
    )
    parents.link(login)
    return User.objects.get(fiscal_code=guardian.fiscal_code)
