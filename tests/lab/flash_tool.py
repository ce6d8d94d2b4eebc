"""Puts an image on the board of a bench: IMAGE URL."""

import sys
import urllib.request
from pathlib import Path

request = urllib.request.Request(sys.argv[2], Path(sys.argv[1]).read_bytes(), method="PUT")
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()
