"""Read the parts of an Office Open XML package (a zip of XML files), within limits."""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from askdocs.errors import UnreadableSourceError

MAX_UNPACKED_BYTES = 256 * 1024 * 1024
"""What all parts of a package that are read may hold together."""

_CONTAINER_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_IS_ENCRYPTED = 1
# The standard allows no other compression, and zipfile cannot unpack another in small steps.
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError,
    ET.ParseError, LookupError, ValueError,
)  # fmt: skip


class Package:
    """The parts of a package by name; only those asked for are unpacked, in memory.

    Tags lose their namespaces, so that the strict and the transitional form read the same.
    """

    def __init__(self, content: bytes, *, suffix: str) -> None:
        """Read the directory of a package.

        Args:
            content: The file.
            suffix: The ending that it has, for messages.

        Raises:
            UnreadableSourceError: It is encrypted, or not a package.
        """
        self._foreign = UnreadableSourceError(f"not a {suffix} file", skipped=False)
        self._unread_bytes = MAX_UNPACKED_BYTES
        # An encrypted document is wrapped in the container that older formats are written in.
        if content.startswith(_CONTAINER_MARK):
            raise _needs_password() if _ENCRYPTED in content else self._foreign
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise self._foreign from error

    def main_part(self, root_tag: str) -> tuple[str, Element]:
        """Return the name and the root of the part that the others belong to.

        Raises:
            UnreadableSourceError: There is no such part, or its root has another tag.
        """
        name = self.related("", "officeDocument")
        root = self.part(name)
        if root is None or root.tag != root_tag:
            raise self._foreign
        return name, root

    def related(self, part: str, kind: str) -> str:
        """Return the name of the part that is related to a part; empty if there is none.

        Args:
            part: The name of a part; empty for the package itself.
            kind: The last word of the relationship's type, such as `styles`.
        """
        folder, name = posixpath.split(part)
        relationships = self.part(posixpath.join(folder, "_rels", f"{name}.rels"))
        for each in () if relationships is None else relationships:
            is_kind = each.get("Type", "").rpartition("/")[2] == kind
            if is_kind and each.get("TargetMode") != "External":
                return posixpath.normpath(posixpath.join("/", folder, each.get("Target", "")))[1:]
        return ""

    def part(self, name: str) -> Element | None:
        """Return the root of a part; None if the package has no part of this name.

        Raises:
            UnreadableSourceError: It is encrypted, damaged, too large, or declares a document type.
        """
        try:
            entry = self._archive.getinfo(name)
        except KeyError:
            return None
        if entry.flag_bits & _IS_ENCRYPTED:
            raise _needs_password()
        damaged = UnreadableSourceError(f"damaged: {name} cannot be read", skipped=False)
        if entry.compress_type not in _COMPRESSIONS:
            raise damaged
        self._unread_bytes -= entry.file_size
        if self._unread_bytes < 0:
            megabytes = MAX_UNPACKED_BYTES // 1024**2
            raise UnreadableSourceError(f"larger than {megabytes} MiB when unpacked", skipped=False)
        try:
            with self._archive.open(name=entry, mode="r") as file:
                # Asked for all, zipfile unpacks more than declared before it cuts that off.
                return _parsed(file.read(entry.file_size))
        except _DAMAGE as error:
            raise damaged from error


def value_of(element: Element | None, name: str = "val") -> str:
    """Return an attribute by its name without a namespace; empty if there is none."""
    attributes: Iterator[tuple[str, str]] = iter(() if element is None else element.items())
    return next((value for key, value in attributes if key.rpartition("}")[2] == name), "")


def _needs_password() -> UnreadableSourceError:
    return UnreadableSourceError("needs a password", skipped=False)


def _parsed(xml: bytes) -> Element:
    """Return the root of an XML text whose entities cannot expand: no package declares any."""
    root = ET.fromstring(xml, ET.XMLParser(target=_Tree()))  # noqa: S314 - no entities to expand
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


class _Tree(ET.TreeBuilder):
    """Refuses a document type, which comes before its entities."""

    def doctype(self, name: str, *_: object) -> None:
        raise UnreadableSourceError(f"declares a document type ({name})", skipped=False)
