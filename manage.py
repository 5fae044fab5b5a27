#!/usr/bin/env python3
"""One door for every command. Runs on a bare Python: it makes the project's .venv when that is missing, then goes on inside it."""

import sys


def main() -> None:  # syntax of old: an older Python must get as far as the sentence below
    if sys.version_info < (3, 11):
        sys.exit(
            "Serve Python 3.11 o successivo (questo è il %d.%d): su Debian 12 o 13 usa python3 del sistema."
            % sys.version_info[:2]
        )
    from mensa.local import commands

    code = commands.run(sys.argv)
    if code is None:  # the environment is there and the servers are known: Django's turn
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    else:
        sys.exit(code)


if __name__ == "__main__":
    main()
