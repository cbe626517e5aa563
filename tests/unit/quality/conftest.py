"""Images to reject: those of the storage tests."""

from tests.unit.storage.conftest import image, smooth

__all__ = ["image", "smooth"]
