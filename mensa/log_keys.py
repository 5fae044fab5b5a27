"""Addresses that are keys, and a log that does not write them. Loaded with the settings: nothing of Django's applications here."""

import logging
import re

#: The address of a calendar is its key, and so is that of a caterer's page.
KEYS = (
    (re.compile(r"/calendario/[^/\s]+\.ics"), "/calendario/….ics"),
    (re.compile(r"/gestore/[^/\s]+/"), "/gestore/…/"),
)


def without_keys(text: str) -> str:
    for key, shown in KEYS:
        text = key.sub(shown, text)
    return text


class WithoutKeys(logging.Filter):
    """Django names the address of every request that it refuses: there too a key is not written."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(without_keys(one) if isinstance(one, str) else one for one in record.args)
        return True
