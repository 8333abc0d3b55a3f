"""PyYAML's scanner with the lines and the tabs of YAML 1.2 instead of YAML 1.1's."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

import yaml
from yaml.scanner import ScannerError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Problems that PyYAML does not know.
INDENTED_BY_TAB = "a tab that indents"
HALF_A_CHARACTER = "half a character"

_UTF_16 = codecs.lookup("utf-16-le")  # here, so that reading a spec imports nothing
# Escapes in double quotes: two halves of a character, one half alone (the group), any other.
_ESCAPE = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\(?:u|U0000)[dD][89a-fA-F]..)|\\.", re.DOTALL)
_DIRECTIVE = "%YAML0123456789. \t"
_BREAKS_OF_1_1 = "\x85\u2028\u2029"  # next line, line separator, paragraph separator: ordinary characters of YAML 1.2


def parse(text: str) -> Iterator[yaml.Event]:
    """Yield the events of a text; their places are those of YAML 1.2."""
    spare = (chr(code) for code in range(0xF0000, 0x110000) if chr(code) not in text)  # 131,072 private characters
    hidden = {ord(c): next(spare) for c in _BREAKS_OF_1_1 if c in text}
    shown = {ord(stand_in): chr(code) for code, stand_in in hidden.items()}
    for event in yaml.parse(text.translate(hidden), Loader=_Loader):
        if isinstance(event, yaml.ScalarEvent):
            event.value = event.value.translate(shown)
        yield event


def _move(mark: yaml.Mark, by: int) -> yaml.Mark:
    """Return another place on the line of a mark."""
    return yaml.Mark(mark.name, mark.index + by, mark.line, mark.column + by, mark.buffer, mark.pointer + by)


class _Loader(yaml.SafeLoader):
    """Takes a tab wherever YAML 1.2 does: between tokens, never as indentation of a block (YAML 1.2.2, section 6.1).

    Within brackets a tab may begin a line at any depth, where the grammar wants spaces before it in an indented block.
    """

    def scan_to_next_token(self) -> None:
        while True:
            self._skip(" ")
            if self.peek() == "\t":
                tab = self.get_mark()
                self._skip(" \t")
                if (
                    tab.column <= self.indent
                    and not self.flow_level
                    and self._is_indentation(tab)
                    and not self._at_end()
                ):
                    raise ScannerError(None, None, INDENTED_BY_TAB, tab)
            if self.peek() == "#":
                while self.peek() not in "\0\r\n":
                    self.forward()
            if not self._skip_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain_spaces(self, indent: int, start_mark: yaml.Mark) -> list[str]:  # noqa: ARG002 - PyYAML's signature
        """Return what stands between two words of a plain scalar: white space, or line breaks, folded."""
        spaces = self._skip(" \t")
        breaks = 0
        while self._skip_break():
            breaks += 1
            self.allow_simple_key = True
            if self.prefix(3) in {"---", "..."} and self.peek(3) in "\0 \t\r\n":
                return []
            self._skip(" ")
            if self.flow_level or self.column >= indent or self.peek(self._count(" \t")) in "\r\n":
                self._skip(" \t")
        if breaks:
            return [" "] if breaks == 1 else ["\n"] * (breaks - 1)
        return [spaces] if spaces else []

    def scan_block_scalar_indicators(self, start_mark: yaml.Mark) -> tuple[bool | None, int | None]:
        self._untab("-+0123456789 \t")
        return super().scan_block_scalar_indicators(start_mark)

    def scan_directive(self) -> yaml.DirectiveToken:
        self._untab(_DIRECTIVE)
        return super().scan_directive()

    def scan_flow_scalar_non_spaces(self, double: bool, start_mark: yaml.Mark) -> list[str]:
        """Return text of a quoted scalar; two escaped halves of a character side by side, as in JSON, are one."""
        mark = self.get_mark()
        try:
            text = "".join(super().scan_flow_scalar_non_spaces(double, start_mark))
            return [_UTF_16.decode(_UTF_16.encode(text, "surrogatepass")[0])[0]]
        except UnicodeDecodeError:
            written = self.buffer[mark.index : self.pointer]
            lone = next((m.start() for m in _ESCAPE.finditer(written) if m[1]), 0)
            raise ScannerError(None, None, HALF_A_CHARACTER, _move(mark, lone)) from None
        except (ValueError, OverflowError):  # beyond Unicode's last character
            raise ScannerError(None, None, "found unknown escape character", self.get_mark()) from None

    def fetch_block_entry(self) -> None:
        self._refuse_tab_before(self.get_mark())
        super().fetch_block_entry()

    def fetch_key(self) -> None:
        self._refuse_tab_before(self.get_mark())
        super().fetch_key()

    def fetch_value(self) -> None:
        key = self.possible_simple_keys.get(self.flow_level)
        self._refuse_tab_before(key.mark if key else self.get_mark())
        super().fetch_value()

    def _refuse_tab_before(self, mark: yaml.Mark) -> None:
        """Raise for what begins a list or a mapping of a block with a tab in its indentation."""
        before = self.buffer[mark.index - mark.column : mark.index]
        if "\t" in before and not self.flow_level and not before.strip(" \t-?:"):
            raise ScannerError(None, None, INDENTED_BY_TAB, _move(mark, before.index("\t") - mark.column))

    def _is_indentation(self, mark: yaml.Mark) -> bool:
        """Return whether there are only spaces before a place on its line."""
        return not self.buffer[mark.index - mark.column : mark.index].strip(" ")

    def _at_end(self) -> bool:
        """Return whether there is nothing more on this line but a comment."""
        return self.peek() in "#\0\r\n"

    def _count(self, characters: str) -> int:
        length = 0
        while self.peek(length) in characters:
            length += 1
        return length

    def _skip(self, characters: str) -> str:
        """Pass these characters, and return them."""
        passed = str(self.prefix(self._count(characters)))
        self.forward(len(passed))
        return passed

    def _untab(self, characters: str) -> None:
        """Make the tabs among these characters spaces, where PyYAML looks for no tab and none is content."""
        end = self.pointer + self._count(characters)
        self.buffer = (
            self.buffer[: self.pointer] + self.buffer[self.pointer : end].replace("\t", " ") + self.buffer[end:]
        )

    def _skip_break(self) -> bool:
        """Pass a line break if there is one; return whether there was."""
        length = 2 if self.prefix(2) == "\r\n" else int(self.peek() in "\r\n")
        self.forward(length)
        return length > 0
