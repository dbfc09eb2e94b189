"""Public-key encryption with age (PyPI `pyrage`): X25519 recipients and identities.

Called by `new`, `unseal`, `collect` and `people`. The allocation is encrypted to the
statistician, the journal keys to the monitor and the statistician, each envelope to the officer
who may break the code. An identity is a private file, as `age-keygen` writes it.
"""

from typing import Any

from sim.common import validate
from sim.common.errors import BadInput
from tools.prescription import keyfile

SECRET = "AGE-SECRET-KEY-1"
GET = "pip install -e '.[trial]'"


def import_pyrage() -> Any:
    """The package. Raises BadInput where it is not installed."""
    try:
        import pyrage
    except ImportError:
        raise BadInput(f"a trial needs PyPI's pyrage: {GET}") from None
    return pyrage


def check_recipient(text: object, where: str) -> str:
    """An age recipient, `age1...`. Raises BadInput."""
    package = import_pyrage()
    try:
        package.x25519.Recipient.from_str(text)
    except (package.RecipientError, TypeError):
        text = f"{where} is {validate.shown(text)}"
        raise BadInput(f"{text}: an age recipient, age1..., as `trial identity` says it") from None
    return str(text)


def write_identity(path: str) -> str:
    """Write a new identity to a private file; returns its recipient. Raises BadInput."""
    made = import_pyrage().x25519.Identity.generate()
    public = str(made.to_public())
    keyfile.write_private(path, f"# public key: {public}\n{made}\n".encode())
    return public


def read_identity(path: str) -> Any:
    """The identity in a private file. Raises BadInput."""
    package = import_pyrage()
    lines = keyfile.read_private(path).decode("utf-8", "replace").splitlines()
    found = [line for line in map(str.strip, lines) if line.startswith(SECRET)]
    try:
        if len(found) == 1:
            return package.x25519.Identity.from_str(found[0])
    except package.IdentityError:
        pass  # its text may quote the secret
    text = f"{path}: is no age identity, or was altered: `waistband trial identity` makes one"
    raise BadInput(text)


def encrypt(content: bytes, *to: str) -> bytes:
    """The content, encrypted to recipients: each of them alone can open it."""
    package = import_pyrage()
    people = [package.x25519.Recipient.from_str(one) for one in dict.fromkeys(to)]
    whole: bytes = package.encrypt(content, people)
    return whole


def decrypt(content: bytes, held: Any, where: str, whose: str) -> bytes:
    """The content that was encrypted to an identity, which is the `whose`. Raises BadInput."""
    package = import_pyrage()
    try:
        plain: bytes = package.decrypt(content, [held])
    except package.DecryptError as why:
        other = f"is not for this identity: the {whose}'s opens it"
        text = other if "matching" in str(why) else "was altered or is no age file"
        raise BadInput(f"{where}: {text}") from None
    return plain
