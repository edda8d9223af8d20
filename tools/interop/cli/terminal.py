"""zk-cli at a terminal: completion, history, editing, Ctrl-C, events above the prompt, colours.

usage: terminal.py NODE ZK_CLI SERVER
"""

import itertools
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

NODE, ENTRY, SERVER = sys.argv[1:4]
DEADLINE_S = 20
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A shell behind a pseudo-terminal; what it prints is kept until somebody waits for it."""

    def __init__(self, history, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm", "ZK_CLI_HISTORY": history, "COLUMNS": "200", "LINES": "50"})
            os.environ.pop("NO_COLOR", None)
            os.execv(NODE, [NODE, ENTRY, "-server", SERVER, *args])
        self.raw = ""
        self.at = 0
        self.code = None

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += data.decode("utf-8", "replace")
        return data != b""

    def type(self, text):
        os.write(self.fd, text.encode())

    def expect(self, pattern, seconds=DEADLINE_S):
        """Waits for text that matches, from where the last match ended; escapes do not count."""
        deadline = time.monotonic() + seconds
        while True:
            text = ESCAPES.sub("", self.raw)
            found = re.compile(pattern).search(text, self.at)
            if found:
                self.at = found.end()
                return found
            if time.monotonic() > deadline or not self.read(0.2):
                raise AssertionError(f"{pattern!r} did not come; there was {text[self.at:]!r}")

    def provoke(self, attempt, pattern):
        """For what nothing shows that the shell is ready for it: attempts it until the text comes that it brings about."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            attempt()
            try:
                return self.expect(pattern, 1)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise

    def prompt(self):
        return self.expect(r"\[zk: [^\]]*\(CONNECTED\) (\d+)\] ")

    def command(self, line):
        self.type(line + "\r")
        found = self.expect(r"\r\n")
        return found

    def end(self):
        deadline = time.monotonic() + DEADLINE_S
        while self.read(0.2) and time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                self.code = os.waitstatus_to_exitcode(status)
                return self.code
        if self.code is None:
            _, status = os.waitpid(self.pid, 0)
            self.code = os.waitstatus_to_exitcode(status)
        return self.code


def one_shot(*args):
    done = subprocess.run([NODE, ENTRY, "-server", SERVER, *args], capture_output=True, text=True, timeout=60)
    return done.stdout


