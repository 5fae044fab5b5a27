"""Who may know which child, or which class, has which diet (domain.md, section 8; docs/adr/0011-revisore-e-diete.md).

The office decides it, who cooks reads its code by class. A diet changes no price: whoever checks the money (accounts, auditor)
reads how many portions there are, and who has done what.
"""

from identity.models import Role, User

#: The child and the reason: every opening is logged.
READS_REASONS = frozenset({Role.OFFICE})
#: The code, by class.
READS_CODES = READS_REASONS | {Role.KITCHEN}


def reads_codes(user: User) -> bool:
    return user.role in READS_CODES
