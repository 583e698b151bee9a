"""A file of Python source as its lines, each with its own line end, and lines put between them.

Everything else stays as it is, to the byte: encoding, byte order mark, line ends, tabs, a last line without an end.
"""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

#: What Python ends a line at. `str.splitlines` knows more, which Python takes for text.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class Unreadable(Exception):
    """Python does not take it for source."""


@dataclass(frozen=True, order=True)
class Insertion:
    """Lines to stand after so many of a file's own; without line ends, which the file knows."""

    after: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A file's lines, and what its bytes were made with."""

    lines: tuple[str, ...]
    encoding: str
    mark: bytes

    @classmethod
    def of(cls, data: bytes) -> Source:
        """Of a file's bytes."""
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        try:
            told, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            encoding = "utf-8" if mark else told
            text = data[len(mark) :].decode(encoding)
        except (SyntaxError, UnicodeDecodeError, LookupError) as error:
            raise Unreadable(f"its encoding is not what it says: {error}") from error
        source = cls(tuple(_LINE.findall(text)), encoding, mark)
        if source.data() != data:
            raise Unreadable(f"read as {encoding} and written again it is not the same")
        return source

    def data(self) -> bytes:
        """The file's bytes."""
        return self.mark + "".join(self.lines).encode(self.encoding)

    def tree(self) -> ast.Module:
        """What Python reads in it."""
        try:
            # What a file is warned of is not ours to tell.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse("".join(self.lines))
                # Some faults are seen by the second look only.
                compile(tree, "source", "exec", dont_inherit=True)
            return tree
        except (SyntaxError, ValueError, RecursionError) as error:
            raise Unreadable(f"Python cannot read it: {error}") from error

    def line(self, number: int) -> str:
        """A line without its end; the first is 1."""
        return self.lines[number - 1].rstrip("\r\n")

    def comments(self) -> Iterable[tuple[int, str]]:
        """Each comment, with the number of its line."""
        # Lines may end in any of three ways, of which not each tokenizer knows all.
        plain = iter([self.line(number) + "\n" for number in range(1, len(self.lines) + 1)])
        try:
            for token in tokenize.generate_tokens(lambda: next(plain, "")):
                if token.type == tokenize.COMMENT:
                    yield token.start[0], token.string
        except (SyntaxError, tokenize.TokenError) as error:
            raise Unreadable(f"Python cannot read it: {error}") from error

    def with_lines(self, insertions: Iterable[Insertion]) -> Source:
        """With lines put in, each ended as the line before it."""
        lines: list[str] = []
        done = 0
        for insertion in sorted(insertions):
            lines += self.lines[done : insertion.after]
            done = insertion.after
            near = lines[-1] if lines else self.lines[0] if self.lines else ""
            if lines and not _end(near):
                # The last line has no end, and the last that is put in has none either.
                end = next((found for found in map(_end, reversed(lines)) if found), "\n")
                lines[-1] += end
                lines += [line + end for line in insertion.lines[:-1]] + [insertion.lines[-1]]
            else:
                lines += [line + (_end(near) or "\n") for line in insertion.lines]
        return Source((*lines, *self.lines[done:]), self.encoding, self.mark)

    def without_lines(self, numbers: Iterable[int]) -> Source:
        """Without these lines: what it was before they were put in."""
        gone = set(numbers)
        kept = [line for number, line in enumerate(self.lines, 1) if number not in gone]
        count = len(self.lines)
        if kept and count in gone and not _end(self.lines[-1]):
            kept[-1] = kept[-1].rstrip("\r\n")
        return Source(tuple(kept), self.encoding, self.mark)


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]
