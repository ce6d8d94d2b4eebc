"""What labgrid makes of an exporter's file: FILE."""

import sys

from labgrid.remote.config import ResourceConfig

groups = ResourceConfig(sys.argv[1], {"name": "a"}).data
kinds = {name for group in groups.values() for name in group}
print(len(groups), *sorted(kinds))
