"""
Run commands on this machine.

All functions of this module take the same options, where they make sense:

* cwd: where to run; default the home of the user. runas, group: as whom; needs root.
* python_shell: let a shell read the command. Default True for a command typed by a user, False for
  one called by another module. shell: which shell.
* env: a map of variables over the minion's own, or instead of them with clean_env.
* stdin: text for the command; backslash n is a line break unless stdin_raw_newlines.
* timeout: seconds after which the command and all it started are ended.
* success_retcodes, success_stdout, success_stderr: what also counts as success.
* ignore_retcode: an exit code other than 0 does not make the job fail.
* template: jinja fills in cmd and cwd first; it finds salt, grains, pillar, opts and saltenv.
* hide_output, output_loglevel (quiet: log nothing), rstrip, umask, output_encoding.

Source: Salt 3008.3, modules/cmdmod.py.
"""
# The signatures are those of Salt, packed, since users call these with arguments by position.
# fmt: off

from typing import Any  # users pass whatever they typed

from txsalt.jobs.errors import CommandExecutionError
from txsalt.modules._command import DEFAULT_SHELL, run_for


def run(cmd: Any, cwd: Any = None, stdin: Any = None, runas: str | None = None,
        group: str | None = None, shell: str = DEFAULT_SHELL, python_shell: bool | None = None,
        env: Any = None, clean_env: bool = False, template: str | None = None,
        rstrip: bool = True, umask: Any = None, output_encoding: str | None = None,
        output_loglevel: str = "debug", log_callback: Any = None, hide_output: bool = False,
        timeout: Any = None, reset_system_locale: bool = True, ignore_retcode: bool = False,
        saltenv: Any = None, use_vt: bool = False, redirect_stderr: bool = True, bg: bool = False,
        password: Any = None, encoded_cmd: bool = False, raise_err: bool = False,
        prepend_path: str | None = None, success_retcodes: Any = None, success_stdout: Any = None,
        success_stderr: Any = None, **kwargs: Any) -> str:
    """
    Run a command and return what it wrote, errors included (redirect_stderr).

    With raise_err an exit code other than 0 is an error of the function.

    CLI Example: txsalt-cli '*' cmd.run "ls -l | awk '/foo/{print $2}'"
    """
    answer = run_for(globals(), locals())
    if raise_err and answer["retcode"] and not ignore_retcode:
        raise CommandExecutionError(answer["stdout"])
    return answer["stdout"]


def shell(cmd: Any, cwd: Any = None, stdin: Any = None, runas: str | None = None,
          group: str | None = None, shell: str = DEFAULT_SHELL, env: Any = None,
          clean_env: bool = False, template: str | None = None, rstrip: bool = True,
          umask: Any = None, output_encoding: str | None = None, output_loglevel: str = "debug",
          log_callback: Any = None, hide_output: bool = False, timeout: Any = None,
          reset_system_locale: bool = True, ignore_retcode: bool = False, saltenv: Any = None,
          use_vt: bool = False, bg: bool = False, password: Any = None,
          prepend_path: str | None = None, success_retcodes: Any = None,
          success_stdout: Any = None, success_stderr: Any = None, **kwargs: Any) -> str:
    """
    Run a command through a shell and return what it wrote, errors included.

    python_shell, redirect_stderr and raise_err are heeded as those of cmd.run.

    CLI Example: txsalt-cli '*' cmd.shell "ls -l | grep foo | wc -l"
    """
    given = locals()
    others = given.pop("kwargs")
    if others.get("python_shell") is None:
        others["python_shell"] = True
    return run(**given, **others)


def run_stdout(cmd: Any, cwd: Any = None, stdin: Any = None, runas: str | None = None,
               group: str | None = None, shell: str = DEFAULT_SHELL,
               python_shell: bool | None = None, env: Any = None, clean_env: bool = False,
               template: str | None = None, rstrip: bool = True, umask: Any = None,
               output_encoding: str | None = None, output_loglevel: str = "debug",
               log_callback: Any = None, hide_output: bool = False, timeout: Any = None,
               reset_system_locale: bool = True, ignore_retcode: bool = False,
               saltenv: Any = None, use_vt: bool = False, password: Any = None,
               prepend_path: str | None = None, success_retcodes: Any = None,
               success_stdout: Any = None, success_stderr: Any = None, **kwargs: Any) -> str:
    """Run a command and return its standard output only."""
    return run_for(globals(), locals(), redirect_stderr=False)["stdout"]


