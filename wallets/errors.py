"""What the wallets' operations say when they refuse: an Italian sentence for the person who asked."""

from enrolments.errors import Refused


class BadAmount(Refused):
    """Not an exact amount in euro, or not of the sign the movement wants."""


class CauseReused(Refused):
    """The same cause arrived with other content: somebody must look, nothing was written."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__("Questo movimento è già registrato con dati diversi: verifica prima di ripetere.")


class NotReversible(Refused):
    def __init__(self) -> None:
        super().__init__("Questo movimento non si può stornare.")


class NotEnoughCredit(Refused):
    def __init__(self) -> None:
        super().__init__("Il credito del borsellino non basta: nessun importo è stato spostato.")


class Busy(Refused):
    def __init__(self) -> None:
        super().__init__("Gli stessi addebiti sono in corso di registrazione: riprova tra qualche istante.")


class RefundRefused(Refused):
    """A refund that the rules do not allow; `str()` says which."""


class WrongState(Refused):
    def __init__(self) -> None:
        super().__init__("Questo rimborso è già andato avanti: ricarica la pagina per vedere a che punto è.")
