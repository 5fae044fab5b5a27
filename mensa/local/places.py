"""Where things live in the project folder, and the one exception this package shows to people."""

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
_DOTENV = ROOT / ".env"


class Problem(Exception):
    """Something the person at the terminal can put right; str() is an Italian sentence saying how."""


def var_dir() -> Path:
    """The folder of everything the portal writes; VAR_DIR moves it."""
    return Path(configured("VAR_DIR") or ROOT / "var")


def run_dir() -> Path:
    """Lock and addresses of the running servers."""
    return var_dir() / "run"


def configured(name: str) -> str:
    """A setting from the environment or, when it is not there, from the .env file that Django reads too; empty if nowhere."""
    if name in os.environ:
        return os.environ[name]
    if not _DOTENV.is_file():
        return ""
    for line in _DOTENV.read_text(encoding="utf-8").splitlines():
        key, separator, value = line.removeprefix("export ").partition("=")
        if separator and key.strip() == name:
            return value.strip().strip("'\"")
    return ""


def make_folder(folder: Path, mode: int = 0o755) -> Path:
    """The folder, made if missing; refused with a sentence when the disk or the rights do not allow it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise Problem(
            f"Non posso scrivere in {folder} ({error.strerror}): controlla i permessi della cartella."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Problem(
            f"Non posso scrivere in {folder}: avvia con l'utente che l'ha creata o cambiane il proprietario."
        )
    return folder


def folder_key() -> str:
    """Twelve letters that name this copy of the project among others on the machine."""
    return hashlib.sha256(str(var_dir().resolve()).encode()).hexdigest()[:12]
