"""What allauth asks us: nobody signs up, SPID and CIE link by fiscal code, secrets are stored encrypted."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest
from django.shortcuts import resolve_url

from identity import encryption, parents

#: Pages say hello by themselves: no "you have signed in as" banner.
SILENT_MESSAGES = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}

#: How long a password or a code counts as just given, before the settings of the second factor are touched.
FRESH_SECONDS = 300


class AccountAdapter(DefaultAccountAdapter):
    """Accounts of the staff."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return resolve_url("mensa:home")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return resolve_url("mensa:home")

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        if message_template not in SILENT_MESSAGES:
            super().add_message(request, level, message_template, *args, **kwargs)

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Who gave the password or the code minutes ago is not asked for it again at once."""
        if not super().is_reauthentication_required(app=app):
            return False
        records = get_authentication_records(self.request, self.request.user)
        return not any(time.time() - record["at"] < FRESH_SECONDS for record in records)


class SocialAdapter(DefaultSocialAccountAdapter):
    """Accounts of the parents: one user per fiscal code, whichever provider vouches for it."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        parents.link(sociallogin)


class MfaAdapter(DefaultMFAAdapter):
    """Second factors: the secret of an authenticator app is not readable in a copy of the database."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)
