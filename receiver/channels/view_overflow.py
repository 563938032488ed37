"""What a message says of an overflow incident: how many alerts found no room, and which label has too many values. A part of `view`."""

from receiver.channels.visible import visible
from receiver.channels.words import plural
from receiver.core.incident import Incident
from receiver.core.overflow import exploding

_TITLE = {
    "en": "too many new incidents from “{source}”, these share one. Label {label} has {values}",
    "ru": "слишком много новых инцидентов от «{source}», эти собраны в один. У метки {label} {values}",
}


def overflow_facts(incident: Incident, language: str) -> dict[str, object]:
    """Its own headline; nothing for any other incident."""
    if not incident.is_overflow:
        return {}
    shown = incident.firing or tuple(incident.alerts.values())
    label, distinct = exploding(shown)
    values, system = plural(distinct, "value", language), plural(len(shown), "alert", language)
    return {"system": system, "title": _TITLE[language].format(source=visible(incident.source, 60), label=visible(label, 60), values=values)}
