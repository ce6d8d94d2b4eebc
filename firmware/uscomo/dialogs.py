# What a server shows to the user and asks: the UI alerts, by the console or an app's display.
# Imported when a server sends one; the agent's own question is in `consent`.
# Rules: OMA DM Protocol 1.2, section 10. Status codes: 200, 304 no, 214 cancelled, 408 time-out,
# 406 nobody can be asked, 412 incomplete, 416 too much for a display.
from binascii import unhexlify

from uscomo import consent, console, platform
from uscomo.constant import const

_DISPLAY = const(1100)
_CONFIRM = const(1101)
_INPUT = const(1102)
_CHOICE = const(1103)
_CHOICES = const(1104)
_KINDS = ("show", "confirm", "input", "choice", "choices")

_OK = const(200)
_INCOMPLETE = const(412)
_TOO_LONG = const(416)

# What a small display shows: characters of a text, rows of a choice.
_MAX_TEXT = const(200)
_MAX_CHOICES = const(16)
# A question without MAXDT must not hold a session, and the apps beside it, for ever.
_MAX_S = const(120)
# So often an answer may be none.
_TRIES = const(3)

# Input types, with what the console says of them.
_TYPES = {
    "A": "text",
    "N": "number",
    "D": "date DDMMYYYY",
    "T": "time hhmmss",
    "P": "phone number",
    "I": "address",
}


def interact(code, texts):
    """Carry out a UI alert, options first: a status, and None or the answers as octets."""
    options = _options(texts[0] if len(texts) > 1 else "")
    texts = texts[1:] or texts
    dialog = consent.dialog if consent.mode not in ("yes", "no") else None
    if consent.mode == "none" and not (consent.callback or dialog):
        return consent.UNSUPPORTED, None
    choices = texts[1:]
    if not texts or (code >= _CHOICE and not choices):
        return _INCOMPLETE, None
    if len(choices) > _MAX_CHOICES or [text for text in texts if len(text) > _MAX_TEXT]:
        return _TOO_LONG, None
    limit = max(1, min(_number(options, "MAXDT") or _MAX_S, _MAX_S))
    about = {
        "kind": _KINDS[code - _DISPLAY],
        "choices": [consent.plain(text) for text in choices],
        "default": _default(code, options, len(choices)),
        "min_s": _number(options, "MINDT"),
        "max_s": limit,
        "max_length": _number(options, "MAXLEN"),
        "type": options.get("IT", "A") if options.get("IT", "A") in _TYPES else "A",
        "secret": options.get("ET") == "P",
    }
    if code == _DISPLAY:
        if dialog:
            dialog(consent.plain(texts[0]), about)
        else:
            consent.tell(texts[0])
        return _OK, None
    if code == _CONFIRM:
        return consent.ask(texts[0], options.get("DR") == "1", limit), None
    if dialog:
        return _answered(code, about, dialog(consent.plain(texts[0]), about))
    if consent.mode != "console":
        # Nobody is there: the default speaks for the user, where there is one.
        answer = about["default"]
        return _answered(code, about, answer) if answer else (consent.UNSUPPORTED, None)
    return _ask(code, texts[0], about)


def _ask(code, text, about):
    # At the console: the agent's kind of question, one line that ends with what may be answered.
    choices = about["choices"]
    for i, choice in enumerate(choices):
        print("! %d: %s" % (i + 1, choice))
    default = about["default"]
    if code == _INPUT:
        hint = _TYPES[about["type"]] + (", secret" if about["secret"] else "")
        shown = "" if about["secret"] else default
    else:
        hint = "1-%d%s" % (len(choices), ", more with commas" if code == _CHOICES else "")
        shown = default if code == _CHOICE else ",".join([str(n) for n in default or ()])
    if shown:
        hint += ", else %s" % shown
    since = platform.ticks()
    for _ in range(_TRIES):
        print("? %s [%s, ! cancels] " % (consent.plain(text), hint), end="")
        left = about["max_s"] - platform.elapsed(since) // 1000
        line = console.line(left) if left > 0 else None
        if line is None:
            print()
            return consent.TIMED_OUT, None
        if line == "!":
            return consent.CANCELLED, None
        answer = line
        if not line and default:
            answer = default
        elif code != _INPUT:
            answer = [_integer(part) for part in line.replace(",", " ").split()]
            if code == _CHOICE:
                answer = answer[0] if len(answer) == 1 else 0
        found = _answered(code, about, answer)
        if found[0] == _OK:
            return found
    return consent.CANCELLED, None


def _answered(code, about, answer):
    # A user's answer as a status and octets. None: cancelled; False: no answer in time.
    if answer is None:
        return consent.CANCELLED, None
    if answer is False:
        return consent.TIMED_OUT, None
    if code == _INPUT:
        good = isinstance(answer, str) and _fits(answer, about)
        return (_OK, [answer.encode()]) if good else (consent.CANCELLED, None)
    numbers = answer if code == _CHOICES else (answer,)
    wrong = [n for n in numbers if not isinstance(n, int) or not 1 <= n <= len(about["choices"])]
    return (consent.CANCELLED, None) if wrong else (_OK, [b"%d" % n for n in numbers])


def _fits(text, about):
    # Whether a text is of the kind that was asked for.
    kind = about["type"]
    if 0 < about["max_length"] < len(text):
        return False
    if kind == "N":
        digits = text[1:] if text[:1] in ("+", "-") else text
        return digits.replace(".", "", 1).isdigit()
    if kind == "D":
        pair = _pairs(text, 8)
        return bool(pair) and 1 <= pair[0] <= 31 and 1 <= pair[1] <= 12
    if kind == "T":
        pair = _pairs(text, 6)
        return bool(pair) and pair[0] < 24 and pair[1] < 60 and pair[2] < 60
    if kind == "P":
        rest = text[1:] if text[:1] == "+" else text
        return bool(rest) and not [c for c in rest if c not in "0123456789pws"]
    if kind == "I":
        parts = text.split(".")
        return len(parts) == 4 and not [p for p in parts if not 0 <= _integer(p) <= 255]
    return True


def _pairs(text, size):
    return [int(text[i : i + 2]) for i in range(0, size, 2)] if _digits(text, size) else None


def _digits(text, size):
    return len(text) == size and text.isdigit()


def _integer(text):
    return int(text) if text.isdigit() else -1


def _number(options, name):
    # A positive number, 0 where it is none: what cannot be used is passed over.
    value = options.get(name, "")
    return int(value) if value.isdigit() and len(value) < 6 else 0


def _default(code, options, count):
    # What the user is offered: a text, a number, a list of numbers; None where there is nothing.
    value = options.get("DR", "")
    if code == _INPUT:
        return value or None
    numbers = [n for n in [_integer(part) for part in value.split("-")] if 1 <= n <= count]
    if code == _CHOICE:
        return numbers[0] if numbers else None
    return numbers or None


def _options(text):
    found = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        found[name] = _unescaped(value.replace("+", " "))
    return found


def _unescaped(text):
    # Characters escaped as %XX, octets of UTF-8.
    first, *rest = text.split("%")
    octets = first.encode()
    for part in rest:
        try:
            octets += unhexlify(part[:2]) + part[2:].encode()
        except ValueError:
            octets += b"%" + part.encode()
    try:
        return octets.decode()
    except ValueError:
        return text
