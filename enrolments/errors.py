"""What an operation of this app says when it refuses: an Italian sentence for the person who asked."""


class Refused(Exception):
    """The base of every refusal: nothing was written, `str()` is the sentence to show."""
