"""age, by PyPI `pyrage`: what one person alone may read, as X25519 recipients and identities.

The allocation is encrypted to the statistician, each envelope to the officer who may break the
code. An identity is a file that only its owner may read, as `age-keygen` writes it.
"""

from types import ModuleType
from typing import Any

from sim.common import validate
from sim.common.errors import BadInput
from tools.prescription import keyfile

SECRET = "AGE-SECRET-KEY-1"
GET = "pip install -e '.[trial]'"


def import_pyrage() -> ModuleType:
    """The package. Raises BadInput where it is not installed."""
    try:
        import pyrage as found
    except ImportError:
        raise BadInput(f"a trial needs PyPI's pyrage: {GET}") from None
    return found  # type: ignore[no-any-return]


def check_recipient(text: object, where: str) -> str:
    """An age recipient, `age1...`. Raises BadInput."""
    package = import_pyrage()
    try:
        package.x25519.Recipient.from_str(text)
    except (package.RecipientError, TypeError):
        said = f"{where} is {validate.shown(text)}"
        raise BadInput(f"{said}: an age recipient, age1..., as `trial identity` says it") from None
    return str(text)


def write_identity(path: str) -> str:
    """Write a new identity, for its owner alone; returns its recipient. Raises BadInput."""
    made = import_pyrage().x25519.Identity.generate()
    public = str(made.to_public())
    keyfile.write_private(path, f"# public key: {public}\n{made}\n".encode())
    return public


def read_identity(path: str) -> Any:
    """The identity in a file that others may not read. Raises BadInput."""
    package = import_pyrage()
    lines = keyfile.read_private(path).decode("utf-8", "replace").splitlines()
    found = [line for line in map(str.strip, lines) if line.startswith(SECRET)]
    try:
        if len(found) == 1:
            return package.x25519.Identity.from_str(found[0])
    except package.IdentityError:
        pass  # its words may quote what the file holds
    raise BadInput(f"{path}: is no age identity, or was altered: `waistband trial identity` "
                   "makes one")  # fmt: skip


def encrypt(content: bytes, to: str) -> bytes:
    """For one recipient alone."""
    package = import_pyrage()
    whole: bytes = package.encrypt(content, [package.x25519.Recipient.from_str(to)])
    return whole


def decrypt(content: bytes, held: Any, where: str, whose: str) -> bytes:
    """What was encrypted to the holder of an identity. Raises BadInput."""
    package = import_pyrage()
    try:
        plain: bytes = package.decrypt(content, [held])
    except package.DecryptError as why:
        said = "was altered or is no age file" if "matching" not in str(why) else (
            f"is not for this identity: the {whose}'s opens it")  # fmt: skip
        raise BadInput(f"{where}: {said}") from None
    return plain
