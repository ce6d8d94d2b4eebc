# An answer that takes several messages: the server's message waits half read while its "next
# message" comes in beside it. Imported where an answer does not fit one message.
# Rules: OMA DM Protocol 1.2, section 6.
from uscomo import syncml
from uscomo.commands import number


def hold(session):
    """Move the unfinished message to the end of the buffer: the next one fits in front of it."""
    length = session.reader.reader.limit
    delta = len(session.buffer) - length
    view = memoryview(session.buffer)
    # The two places may overlap.
    view[delta:] = view[:length]
    session.reader.move(delta)
    session.held = length


def interim(session, reader, command):
    """Answer what comes meanwhile: only "next message" may, and what ends something."""
    commands = session.commands
    while command:
        told = number(command.data) if command.tag == syncml.ALERT else 0
        code = 500
        if told > 1199:
            code, _ = commands.ask(command)
            if told == 1225:
                commands.sent = 0
        if command.tag not in (syncml.STATUS, syncml.CLOSE):
            name = commands.name(command.tag)
            session.writer.status(reader.header.msg_id, command.cmd_id or b"", name, code)
        command = reader.next()
