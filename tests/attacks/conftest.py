"""What attacks share with other tests."""

from tests.backend.conftest import url as url
