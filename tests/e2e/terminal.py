# SPDX-License-Identifier: Apache-2.0
"""A terminal for the tests: a program runs on a pty, and what it writes is shown on a screen as a terminal would show it.

Only what sqsflow uses is understood; any other control sequence is an error, so that none gets by unseen.
"""
import codecs
import fcntl
import functools
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
import unicodedata

from agent import BIN, environment, wait_until

SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


@functools.lru_cache(maxsize=None)
def columns_of(character):
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width(text):
    return sum(columns_of(c) for c in text)


class Screen:
    """Rows of cells, one per column: a character with what combines with it; "" behind a wide one. Those above the last
    `rows` have scrolled away and can be read but not be written to."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = [[]]
        self.row, self.column = 0, 0
        self.wraps = True

    @property
    def top(self):
        return max(0, len(self.lines) - self.rows)

    def resize(self, columns, rows):
        """A narrower terminal breaks long rows in two, as most do."""
        if columns < self.columns:
            broken, row = [], self.row
            for number, line in enumerate(self.lines):
                pieces = [line[i:i + columns] for i in range(0, len(line), columns)] or [[]]
                if number == self.row:
                    row = len(broken)
                broken += pieces
            self.lines, self.row = broken, row
        self.columns, self.rows = columns, rows

    def _combine(self, character):
        line = self.lines[self.row]
        at = min(self.column, len(line)) - 1
        while at >= 0 and line[at] == "":
            at -= 1
        if at >= 0:
            line[at] += character

    def _put(self, character):
        wide = columns_of(character)
        if wide == 0:
            self._combine(character)
            return
        if self.column + wide > self.columns:
            if not self.wraps:
                return
            self._newline()
            self.column = 0
        line, end = self.lines[self.row], self.column + wide
        line += [" "] * (self.column - len(line))
        self._split(line, self.column)
        self._split(line, end)
        line[self.column:end] = [character] + [""] * (wide - 1)
        self.column = end

    @staticmethod
    def _split(line, at):
        """A wide character of which one half goes is gone."""
        if at < len(line) and line[at] == "":
            line[at - 1:at + 1] = [" ", " "]

    def _newline(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append([])

    def _clear_line(self):
        line = self.lines[self.row]
        self._split(line, self.column)
        del line[self.column:]

    def _control(self, private, number, kind):
        if kind == "m":
            return
        if private and kind in "hl" and number == "7":
            self.wraps = kind == "h"
        elif kind == "A":
            self.row = max(self.top, self.row - int(number or 1))
        elif kind == "K" and not number:
            self._clear_line()
        elif kind == "J" and not number:
            self._clear_line()
            del self.lines[self.row + 1:]
        elif kind == "J" and number == "2":
            self.lines = [[]]
            self.row = 0
        elif kind == "H" and not number:
            self.row, self.column = self.top, 0
        else:
            raise AssertionError(f"a sequence that no terminal of ours knows: {private}{number}{kind}")

    def feed(self, text):
        """Shows the text. Returns what is left of a sequence that has not ended yet."""
        at = 0
        while at < len(text):
            c = text[at]
            if c == "\x1b":
                match = SEQUENCE.match(text, at)
                if not match:
                    if len(text) - at < 12:
                        return text[at:]
                    raise AssertionError(f"not a sequence: {text[at:at + 12]!r}")
                self._control(*match.groups())
                at = match.end()
                continue
            if c == "\r":
                self.column = 0
            elif c == "\n":
                self._newline()
            elif c < " ":
                raise AssertionError(f"a control character reached the terminal: {c!r}")
            else:
                self._put(c)
            at += 1
        return ""

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)


class Terminal:
    """sqsflow on a terminal. `written` is all it wrote, `screen` what a person sees of it."""

    def __init__(self, *arguments, columns=80, rows=24, env=None):
        self.screen = Screen(columns, rows)
        self.written = ""
        self.lock = threading.Lock()
        self.code = None
        self.error = None
        variables = environment(**{"TERM": "xterm-256color", "LANG": "C.UTF-8", **(env or {})})
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # The size is there before anything is drawn.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(BIN / "sqsflow", ["sqsflow", *map(str, arguments)], variables)
        self.ending, self.end_now = os.pipe()  # closed to end the reader
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        rest = ""
        try:
            while True:
                if self.ending in select.select([self.fd, self.ending], [], [])[0]:
                    return
                with self.lock: # what was read is on the screen, for whoever has the lock
                    try:
                        data = os.read(self.fd, 65536)
                    except OSError:
                        return
                    if not data:
                        return
                    text = decoder.decode(data)
                    self.written += text
                    rest = self.screen.feed(rest + text)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def stop(self):
        """Stops the program, as Ctrl-Z does; everything it wrote is on the screen then."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)

        def is_shown():
            with self.lock:
                return not select.select([self.fd], [], [], 0)[0]
        wait_until(is_shown, "the last picture")

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def text(self):
        with self.lock:
            return self.screen.text()

    def wait_text(self, *pieces):
        """Waits until the screen shows all of them at once, and returns what it shows."""
        def shown():
            if self.error:
                raise self.error
            text = self.text()
            return text if all(piece in text for piece in pieces) else None
        return wait_until(shown, lambda: f"{pieces} on the screen:\n{self.text()}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def resize(self, columns, rows):
        """Changes the size. A picture that is on its way in the old size may leave rows behind, as on any terminal."""
        with self.lock:
            self.screen.resize(columns, rows)
            fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def pictures(self):
        """How often the live view was drawn."""
        return self.written.count("\033[?7h")

    def wait(self, seconds=60):
        """The exit code, when everything it wrote is on the screen."""
        end = time.monotonic() + seconds
        while self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                os.kill(self.pid, 9)
                self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                raise AssertionError(f"still running after {seconds} s:\n{self.text()}")
            else:
                time.sleep(0.01)
        self.reader.join(max(0, end - time.monotonic()))
        if self.reader.is_alive():
            raise AssertionError(f"what it wrote is not on the screen after {seconds} s:\n{self.text()}")
        if self.error:
            raise self.error
        return self.code

    def close(self):
        """The reader ends before the descriptors do: their numbers are soon another terminal's, whose output it would take."""
        if self.code is None:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        os.close(self.end_now)
        self.reader.join()
        os.close(self.ending)
        os.close(self.fd)
