"""
Grains of the firmware: maker, product, serial number, how the machine was booted.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any  # options and grains hold values of any type

_FILES = {
    "biosversion": "bios_version",
    "biosvendor": "bios_vendor",
    "boardname": "board_name",
    "productname": "product_name",
    "manufacturer": "sys_vendor",
    "biosreleasedate": "bios_date",
    "uuid": "product_uuid",
    "serialnumber": "product_serial",
}


def firmware(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the firmware says of itself; some of it only root can read."""
    grains: dict[str, Any] = {}
    for grain, name in _FILES.items():
        try:
            raw = Path("/sys/class/dmi/id", name).read_bytes()
        except OSError:
            continue
        grains[grain] = raw.decode("utf-8", "replace").strip()
    if "uuid" in grains:
        grains["uuid"] = grains["uuid"].lower()
    return grains | _efi()


def _efi() -> dict[str, bool]:
    variables = Path("/sys/firmware/efi/efivars")
    switches = list(variables.glob("SecureBoot-*")) if variables.is_dir() else []
    is_secure = False
    if len(switches) == 1:
        try:
            is_secure = switches[0].read_bytes()[-1:] == b"\x01"
        except OSError:
            is_secure = False  # only root may look
    return {"efi": Path("/sys/firmware/efi").is_dir(), "efi-secure-boot": is_secure}
