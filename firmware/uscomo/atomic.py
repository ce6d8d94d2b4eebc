# Atomic: all of its commands, or none. What they change waits in RAM for the message's commit, so
# that taking it back is forgetting it, and making it durable one group of the log. Imported by the
# first Atomic of a session. Rules: OMA DM RepPro 1.2, section 6.6.3.
#
# The message is read twice. First: is everything in it that may be, and do the answers fit one
# message? Only then it is done. An answer is as long whatever its code is.
from uscomo import syncml
from uscomo.constant import const
from uscomo.wbxml import Full

_NOT_EXECUTED = const(215)
_ROLLED_BACK = const(216)
_FAILED = const(507)
_TOO_LARGE = const(517)

# What may be in it; an Alert, too.
_CHANGES = (syncml.ADD, syncml.COPY, syncml.DELETE, syncml.REPLACE)


def run(commands, reader, msg_id, command):
    """Execute the Atomic that was just read, up to its end; yields where the message is full."""
    writer = commands.writer
    start = _place(reader)
    fresh = False
    while True:
        mark = writer.mark()
        lines = [(syncml.ATOMIC, command.cmd_id or b"", None)]
        codes = []
        try:
            code = _look(commands, reader, msg_id, lines, codes)
        except Full:
            code = _TOO_LARGE
        writer.roll_back(mark)
        if code != _TOO_LARGE or fresh:
            break
        # Behind all the rest there was no room.
        fresh = True
        _go_back(reader, start)
        yield
    answers = {}
    if code == _TOO_LARGE:
        lines = lines[:1]
        for child in _children(reader, start):
            for target in _targets(child):
                lines.append((child.tag, child.cmd_id or b"", target))
        codes = [_NOT_EXECUTED for _ in lines]
    elif code == 200:
        _go_back(reader, start)
        code, codes = _do(commands, reader, answers)
    for i in range(len(lines)):
        tag, cmd_id, target = lines[i]
        said = codes[i - 1] if i else code
        yield from commands.say(msg_id, tag, cmd_id, said, target, answers.get(i))


def _children(reader, start=None):
    # Each command up to the Atomic's end; what is nested, too.
    if start:
        _go_back(reader, start)
    level = 1
    while level:
        command = reader.next()
        if not command:
            return
        if command.tag == syncml.CLOSE:
            level -= 1
        else:
            if command.tag in (syncml.ATOMIC, syncml.SEQUENCE):
                level += 1
            command.level = level
            yield command


def _targets(command):
    # One for each Status.
    if len(command.items) < 2 or command.tag == syncml.ALERT:
        return (None,)
    return [item.target for item in command.items]


def _look(commands, reader, msg_id, lines, codes):
    # The Atomic's code so far; each answer as it would be written, its code if nothing is done.
    writer = commands.writer
    code = 200
    writer.status(msg_id, lines[0][1], b"Atomic", code)
    for child in _children(reader):
        tag = child.tag
        wrong = 0
        nested = tag in (syncml.ATOMIC, syncml.SEQUENCE)
        if child.level > 1 + nested:
            wrong = _NOT_EXECUTED  # it is within what is wrong
        elif tag != syncml.ALERT and tag not in _CHANGES:
            wrong = 500
        elif not child.cmd_id or not (child.items or tag == syncml.ALERT):
            wrong = 400
        elif child.more or [1 for item in child.items if item.more]:
            wrong = 413
        if wrong:
            code = _FAILED
        cmd_id = child.cmd_id or b""
        for target in _targets(child):
            writer.status(msg_id, cmd_id, commands.name(tag), code, target)
            lines.append((tag, cmd_id, target))
            codes.append(wrong or _NOT_EXECUTED)
    return code


def _do(commands, reader, answers):
    # Execute until something fails; then nothing has happened.
    tree = commands.dispatcher
    state = tree.save()
    # What an object does that cannot be taken back it does not do now.
    held = [mounted for _, mounted in tree.mounts if hasattr(mounted, "held")]
    for mounted in held:
        mounted.held = True
    failed = False
    codes = []
    for child in _children(reader):
        for item in (child,) if child.tag == syncml.ALERT else child.items:
            code = _NOT_EXECUTED
            if not failed:
                if item is child:
                    code, answer = commands.ask(child)
                    if answer is not None:
                        answers[len(codes) + 1] = answer
                else:
                    code = commands.item(child, item)
                if code >= 214 or commands.aborted:
                    failed = True
                    codes = [_ROLLED_BACK for _ in codes]
            codes.append(code)
    if failed:
        tree.restore(state)
    for mounted in held:
        mounted.held = False
    return _FAILED if failed else 200, codes


# -- where a reader stands; from the message's end, because it may be moved


def _place(reader):
    tokens = reader.reader
    of_tokens = tokens.limit - tokens.position, tokens.page, tokens.depth, tokens.tag, tokens.empty
    return of_tokens, (reader.level, reader.pending, reader.ended, reader.left)


def _go_back(reader, place):
    tokens = reader.reader
    position, tokens.page, tokens.depth, tokens.tag, tokens.empty = place[0]
    tokens.position = tokens.limit - position
    reader.level, reader.pending, reader.ended, reader.left = place[1]
