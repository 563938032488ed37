"""What the catalogue says of causes: the arrows with their lines, and how near in time. Called by `rules.build`."""

from receiver.core.graph import Graph
from receiver.core.part import Correlation
from receiver.rules.schema_services import ServicesFile
from receiver.rules.yaml import Document


def build_graph(file: ServicesFile, document: Document) -> Graph:
    """Every service's `depends_on`, and where it stands."""
    arrows = {key: tuple(dict.fromkeys(entry.depends_on)) for key, entry in file.services.items() if entry.depends_on}
    return Graph(depends_on=arrows, lines={key: f"{document.file}:{document.keys['services', key, 'depends_on'][0]}" for key in arrows})


def build_correlation(file: ServicesFile) -> Correlation | None:
    """None where it is switched off."""
    return Correlation(within=file.correlate.within, settle=file.correlate.settle) if file.correlate else None