def run_stderr(cmd: Any, cwd: Any = None, stdin: Any = None, runas: str | None = None,
               group: str | None = None, shell: str = DEFAULT_SHELL,
               python_shell: bool | None = None, env: Any = None, clean_env: bool = False,
               template: str | None = None, rstrip: bool = True, umask: Any = None,
               output_encoding: str | None = None, output_loglevel: str = "debug",
               log_callback: Any = None, hide_output: bool = False, timeout: Any = None,
               reset_system_locale: bool = True, ignore_retcode: bool = False,
               saltenv: Any = None, use_vt: bool = False, password: Any = None,
               prepend_path: str | None = None, success_retcodes: Any = None,
               success_stdout: Any = None, success_stderr: Any = None, **kwargs: Any) -> str:
    """Run a command and return its standard error only."""
    return run_for(globals(), locals(), redirect_stderr=False)["stderr"]


def run_all(cmd: Any, cwd: Any = None, stdin: Any = None, runas: str | None = None,
            group: str | None = None, shell: str = DEFAULT_SHELL, python_shell: bool | None = None,
            env: Any = None, clean_env: bool = False, template: str | None = None,
            rstrip: bool = True, umask: Any = None, output_encoding: str | None = None,
            output_loglevel: str = "debug", log_callback: Any = None, hide_output: bool = False,
            timeout: Any = None, reset_system_locale: bool = True, ignore_retcode: bool = False,
            saltenv: Any = None, use_vt: bool = False, redirect_stderr: bool = False,
            password: Any = None, encoded_cmd: bool = False, prepend_path: str | None = None,
            success_retcodes: Any = None, success_stdout: Any = None, success_stderr: Any = None,
            **kwargs: Any) -> dict[str, Any]:
    """
    Run a command and return pid, retcode, stdout and stderr.

    CLI Example: txsalt-cli '*' cmd.run_all "ls -l"
    """
    return run_for(globals(), locals())


def retcode(cmd: Any, cwd: Any = None, stdin: Any = None, runas: str | None = None,
            group: str | None = None, shell: str = DEFAULT_SHELL, python_shell: bool | None = None,
            env: Any = None, clean_env: bool = False, template: str | None = None,
            umask: Any = None, output_encoding: str | None = None, output_loglevel: str = "debug",
            log_callback: Any = None, timeout: Any = None, reset_system_locale: bool = True,
            ignore_retcode: bool = False, saltenv: Any = None, use_vt: bool = False,
            password: Any = None, success_retcodes: Any = None, success_stdout: Any = None,
            success_stderr: Any = None, **kwargs: Any) -> int | None:
    """
    Run a command and return its exit code only; None in the background (bg).

    CLI Example: txsalt-cli '*' cmd.retcode "test -f /etc/passwd"
    """
    return run_for(globals(), locals(), redirect_stderr=True)["retcode"]


def run_bg(cmd: Any, cwd: Any = None, runas: str | None = None, group: str | None = None,
           shell: str = DEFAULT_SHELL, python_shell: bool | None = None, env: Any = None,
           clean_env: bool = False, template: str | None = None, umask: Any = None,
           timeout: Any = None, output_encoding: str | None = None,
           output_loglevel: str = "debug", log_callback: Any = None,
           reset_system_locale: bool = True, ignore_retcode: bool = False, saltenv: Any = None,
           password: Any = None, prepend_path: str | None = None, success_retcodes: Any = None,
           success_stdout: Any = None, success_stderr: Any = None,
           **kwargs: Any) -> dict[str, int]:
    """
    Start a command that outlives the job; return its pid, and never its output.

    CLI Example: txsalt-cli '*' cmd.run_bg "my-long-running-command"
    """
    return {"pid": run_for(globals(), locals(), bg=True)["pid"]}
