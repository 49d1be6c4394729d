"""
Work with paths as texts; the file system is not looked at.
"""

import os


def pardir() -> str:
    """
    Return the name of the parent folder, as paths spell it: "..".

    CLI Example: txsalt-cli '*' file.pardir
    """
    return os.path.pardir


def normpath(path: str) -> str:
    """
    Return a path without double slashes, "." and "..".

    CLI Example: txsalt-cli '*' file.normpath 'a/b/c/..'
    """
    return os.path.normpath(path)


def basename(path: str) -> str:
    """
    Return the last part of a path.

    CLI Example: txsalt-cli '*' file.basename /etc/ssh/sshd_config
    """
    return os.path.basename(path)


def dirname(path: str) -> str:
    """
    Return a path without its last part.

    CLI Example: txsalt-cli '*' file.dirname /etc/ssh/sshd_config
    """
    return os.path.dirname(path)


def join(*args: str) -> str:
    """
    Join parts to a path; a part that begins with / starts anew.

    CLI Example: txsalt-cli '*' file.join /etc ssh sshd_config
    """
    return os.path.join(*args)
