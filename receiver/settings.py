"""Process settings from the environment: `RECEIVER_NAME`, or `RECEIVER_NAME_FILE` for what must not stand in an environment."""

import difflib
import os
import re
import secrets
from collections.abc import Collection, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from receiver.core.errors import ReceiverError

PREFIX = "RECEIVER_"
_PACKAGE = Path(__file__).parent
_REF = r"^[A-Za-z0-9_][A-Za-z0-9_+-]*([./][A-Za-z0-9_+-]+)*$"
_INSIDE = r"^([A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?$"
_GIT_URL = re.compile(r"(file:///|https://|ssh://|/)[^\s-]\S*|[A-Za-z0-9_.-]+@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s:-]\S*")


_STORE = re.compile(r"rediss?://\S*|unix://\S+|redis\+sentinel://\S+/\S+|redis\+cluster://\S+")
_MAILBOX = re.compile(r"[^\s@<>,;]+@[A-Za-z0-9.-]+|[^<>\r\n]{1,100}<[^\s@<>,;]+@[A-Za-z0-9.-]+>")


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
    rules_git_url: SecretStr | None = None
    rules_git_ref: str = Field(default="main", pattern=_REF)
    rules_git_path: str = Field(default="", pattern=_INSIDE)
    rules_git_interval: int = Field(default=60, ge=1, le=86_400)
    rules_git_verify: Literal["off", "signed"] = "off"
    rules_git_allowed_signers: Path | None = None
    rules_git_allow_force: bool = False
    webhook_token: SecretStr | None = None
    telegram_token: SecretStr | None = None
    telegram_api_url: str = "https://api.telegram.org"
    telegram_mode: Literal["polling", "webhook", "off"] = "off"
    telegram_proxy: str | None = None
    alertmanager_urls: SecretStr | None = None
    heartbeat_url: SecretStr | None = None
    canary_chat: int | None = None
    prometheus_url: SecretStr | None = None
    smtp_url: SecretStr | None = None
    smtp_from: str | None = None
    smtp_dkim_selector: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,63}$")
    pagerduty_api_url: str = Field(default="https://events.pagerduty.com", pattern=r"^https?://[^\s/]+/?$")
    telegram_public_token: SecretStr | None = None
    public_url: str | None = None
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    status_bounces: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,12}@[A-Za-z0-9.-]+$")
    status_url: str | None = Field(default=None, pattern=r"^https?://[^\s/@?#]+/?$")
    secret_key: SecretStr
    language: Literal["en", "ru"] = "en"
    timezone: str = "UTC"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    durability: Literal["strict", "relaxed"] = "strict"
    api_token: SecretStr | None = None
    record_days: int = Field(default=7, ge=1, le=366)
    record_mib: int = Field(default=256, ge=1, le=1_048_576)
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

    @field_validator("redis_url")
    @classmethod
    def _store(cls, url: str | None) -> str | None:
        if url and not _is_store(url):
            raise ValueError("not a store: write redis://HOST:6379, rediss://…, unix:///PATH, redis+sentinel://HOST:26379/SERVICE or redis+cluster://HOST:6379")
        return url

    @field_validator("alertmanager_urls")
    @classmethod
    def _peers(cls, text: SecretStr | None) -> SecretStr | None:
        if text and not all(re.fullmatch(r"https?://[^\s/@,]+(@[^\s/@,]+)?(/[^\s,]*)?", one) for one in _listed(text)):
            raise ValueError("write addresses like http://alertmanager-1:9093, separated by commas")
        return text

    @field_validator("heartbeat_url")
    @classmethod
    def _checker(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", url.get_secret_value()):
            raise ValueError("write the address that the checker outside gave you")
        return url

    @property
    def peers(self) -> tuple[str, ...]:
        """Alertmanager's addresses, those of a pair side by side."""
        return tuple(one.rstrip("/") for one in _listed(self.alertmanager_urls)) if self.alertmanager_urls else ()

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not _is_mail_server(url.get_secret_value()):
            raise ValueError("not a mail server: write smtp://USER:PASSWORD@HOST:587, smtps://USER:PASSWORD@HOST:465, or smtp://HOST:25?starttls=off")
        return url

    @field_validator("smtp_from")
    @classmethod
    def _mailbox(cls, text: str | None) -> str | None:
        if text and not _MAILBOX.fullmatch(text):
            raise ValueError("not a sender: write incidents@example.com, or Incidents <incidents@example.com>")
        return text

    @property
    def page_url(self) -> str:
        """Where customers find `/status`, without a slash at the end: STATUS_URL, else PUBLIC_URL, else this address."""
        return (self.status_url or self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def status_dir(self) -> Path:
        """Where the static copy of the status page lies."""
        return self.data_dir / "status"

    @property
    def calendars_dir(self) -> Path:
        """Where the last good copies of calendars lie."""
        return self.data_dir / "calendars"

    @field_validator("rules_git_url")
    @classmethod
    def _git(cls, url: SecretStr | None) -> SecretStr | None:
        if url and (not _GIT_URL.fullmatch(url.get_secret_value()) or urlsplit(url.get_secret_value()).port == 0):
            raise ValueError("not a git address: write https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or file:///PATH")
        return url

    @field_validator("prometheus_url")
    @classmethod
    def _web(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not (url.get_secret_value().startswith(("http://", "https://")) and urlsplit(url.get_secret_value()).hostname):
            raise ValueError("not a web address: write http://HOST:9090 or https://HOST")
        return url

    def secret(self, name: str) -> str | None:
        """RECEIVER_SECRET_<name>, which rules files refer to as `secret: NAME`."""
        held = self.named_secrets.get(name)
        return held.get_secret_value() if held else None


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check everything; raises SettingsError."""
    values, origins, faults = _collect(environ)
    values.setdefault("data_dir", str(Path(environ.get("HOME", "/var/lib")) / ".local/share/incident-receiver"))
    values.setdefault("rules_dir", str(directory_of("routing_rules", environ)))
    values.setdefault("templates_dir", str(directory_of("message_templates", environ)))
    if values.get("telegram_token") and "telegram_mode" not in values:
        values["telegram_mode"] = "polling"
    _secret_key(values, faults)
    _reachable(values, faults)
    if bool(values.get("smtp_url")) != bool(values.get("smtp_from")):
        faults.append(f"{PREFIX}SMTP_URL: needs {PREFIX}SMTP_FROM beside it, the mailbox that sends; and the other way round")
    if values.get("rules_git_verify") == "signed" and not values.get("rules_git_allowed_signers"):
        faults.append(f"{PREFIX}RULES_GIT_ALLOWED_SIGNERS: required with {PREFIX}RULES_GIT_VERIFY=signed; a file as ssh-keygen reads it")
    try:
        settings = Settings(**values, origins=origins)
    except ValidationError as fault:
        faults += [f"{PREFIX}{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in fault.errors()]
        raise SettingsError(faults) from None
    if faults:
        raise SettingsError(faults)
    return settings


def _listed(text: SecretStr) -> list[str]:
    return [one.strip() for one in text.get_secret_value().split(",") if one.strip()]


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
            faults.append(f"{variable}: no such setting, {_meant(name, known)}")
    return values, origins, faults


def _meant(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name.lower(), sorted(known), n=1)
    return f"did you mean {PREFIX}{close[0].upper()}?" if close else "README.md lists them"


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
    if values.get("telegram_mode") == "webhook" and not str(values.get("public_url", "")).startswith("https://"):
        faults.append(f"{PREFIX}PUBLIC_URL: required with {PREFIX}TELEGRAM_MODE=webhook: the https address under which Telegram reaches this service")
    if not is_loopback and not values.get("webhook_token"):
        faults.append(f"{PREFIX}WEBHOOK_TOKEN: required to serve {host}; without it only loopback is served")


def _is_store(url: str) -> bool:
    hosts = urlsplit(url).netloc.rpartition("@")[2].split(",") if _STORE.fullmatch(url) else ["HOST:PORT"]
    return all(port.isdigit() for host in hosts if "]" not in host for _, colon, port in [host.partition(":")] if colon)


def _is_mail_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0 and parts.query in ("", "starttls=off")
    except ValueError:
        return False


def directory_of(name: Literal["routing_rules", "message_templates"], environ: Mapping[str, str]) -> Path:
    """Where rules or templates are: as set, else in the working directory, else the installed ones. Needs no other setting to be right."""
    given = environ.get(f"{PREFIX}RULES_DIR" if name == "routing_rules" else f"{PREFIX}TEMPLATES_DIR")
    candidates = (Path(name), _PACKAGE / f"_{name}", _PACKAGE.parent / name)
    return Path(given) if given else next((c for c in candidates if c.is_dir()), candidates[0])
