# SPDX-License-Identifier: GPL-2.0
"""
Usage: mok-vars.py VARS.fd CERTIFICATE.der OUT.fd

Writes a copy of VARS.fd, a variable store of OVMF, in which CERTIFICATE is enrolled as a machine
owner's key: the variable MokList, as MokManager writes it when its user says yes.
"""
import struct
import sys
import uuid
from pathlib import Path

VARIABLE_STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")
SHIM = uuid.UUID("605dab50-e046-4300-abb6-3dd810dd8b23")
X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
# Of a firmware volume: where the length of its header is.
VOLUME_HEADER_LENGTH = 48
STORE_HEADER = 28
# Start, state, reserved, attributes, count, time, key, lengths of name and data, vendor.
VARIABLE = struct.Struct("<HBBIQ16sIII16s")
START = 0x55AA
ADDED = 0x3F
NON_VOLATILE_BOOT_SERVICE = 3


def aligned(offset):
    """Variables begin at multiples of four."""
    return (offset + 3) & ~3


def first_free(store):
    """The offset after the last variable, and that of the store's end."""
    offset = struct.unpack_from("<H", store, VOLUME_HEADER_LENGTH)[0]
    if store[offset:offset + 16] != VARIABLE_STORE.bytes_le:
        sys.exit("mok-vars.py: this is no store of authenticated variables")
    end = offset + struct.unpack_from("<I", store, offset + 16)[0]
    offset += STORE_HEADER
    while struct.unpack_from("<H", store, offset)[0] == START:
        fields = VARIABLE.unpack_from(store, offset)
        offset = aligned(offset + VARIABLE.size + fields[7] + fields[8])
    return offset, end


def mok_list(certificate):
    """The variable, with its header."""
    entry = SHIM.bytes_le + certificate
    data = X509.bytes_le + struct.pack("<III", 28 + len(entry), 0, len(entry)) + entry
    name = "MokList\0".encode("utf-16-le")
    header = VARIABLE.pack(START, ADDED, 0, NON_VOLATILE_BOOT_SERVICE, 0, bytes(16), 0,
                           len(name), len(data), SHIM.bytes_le)
    return header + name + data


def main():
    path, certificate, out = sys.argv[1:]
    store = bytearray(Path(path).read_bytes())
    variable = mok_list(Path(certificate).read_bytes())
    offset, end = first_free(store)
    if offset + len(variable) > end:
        sys.exit("mok-vars.py: there is no room for a key")
    store[offset:offset + len(variable)] = variable
    Path(out).write_bytes(store)


main()
