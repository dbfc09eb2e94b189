"""Version of the product, as it is installed."""

from importlib import metadata


def version() -> str:
    """The product's."""
    try:
        return metadata.version("waistband")
    except metadata.PackageNotFoundError:
        return "0"
