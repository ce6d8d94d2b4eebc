# The library of blink: a light, and how long it is on and off.


class Light:
    """The board's LED, or a line of text where there is none."""

    def __init__(self):
        try:
            from machine import Pin

            self._pin = Pin("LED", Pin.OUT)
        except (ImportError, TypeError, ValueError, OSError):
            self._pin = None

    def set(self, on):
        if self._pin:
            self._pin.value(on)
        else:
            print("blink:", "on" if on else "off")


def read_pattern(file):
    """(seconds on, seconds off) of each line that is not a comment."""
    steps = []
    for line in file:
        if line[:1] != "#":
            on, off = line.split()
            steps.append((float(on), float(off)))
    return steps
