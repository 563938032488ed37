"""What a message says of the incident that carries this one, and of those it carries. A part of `view`."""

from collections.abc import Callable, Mapping

from receiver.channels.visible import visible
from receiver.channels.words import SEVERITY
from receiver.core.incident import Incident

SHOWN = 6


def correlation_facts(incident: Incident, named: Callable[[str], str], language: str) -> dict[str, object]:
    """Empty where the incident stands on its own. `affected` are the other systems among its parts, `symptoms` one line for each part of them,
    `beside` one for each part that is of the same system; what `SHOWN` leaves out is `more_symptoms` parts, on the systems `more_affected` besides.
    """
    part = incident.part if incident.is_part else None
    carried = sorted(incident.symptoms.items(), key=lambda one: not one[1].where)  # how far it has spread comes first
    lines = [
        {
            "id": incident_id,
            "system": named(one.service),
            "title": _title(one.name, one.notes, language),
            "severity": SEVERITY[language][one.severity.value],
            "taken_by": visible(one.taken_by, 60),
            "where": visible(one.where, 60),
        }
        for incident_id, one in carried[:SHOWN]
    ]
    affected = list(dict.fromkeys(named(one.service) for _, one in carried if one.where))
    return {
        "part_of": part.cause if part else "",
        "cause": named(part.service) if part else "",
        "cause_title": _title(part.name, part.notes, language) if part else "",
        "cause_where": visible(part.where, 60) if part else "",
        "cause_way": [named(one) for one in part.way] if part else [],
        "is_same_system": bool(part and len(part.way) == 1),
        "affected": affected,
        "more_affected": [name for name in affected if name not in {line["system"] for line in lines}],
        "symptoms": [line for line in lines if line["where"]],
        "beside": [line for line in lines if not line["where"]],
        "more_symptoms": max(0, len(carried) - SHOWN),
    }


def _title(name: str, notes: Mapping[str, str], language: str) -> str:
    return visible((notes.get("summary_ru") if language == "ru" else None) or notes.get("summary") or name, 120)
