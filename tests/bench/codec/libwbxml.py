"""libwbxml's own conversion of WBXML to XML, through ctypes: the package libwbxml2."""

from __future__ import annotations

import ctypes
import ctypes.util


class Libwbxml:
    """One converter.

    Raises
    ------
    OSError
        The library is not installed.
    """

    def __init__(self) -> None:
        found = ctypes.util.find_library("wbxml2") or "libwbxml2.so.1"
        self._library = ctypes.CDLL(found)
        self._free = ctypes.CDLL(None).free
        self._free.argtypes = [ctypes.c_void_p]
        self._converter = ctypes.c_void_p()
        assert not self._library.wbxml_conv_wbxml2xml_create(ctypes.byref(self._converter))
        self._run = self._library.wbxml_conv_wbxml2xml_run
        self._run.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_uint32,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]

    def to_xml(self, body: bytes) -> bytes:
        """A document as XML."""
        # 64 bits, zeroed: right for a length of 32 bits on every machine that has little ends.
        xml, length = ctypes.c_void_p(), ctypes.c_uint64()
        code = self._run(self._converter, body, len(body), ctypes.byref(xml), ctypes.byref(length))
        if code:
            raise ValueError(f"libwbxml: {code}")
        made = ctypes.string_at(xml.value or 0, length.value)
        self._free(xml)
        return made

    def close(self) -> None:
        self._library.wbxml_conv_wbxml2xml_destroy(self._converter)
