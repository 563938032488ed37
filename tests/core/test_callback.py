"""Callback data that can't be forged."""

from hypothesis import given
from hypothesis import strategies as st

from receiver.core.callback import Pressed, read, sign
from receiver.core.incident import IncidentId

KEY = b"k" * 32
DATA = sign(KEY, "ack", IncidentId("INC-412"), "-1001")


def test_what_we_signed_is_read_back():
    assert read(KEY, DATA, "-1001") == Pressed(action="ack", incident_id=IncidentId("INC-412"))


def test_it_fits_telegrams_64_bytes_for_ten_digits():
    assert len(sign(KEY, "resolve", IncidentId("INC-9999999999"), "-1001").encode()) <= 64


def test_another_chat_key_action_or_incident_is_refused():
    assert read(KEY, DATA, "-1002") is None
    assert read(b"x" * 32, DATA, "-1001") is None
    assert read(KEY, DATA.replace("ack", "resolve"), "-1001") is None
    assert read(KEY, DATA.replace("412", "413"), "-1001") is None


@given(st.text(max_size=64))
def test_no_text_somebody_made_up_is_accepted(text):
    assert read(KEY, text, "-1001") is None
