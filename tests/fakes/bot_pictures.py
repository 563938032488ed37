"""Photos as the Bot API takes them (https://core.telegram.org/bots/api#sending-files, #sendphoto, #editmessagemedia): multipart, `attach://`,
10 MB, sides of 10,000 together and a ratio of 20 at most, a caption of 1,024 characters. Part of `bot_api`."""

import json
import struct
import zlib
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from tests.fakes.bot_parts import SAME, Sent, buttons_of, error, text_of

MOST_BYTES = 10 << 20
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_form(kind: str, body: bytes) -> dict[str, Any]:
    """A multipart form: files as bytes, texts as they are, JSON read."""
    parts = BytesParser(policy=HTTP).parsebytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + body)
    found: dict[str, Any] = {}
    for part in parts.iter_parts():
        name, raw = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        assert isinstance(raw, bytes), part
        text = "" if part.get_filename() else raw.decode()
        found[str(name)] = raw if part.get_filename() else json.loads(text) if text[:1] in "[{" and name != "caption" else text
    return found


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG whose every chunk is whole; raises ValueError for what is none."""
    if png[:8] != SIGNATURE:
        raise ValueError("no PNG")
    at, names = 8, []
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        content, crc = png[at + 8 : at + 8 + length], png[at + 8 + length : at + 12 + length]
        if struct.pack(">I", zlib.crc32(name + content)) != crc:
            raise ValueError("a broken chunk")
        names.append(name)
        at += 12 + length
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names:
        raise ValueError("chunks are missing")
    return struct.unpack(">II", png[16:24])


def fault_of(picture: Any) -> str:
    """Why the server refuses this photo, or nothing."""
    if not isinstance(picture, bytes):
        return "Bad Request: wrong remote file identifier specified: Wrong padding in the string"
    try:
        width, height = size_of(picture)
    except (ValueError, struct.error):
        return "Bad Request: IMAGE_PROCESS_FAILED"
    is_odd = width + height > 10_000 or max(width, height) > 20 * min(width, height)
    return "Bad Request: PHOTO_INVALID_DIMENSIONS" if is_odd else ""


class Photos:
    """The two methods, and what people see of them."""

    def pictures(self, chat: str = "") -> list[Any]:
        """Messages with a picture, oldest first, as they are now."""
        return [sent for (where, _), sent in sorted(self.messages.items(), key=lambda one: one[0][1]) if sent.picture and chat in ("", where)]

    async def _do_sendphoto(self, p: dict[str, Any]) -> tuple[int, Any]:
        if wait := self._over_pace(str(p["chat_id"])):
            return 429, error(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        photo = p.get("photo")
        photo = p.get(photo[9:]) if isinstance(photo, str) and photo.startswith("attach://") else photo
        answer = self._faulty(p, photo, p.get("caption", ""))
        if answer:
            return answer
        replied = p.get("reply_parameters") or {}
        wanted = int(replied.get("message_id", 0))
        if wanted and (str(p["chat_id"]), wanted) not in self.messages and not replied.get("allow_sending_without_reply"):
            return 400, error(400, "Bad Request: message to be replied not found")
        text, _ = self._caption(p)
        sent = Sent(
            chat=str(p["chat_id"]), id=self.next_message, text=text, markup=p.get("caption", ""), buttons=buttons_of(p), picture=photo,
            reply_to=wanted, topic=int(p.get("message_thread_id", 0)), silent=str(p.get("disable_notification", "")).lower() == "true",
        )  # fmt: skip
        self.next_message += 1
        self.messages[sent.chat, sent.id] = sent
        self._note("photo", sent)
        return 200, self._message(sent)

    async def _do_editmessagemedia(self, p: dict[str, Any]) -> tuple[int, Any]:
        sent, media = self.messages.get((str(p["chat_id"]), int(p["message_id"]))), p["media"]
        if sent is None:
            return 400, error(400, "Bad Request: message to edit not found")
        if media.get("type") != "photo" or not media.get("media", "").startswith("attach://"):
            return 400, error(400, "Bad Request: can't parse InputMedia: type of the media is wrong")
        photo = p.get(media["media"][9:])
        answer = self._faulty(p, photo, media.get("caption", ""))
        if answer:
            return answer
        text, _ = self._caption(media)
        if (photo, text) == (sent.picture, sent.text):
            return 400, error(400, SAME)
        sent.edits.append(sent.text)
        sent.picture, sent.text, sent.markup = photo, text, media.get("caption", "")
        self._note("media", sent)
        return 200, self._message(sent)

    def _faulty(self, p: dict[str, Any], photo: Any, caption: str) -> tuple[int, Any] | None:
        if isinstance(photo, bytes) and len(photo) > MOST_BYTES:
            return 413, error(413, "Request Entity Too Large")
        text, fault = self._caption({**p, **(p["media"] if isinstance(p.get("media"), dict) else {}), "caption": caption})
        if not fault and len(text.encode("utf-16-le")) // 2 > 1024:
            fault = "Bad Request: message caption is too long"
        fault = fault or fault_of(photo) or ("" if "media" in p else self.thread_fault(p))
        return (400, error(400, fault)) if fault else None

    @staticmethod
    def _caption(p: dict[str, Any]) -> tuple[str, str]:
        return text_of({**p, "text": p["caption"]}) if p.get("caption") else ("", "")
