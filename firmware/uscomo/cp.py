# Client provisioning documents: what a w7 APPLICATION says of a DM account, as nodes of DMAcc.
# Imported when a bootstrap message is one. Never writes anything.
# Sources: OMA Client Provisioning Content 1.1 (tokens), OMA DM Standardized Objects 1.2, appendix
# for w7; other applications and connectivity are passed over.
from binascii import a2b_base64

from uscomo import wbxml
from uscomo.constant import const

_CHARACTERISTIC = const(6)
_PARM = const(7)

# Attributes by page << 8 | token: 1 a characteristic's type, 2 a parm's name, each with what the
# token says of it; 3 a parm's value.
_ATTRIBUTES = {
    0x05: (2, ""),
    0x06: (3, ""),
    0x07: (2, "NAME"),
    0x22: (2, "TO-NAPID"),
    0x23: (2, "PORTNBR"),
    0x50: (1, ""),
    0x53: (1, "PORT"),
    0x105: (2, ""),
    0x106: (3, ""),
    0x107: (2, "NAME"),
    0x122: (2, "TO-NAPID"),
    0x123: (2, "PORTNBR"),
    0x12F: (2, "AAUTHDATA"),
    0x130: (2, "AAUTHLEVEL"),
    0x131: (2, "AAUTHNAME"),
    0x132: (2, "AAUTHSECRET"),
    0x133: (2, "AAUTHTYPE"),
    0x134: (2, "ADDR"),
    0x135: (2, "ADDRTYPE"),
    0x136: (2, "APPID"),
    0x138: (2, "PROVIDER-ID"),
    0x139: (2, "TO-PROXY"),
    0x150: (1, ""),
    0x153: (1, "PORT"),
    0x155: (1, "APPLICATION"),
    0x156: (1, "APPADDR"),
    0x157: (1, "APPAUTH"),
}
_VALUES = {
    0x85: "IPV4",
    0x86: "IPV6",
    0x9C: "HTTP-BASIC",
    0x9D: "HTTP-DIGEST",
    0x185: "IPV4",
    0x186: "IPV6",
    0x18D: "APPSRV",
    0x18E: "OBEX",
    0x190: ",",
    0x191: "HTTP-",
    0x192: "BASIC",
    0x193: "DIGEST",
}

# Which node has a parameter's value, below the place of its characteristic.
_NODES = {
    "PROVIDER-ID": "ServerID",
    "NAME": "Name",
    "ADDR": "Addr",
    "ADDRTYPE": "AddrType",
    "PORTNBR": "PortNbr",
    "AAUTHLEVEL": "AAuthLevel",
    "AAUTHTYPE": "AAuthType",
    "AAUTHNAME": "AAuthName",
    "AAUTHSECRET": "AAuthSecret",
    "AAUTHDATA": "AAuthData",
}
_PLACES = {"APPADDR": "AppAddr", "APPAUTH": "AppAuth", "PORT": "Port"}
_WORDS = {"IPV4": "IPv4", "IPV6": "IPv6", "APPSRV": "CLCRED", "CLIENT": "SRVCRED"}

# Accounts and parts of one message.
_MAX_PARTS = const(16)
# Of one attribute.
_MAX_TEXT = const(512)


class Reader(wbxml.Reader):
    """Tokens, and the attributes of the element that was read last."""

    page_of_attributes = 0
    texts = ("", "", "", "")

    def _skip_attributes(self):
        texts = ["", "", "", ""]
        kind = 0
        buffer = self.buffer
        while True:
            if self.position >= self.limit:
                raise wbxml.WbxmlError(wbxml.TRUNCATED, self.position)
            token = buffer[self.position]
            self.position += 1
            place = self.page_of_attributes << 8 | token
            text = ""
            if token == 0x01:
                self.texts = texts
                return
            if token == 0x00:
                self.page_of_attributes = (
                    buffer[self.position] if self.position < self.limit else 0
                )
                self.position += 1
            elif token == 0x03:
                start = self.position
                self._skip_string()
                text = bytes(buffer[start : self.position - 1]).decode()
            elif token == 0x83:
                start, size = self._indexed(self._integer())
                text = bytes(buffer[start : start + size]).decode()
            elif token == 0x02:
                code = self._integer()
                if code > 0x10FFFF:
                    raise ValueError
                text = chr(code)
            elif token == 0xC3:
                size = self._size()
                self.position += size
            elif token == 0x04:
                self._integer()
                kind = 0
            elif token < 0x80:
                kind, text = _ATTRIBUTES.get(place, (0, ""))
            else:
                text = _VALUES.get(place, "")
            texts[kind] += text
            # A reference into the string table costs two bytes, whatever it adds.
            if len(texts[kind]) > _MAX_TEXT:
                raise ValueError


def accounts(data):
    """The accounts of a document: of each a list of (path, octets) below its node."""
    reader = Reader(data)
    reader.begin(len(data))
    found = []
    parts = None
    opened = []  # (type, place) of each characteristic that is open; ("", "") of other elements
    while True:
        kind = reader.next()
        if kind == wbxml.DONE:
            return [parts for parts in found if ("AppID", b"w7") in parts]
        if kind == wbxml.END:
            opened.pop()
        elif kind == wbxml.START:
            tag = reader.tag & 0xFF
            _, type, name, value = reader.texts
            reader.texts = ("", "", "", "")
            place = opened[-1] if opened else ("", "")
            if tag == _PARM and parts is not None and opened[1:]:
                _parameter(parts, place, name, value)
            if tag == _CHARACTERISTIC:
                if type == "APPLICATION" and len(opened) == 1:
                    if len(found) >= _MAX_PARTS:
                        raise ValueError
                    parts = []
                    found.append(parts)
                    place = type, ""
                elif type in _PLACES and place[0] in ("APPLICATION", "APPADDR"):
                    place = type, _numbered(parts, place[1] + _PLACES[type] + "/")
                else:
                    place = "", ""
            if not reader.empty:
                opened.append(place if tag == _CHARACTERISTIC else ("", ""))


def _parameter(parts, place, name, value):
    type, below = place
    if type == "APPLICATION" and name == "APPID":
        parts.append(("AppID", value.encode()))
    elif type == "APPLICATION" and name in ("TO-PROXY", "TO-NAPID"):
        # One is the preferred connection, of several each is listed.
        parts.append((_numbered(parts, "ToConRef/") + "ConRef", value.encode()))
    elif type and name in _NODES:
        data = value.encode()
        if name in ("ADDRTYPE", "AAUTHLEVEL"):
            data = _WORDS.get(value, value).encode()
        elif name == "AAUTHDATA":
            data = a2b_base64(data)
        parts.append((below + _NODES[name], data))


def _numbered(parts, place):
    # The next instance of a part: the first one is preferred.
    number = 1
    while [1 for path, _ in parts if path.startswith("%s%d/" % (place, number))]:
        number += 1
    if number > _MAX_PARTS:
        raise ValueError
    return "%s%d/" % (place, number)
