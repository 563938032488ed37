"""Process settings from the environment: `RECEIVER_NAME`, or `RECEIVER_NAME_FILE` for what must not stand in an environment."""

import os
import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from receiver.core.errors import ReceiverError

PREFIX = "RECEIVER_"
_PACKAGE = Path(__file__).parent


class SettingsError(ReceiverError):
    """Every wrong setting at once, with what to do."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("settings:\n" + "\n".join(f"  {f}" for f in faults))
        self.faults = tuple(faults)


class Settings(BaseModel):
    """All settings; field names are the environment names in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    data_dir: Path
    redis_url: str | None = None
    rules_dir: Path
    templates_dir: Path
    webhook_token: SecretStr | None = None
    telegram_token: SecretStr | None = None
    telegram_api_url: str = "https://api.telegram.org"
    telegram_mode: Literal["polling", "webhook", "off"] = "off"
    telegram_proxy: str | None = None
    public_url: str | None = None
    secret_key: SecretStr
    language: Literal["en", "ru"] = "en"
    timezone: str = "UTC"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    durability: Literal["strict", "relaxed"] = "strict"
    api_token: SecretStr | None = None
    named_secrets: Mapping[str, SecretStr] = {}
    origins: Mapping[str, str] = {}

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            raise ValueError(f"no time zone {name!r}: write an IANA name such as Europe/Moscow") from None
        return name

    @property
    def calendars_dir(self) -> Path:
        """Where the last good copies of calendars lie."""
        return self.data_dir / "calendars"

    def secret(self, name: str) -> str | None:
        """RECEIVER_SECRET_<name>, which rules files refer to as `secret: NAME`."""
        held = self.named_secrets.get(name)
        return held.get_secret_value() if held else None


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check everything; raises SettingsError."""
    values, origins, faults = _collect(environ)
    values.setdefault("data_dir", str(Path(environ.get("HOME", "/var/lib")) / ".local/share/incident-receiver"))
    values.setdefault("rules_dir", str(_first(Path("routing_rules"), _PACKAGE / "_routing_rules", _PACKAGE.parent / "routing_rules")))
    values.setdefault("templates_dir", str(_first(Path("message_templates"), _PACKAGE / "_message_templates", _PACKAGE.parent / "message_templates")))
    if values.get("telegram_token") and "telegram_mode" not in values:
        values["telegram_mode"] = "polling"
    _secret_key(values, faults)
    _reachable(values, faults)
    try:
        settings = Settings(**values, origins=origins)
    except ValidationError as fault:
        faults += [f"{PREFIX}{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in fault.errors()]
        raise SettingsError(faults) from None
    if faults:
        raise SettingsError(faults)
    return settings


def _collect(environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    known = set(Settings.model_fields) - {"named_secrets", "origins"}
    values: dict[str, Any] = {"named_secrets": {}}
    origins = dict.fromkeys(known, "default")
    faults: list[str] = []
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or not text:
            continue
        name, value, origin = variable.removeprefix(PREFIX), text, variable
        if name.endswith("_FILE"):
            name = name.removesuffix("_FILE")
            try:
                value = Path(text).read_text().strip()
            except OSError as fault:
                faults.append(f"{variable}: can't read {text}: {fault.strerror}")
                continue
        if name.startswith("SECRET_") and name != "SECRET_KEY":
            values["named_secrets"][name.removeprefix("SECRET_")] = value
        elif name.lower() in known:
            values[name.lower()], origins[name.lower()] = value, origin
        else:
            faults.append(f"{variable}: no such setting; `receiver doctor` lists them")
    return values, origins, faults


def _secret_key(values: dict[str, Any], faults: list[str]) -> None:
    """Given, or (embedded store only) made once and kept in the data directory."""
    if values.get("secret_key"):
        return
    if values.get("redis_url"):
        faults.append(f"{PREFIX}SECRET_KEY: required with {PREFIX}REDIS_URL, the same on every replica; any 32 random characters")
        values["secret_key"] = "missing"  # noqa: S105 - the fault above stops the start
        return
    path = Path(values["data_dir"]) / "secret_key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(32))
        values["secret_key"] = path.read_text().strip()
    except OSError as fault:
        faults.append(f"{PREFIX}DATA_DIR: can't keep the secret key in {path}: {fault.strerror}")
        values["secret_key"] = "missing"  # noqa: S105 - the fault above stops the start


def _reachable(values: dict[str, Any], faults: list[str]) -> None:
    host = values.get("host", "127.0.0.1")
    try:
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback and not values.get("webhook_token"):
        faults.append(f"{PREFIX}WEBHOOK_TOKEN: required to serve {host}; without it only loopback is served")


def _first(*candidates: Path) -> Path:
    return next((c for c in candidates if c.is_dir()), candidates[0])
