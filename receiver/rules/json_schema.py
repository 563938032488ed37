"""One JSON Schema per rules file, for editors; made from the same models that check the files."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from receiver.rules.load import FILES
from receiver.rules.schema_examples import ExamplesFile

SCHEMA_DIRECTORY = ".schema"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


class _Generator(GenerateJsonSchema):
    """Defaults as they are written in YAML, and keys that are checked like values."""

    def encode_default(self, dft: Any) -> Any:
        """Write a default as the file would hold it."""
        if isinstance(dft, BaseModel):
            return None
        return _written(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave out defaults that only say that nothing is there, or that are whole mappings."""
        made = super().default_schema(schema)
        if made.get("default") in (None, ""):
            made.pop("default", None)
        return made

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Refuse keys that are not names, which `patternProperties` alone would let through."""
        made = super().dict_schema(schema)
        if "patternProperties" in made:
            made["additionalProperties"] = False
        return made


def schema_texts() -> Mapping[str, str]:
    """The file names inside `.schema/` and their texts."""
    models: dict[str, type[BaseModel]] = {**{name.removesuffix(".yaml"): model for name, model in FILES.items()}, "examples": ExamplesFile}
    return {f"{name}.json": _text(name, model) for name, model in models.items()}


def _text(name: str, model: type[BaseModel]) -> str:
    made = {"$schema": _DRAFT, **model.model_json_schema(by_alias=True, schema_generator=_Generator, mode="validation")}
    made["title"] = f"{name}.yaml" if name != "examples" else "examples/*.yaml"
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def _written(length: timedelta) -> str:
    left = int(length.total_seconds())
    parts = []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0"
