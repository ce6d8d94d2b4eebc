"""The main job, played through on a real server and a real device; see `play`."""

from .play import play
from .result import Listener, Result, Step

__all__ = ["Listener", "Result", "Step", "play"]
