"""The settings that an index would be made with otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from askdocs import files
from askdocs.datamodel import PACKAGED_REVISIONS, ChangedSetting, Manifest, PassageSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSettings:
    """What an index shall have been made with, as far as somebody says.

    Attributes:
        model: The name of the model, or its folder; None for whatever the index records.
        max_tokens: The longest passage; None for whatever the index records.
    """

    model: str | None = None
    max_tokens: int | None = None


def changed_settings(
    manifest: Manifest, wanted: WantedSettings, base: Path
) -> Iterator[ChangedSetting]:
    """The settings that an index would be made with otherwise, in order of name."""
    cut, rules = manifest.passages, PassageSettings().rules
    if wanted.max_tokens not in {None, cut.max_tokens}:
        yield _changed("max-tokens", cut.max_tokens, wanted.max_tokens)
    model = manifest.model
    name = wanted.model or model.name
    if _is_same_model(name, model.name, base):
        name = model.name
    revision = PACKAGED_REVISIONS.get(name, model.revision if name == model.name else "")
    if (name, revision) != (model.name, model.revision):
        yield _changed("model", _model(model.name, model.revision), _model(name, revision))
    if cut.rules != rules:
        yield _changed("passages", f"rules {cut.rules}", f"rules {rules}")


def _is_same_model(name: str, recorded: str, base: Path) -> bool:
    """Whether a model is the recorded one: a folder is recorded relative to the base."""
    if name == recorded or name in PACKAGED_REVISIONS:
        return name == recorded
    # Not whether there is such a folder: where an index is checked the model need not be.
    return files.relative_root(Path(name), base) == recorded.removeprefix("./")


def _model(name: str, revision: str) -> str:
    return f"{name} ({revision})" if revision else name


def _changed(name: str, indexed: object, wanted: object) -> ChangedSetting:
    return ChangedSetting(name=name, indexed=str(indexed), wanted=str(wanted))
