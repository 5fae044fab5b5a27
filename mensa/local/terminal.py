"""What is told to the person at the terminal, who may have closed it in the meantime."""

import contextlib


def say(text: str) -> None:
    """Print at once; a closed terminal must not keep the servers from being stopped."""
    with contextlib.suppress(OSError):
        print(text, flush=True)
