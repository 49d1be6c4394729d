"""
Let one more user read a file that is ours: a POSIX access control list, which needs no root.

Source: acl(5); the extended attribute system.posix_acl_access, linux/posix_acl_xattr.h.
"""

import os
import struct

_ATTRIBUTE = "system.posix_acl_access"
_VERSION = 2
_OWNER, _USER, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
_READ, _WRITE = 4, 2
_NOBODY = 0xFFFFFFFF  # the id of entries that name none


def let_read(path: str, uid: int) -> None:
    """
    Let the owner write, the owner and one user read, and nobody else anything.

    ``ls`` shows mode 0640 then, but the group may not read. Raises OSError, also where the file
    system has no such lists.
    """
    entries = (
        (_OWNER, _READ | _WRITE, _NOBODY),
        (_USER, _READ, uid),
        (_GROUP, 0, _NOBODY),
        (_MASK, _READ, _NOBODY),
        (_OTHERS, 0, _NOBODY),
    )
    content = struct.pack("<I", _VERSION)
    content += b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(path, _ATTRIBUTE, content)