def check(sentence, test):
    try:
        test()
        print(f"ok {sentence}", flush=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the detail of a failure
        print(f"not ok {sentence}: {error}".replace("\n", " "), flush=True)


def connected(terminal):
    """The first prompt may still say CONNECTING; an empty line brings the next one."""
    terminal.expect(r"Welcome to ZooKeeper!")
    terminal.expect(r"SyncConnected")
    terminal.prompt()


def main():
    one_shot("deleteall", "/terminal")
    one_shot("create", "-p", "/terminal/alpha/one")
    one_shot("create", "-p", "/terminal/alpine")
    one_shot("create", "-p", "/terminal/beta")
    history = os.path.join(tempfile.mkdtemp(), "history")
    shell = Terminal(history)

    def greets():
        connected(shell)

    def completes_commands():
        shell.type("getAllC\t")
        shell.expect("getAllChildrenNumber ")
        shell.type("/terminal\r")
        shell.expect(r"\r\n4\r\n")
        shell.prompt()

    def completes_paths():
        shell.type("ls /term\t")
        shell.expect("/terminal/")
        shell.type("al\t")
        # Both begin with alp: the common part is filled in.
        shell.expect("alp")
        shell.type("h\t")
        shell.expect("ha/")
        shell.type("\t")
        shell.expect("one")
        shell.type("\r")
        shell.expect(r"\[\]")
        shell.prompt()

    def lists_candidates():
        def tabs_twice():
            # On a line of its own each time: a tab that comes in one piece with the next is taken as pasted, and stays.
            shell.type("\x15ls /terminal/")
            shell.expect("ls /terminal/")
            shell.type("\t")
            time.sleep(0.5)
            shell.type("\t")

        shell.provoke(tabs_twice, r"/terminal/alpha\s+/terminal/alpine\s+/terminal/beta")
        shell.type("\x15")
        shell.type("\r")
        shell.prompt()

    def completes_options():
        shell.type("get --b\t")
        shell.expect("--base64 ")
        shell.type("/terminal/beta\r")
        shell.expect("bnVsbA==")
        shell.prompt()

    def recalls():
        shell.type("create /terminal/once first\r")
        shell.expect("Created /terminal/once")
        shell.prompt()
        shell.type("\x1b[A\r")
        shell.expect("Node already exists: /terminal/once")
        shell.prompt()

    def shows_events():
        shell.type("addWatch /terminal/beta\r")
        shell.prompt()
        shell.type("ls /terminal/al")
        shell.expect("ls /terminal/al")
        one_shot("set", "/terminal/beta", "new")
        shell.expect(r"WatchedEvent state:SyncConnected type:NodeDataChanged path:/terminal/beta")
        # The prompt comes back, with what was typed behind it.
        shell.expect(r"\] ls /terminal/al")
        shell.type("pine\r")
        shell.expect(r"\[\]")
        shell.prompt()

    def interrupts_line():
        shell.type("delete /terminal/al")
        shell.expect("delete /terminal/al")
        shell.type("\x03")
        shell.expect(r"\^C")
        shell.prompt()
        shell.type("ls /terminal/beta\r")
        shell.expect(r"\[\]")
        shell.prompt()

    def interrupts_command():
        shell.type("watch /terminal\r")
        values = itertools.count()
        shell.provoke(lambda: one_shot("set", "/terminal/beta", f"newer-{next(values)}"), r"dataChanged\s+/terminal/beta")
        shell.type("\x03")
        shell.prompt()
        shell.type("ls /terminal/beta\r")
        shell.expect(r"\[\]")
        shell.prompt()

    def lends_terminal():
        shell.type("lock /terminal/lock -- sh -c 'echo ready; read line; echo got $line'\r")
        shell.expect(r"\nready")
        shell.type("hello\r")
        shell.expect("got hello")
        shell.prompt()
        shell.type("lock /terminal/lock -- sh -c 'echo ready; sleep 60'\r")
        shell.expect(r"\nready")
        shell.type("\x03")
        shell.prompt()
        shell.type("ls /terminal/beta\r")
        shell.expect(r"\[\]")
        shell.prompt()

    def colours():
        before = len(shell.raw)
        shell.type("tree /terminal\r")
        shell.expect("znodes")
        shell.prompt()
        assert "\x1b[34m" in shell.raw[before:], "no colour at a terminal"
        assert "\x1b" not in one_shot("tree", "/terminal"), "colour in a pipe"

    def keeps_no_secrets():
        shell.type("addauth digest me:secret\r")
        shell.prompt()
        shell.type("\x04")
        assert shell.end() == 0, f"exit code {shell.code}"
        with open(history, encoding="utf-8") as kept:
            lines = kept.read()
        assert "getAllChildrenNumber /terminal" in lines, lines
        assert "secret" not in lines, lines
        assert os.stat(history).st_mode & 0o077 == 0, "others can read it"

    def remembers():
        later = Terminal(history)
        connected(later)
        later.type("\x1b[A")
        later.expect(r"tree /terminal")
        later.type("\x15")
        later.type("get /terminal/nothing\r")
        later.expect("Node does not exist")
        later.prompt()
        later.type("quit\r")
        assert later.end() == 4, f"exit code {later.code}"

    def ends_on_two_interrupts():
        later = Terminal(history)
        connected(later)
        later.type("\x03")
        later.expect("Once more")
        later.prompt()
        later.type("\x03")
        assert later.end() == 130, f"exit code {later.code}"

    def shows_progress():
        import_file = os.path.join(tempfile.mkdtemp(), "tree.jsonl")
        one_shot("export", "/terminal", import_file)
        later = Terminal(history, "import", import_file, "/terminal-copy")
        later.expect(r"import .*\d+/\d+ znodes")
        later.expect(r"\d+ created")
        assert later.end() == 0, f"exit code {later.code}"

    def interrupts_lock():
        later = Terminal(history, "lock", "/terminal/lock", "--", "sleep", "60")
        deadline = time.monotonic() + DEADLINE_S
        while "holds" not in one_shot("recipes", "/terminal/lock"):
            assert time.monotonic() < deadline, "never held"
            later.read(0.1)
        os.kill(later.pid, signal.SIGTERM)
        assert later.end() == 143, f"exit code {later.code}"
        # The parent is a container: it may have gone with the last contender.
        left = one_shot("ls", "/terminal/lock").strip()
        assert left in ("", "[]"), f"the lock is still held: {left}"

    check("at a terminal: greets, and shows the state in its prompt", greets)
    check("at a terminal: completes commands", completes_commands)
    check("at a terminal: completes paths", completes_paths)
    check("at a terminal: lists what may be meant", lists_candidates)
    check("at a terminal: completes options", completes_options)
    check("at a terminal: recalls the line before", recalls)
    check("at a terminal: shows events above what is being typed", shows_events)
    check("at a terminal: Ctrl-C gives up a line", interrupts_line)
    check("at a terminal: Ctrl-C ends a command, not the shell", interrupts_command)
    check("at a terminal: lends it to a program that runs under a lock, and takes it back", lends_terminal)
    check("at a terminal: has colours, which a pipe has not", colours)
    check("at a terminal: Ctrl-D ends, and the history file holds no secrets", keeps_no_secrets)
    check("at a terminal: remembers the lines of an earlier shell, and ends with the last exit code", remembers)
    check("at a terminal: two Ctrl-C on an empty line end", ends_on_two_interrupts)
    check("at a terminal: shows how far an import has come", shows_progress)
    check("at a terminal: a signal ends what runs under a lock, and gives the lock back", interrupts_lock)
    one_shot("deleteall", "/terminal")
    one_shot("deleteall", "/terminal-copy")
    print("done", flush=True)


main()
