from __future__ import annotations

from collections.abc import Iterator

import pytest
from puppet import Puppet


@pytest.fixture
def board() -> Iterator[Puppet]:
    with Puppet() as puppet:
        yield puppet
