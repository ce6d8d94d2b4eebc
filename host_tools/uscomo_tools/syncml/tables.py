"""Names and tokens of SyncML 1.2, MetInf, DDF/TNDS and DevInf: data only.

Source: the token tables of the SyncML 1.2 representation protocol, meta information, device
information and OMA DM tree-and-description documents, as libwbxml 0.11.8 has them too.
"""

from __future__ import annotations

import re

# A namespace is known by the URI that is written into XML.
SYNCML = "SYNCML:SYNCML1.2"
METINF = "syncml:metinf"
DDF = "syncml:dmddf1.2"
DEVINF = "syncml:devinf"
# Ours: elements without a name (TOKEN_NAME: page, identity), and the marks in XML that keep bytes.
WIRE = "urn:uscomo:wire"

TOKEN_NAME = re.compile("token-([0-9A-F]{2})-([0-3][0-9A-F])")

# What peers write instead, in lower case.
NAMESPACE_ALIASES = {
    **{uri.lower(): uri for uri in (SYNCML, METINF, DDF, DEVINF)},
    "syncml:syncml1.0": SYNCML,
    "syncml:syncml1.1": SYNCML,
    "syncml:metinf1.2": METINF,
    "syncml:dmddf": DDF,
    "syncml:devinf1.2": DEVINF,
}

_FIRST = 0x05  # identities count up from here; `-` is one that no element has

_ELEMENTS = {
    SYNCML: """
        Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data
        Delete Exec Final Get Item Lang LocName LocURI Map MapItem Meta MsgID MsgRef NoResp
        NoResults Put Replace RespURI Results Search Sequence SessionID SftDel Source SourceRef
        Status Sync SyncBody SyncHdr SyncML Target TargetRef - VerDTD VerProto NumberOfChanges
        MoreData Field Filter Record FilterType SourceParent TargetParent Move Correlator""",
    METINF: """
        Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next
        NextNonce SharedMem Size Type Version MaxObjSize FieldLevel""",
    DDF: """
        AccessType ACL Add b64 bin bool chr CaseSense CIS Copy CS
        date DDFName DefaultValue Delete Description DFFormat DFProperties DFTitle DFType Dynamic
        Exec float Format Get int Man MgmtTree MIME Mod Name Node node NodeName null Occurrence
        One OneOrMore OneOrN Path Permanent Replace RTProperties Scope Size time Title TStamp Type
        Value VerDTD VerNo xml ZeroOrMore ZeroOrN ZeroOrOne""",
    DEVINF: """
        CTCap CTType DataStore DataType DevID DevInf DevTyp DisplayName DSMem Ext FwV
        HwV Man MaxGUIDSize MaxID MaxMem Mod OEM ParamName PropName Rx Rx-Pref SharedMem MaxSize
        SourceRef SwV SyncCap SyncType Tx Tx-Pref ValEnum VerCT VerDTD XNam XVal UTC
        SupportNumberOfChanges SupportLargeObjs Property PropParam MaxOccur NoTruncate -
        Filter-Rx FilterCap FilterKeyword FieldLevel SupportHierarchicalSync""",
}

IDENTITIES = {
    namespace: {
        name: identity for identity, name in enumerate(names.split(), _FIRST) if name != "-"
    }
    for namespace, names in _ELEMENTS.items()
}


def _tags(*pages: str) -> dict[tuple[str, str], int]:
    return {
        (namespace, name): page << 8 | identity
        for page, namespace in enumerate(pages)
        for name, identity in IDENTITIES[namespace].items()
    }


# (namespace, name) -> page << 8 | identity. Page 0 depends on the kind of document.
SYNCML_TAGS = _tags(SYNCML, METINF, DDF)
DEVINF_TAGS = _tags(DEVINF, METINF, DDF)

DEVINF_ROOT = DEVINF_TAGS[DEVINF, "DevInf"]

# The roots a document may have, and the public identifier that it is written with: a number, or
# 0 and the text. The root alone decides how a document is read: identifiers in the field vary.
ROOTS = {
    (SYNCML, "SyncML"): (0x1201, b""),
    (METINF, "MetInf"): (0x1202, b""),
    (DDF, "MgmtTree"): (0, b"-//OMA//DTD-DM-DDF 1.2//EN\0"),
    (DEVINF, "DevInf"): (0x1203, b""),
}
