# x-syncml-hmac, the credential that travels beside a message and proves it whole; loaded where an
# account wants it. Never stores anything. Rules: OMA DM Security 1.2, section 5.4. Not RFC 2104:
# B64(H(B64(H(user ":" password)) ":" nonce ":" B64(H(message)))).
from uscomo import digest


def header(account, nonce, buffer, length):
    """What the transport says beside the client's message, as text."""
    user = ""
    for c in account.client_name.decode():
        # A name must end neither the header nor the text in it.
        user += "\\" + c if c in '"\\' else c if c >= " " else "?"
    made = _made(account.client_name, account.client_secret, nonce, buffer, length).decode()
    return 'algorithm=MD5, username="%s", mac=%s' % (user, made)


def proves(value, account, nonce, buffer, length):
    """Whether what came beside the server's message proves it."""
    given = {}
    for part in _parts(value):
        key, _, part = part.partition("=")
        given[key.strip().lower()] = part.strip()
    user = given.get("username", "").encode()
    mac = given.get("mac", "").encode()
    made = _made(account.server_id, account.server_secret, nonce, buffer, length)
    right = digest.equal(mac, made) and user == account.server_id
    return right and given.get("algorithm", "MD5").upper() == "MD5"


def _made(name, secret, nonce, buffer, length):
    body = digest.md5(memoryview(buffer)[:length])
    return digest.credential(name, secret, nonce + b":" + digest.base64(body))


def _parts(value):
    # The list's elements, with their quoted texts unquoted.
    part = ""
    quoted = escaped = False
    for c in value:
        if escaped or (c not in '"\\' and (quoted or c != ",")):
            part += c
            escaped = False
        elif c == ",":
            yield part
            part = ""
        elif c == '"':
            quoted = not quoted
        else:
            escaped = True
    yield part
