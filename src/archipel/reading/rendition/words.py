"""What a rendition says beside the report's own words, in three languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from archipel.reading.model import ReportState, SectionCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language."""

    report: str
    sections: Mapping[SectionCode, str]
    sexes: Mapping[str, str]
    born: str
    identifier: str
    accession: str
    exam_of: str
    prescriber: str
    page: str
    version: str
    unsigned: str
    plain: str
    images: str
    image: str
    missing: str
    signed: str
    rpps: str
    at: str
    banners: Mapping[ReportState, str]
    unsure: str  # signed under a lost lease
    addendum: str
    notice: str
    date: str  # strftime


FR = Words(
    report="Compte rendu d’imagerie",
    sections={
        SectionCode.INDICATION: "Indication",
        SectionCode.TECHNIQUE: "Technique",
        SectionCode.COMPARISON: "Comparaison",
        SectionCode.FINDINGS: "Résultats",
        SectionCode.CONCLUSION: "Conclusion",
        SectionCode.ADDENDUM: "Addendum",
    },
    sexes={"F": "Femme", "M": "Homme", "O": "Autre"},
    born="naissance le",
    identifier="identifiant",
    accession="n° d’examen",
    exam_of="Examen du",
    prescriber="À l’attention de",
    page="Page",
    version="Version",
    unsigned="NON SIGNÉ",
    plain="Ce qu’il faut retenir",
    images="Images clés",
    image="Image clé",
    missing="Image non disponible sur ce nœud",
    signed="Signé électroniquement le",
    rpps="RPPS",
    at="à",
    banners={
        ReportState.PRELIMINARY: "Compte rendu provisoire : il sera validé par un radiologue.",
        ReportState.ADDENDUM: "Compte rendu complété par un addendum.",
        ReportState.CORRECTED: "Compte rendu corrigé ; il remplace la version précédente.",
    },
    unsure="Version signée alors que l’examen était réservé par un autre lecteur.",
    addendum="Addendum",
    notice="Document de démonstration. Archipel n’est pas un dispositif médical.",
    date="%d/%m/%Y",
)
EN = Words(
    report="Imaging report",
    sections={
        SectionCode.INDICATION: "Indication",
        SectionCode.TECHNIQUE: "Technique",
        SectionCode.COMPARISON: "Comparison",
        SectionCode.FINDINGS: "Findings",
        SectionCode.CONCLUSION: "Conclusion",
        SectionCode.ADDENDUM: "Addendum",
    },
    sexes={"F": "Female", "M": "Male", "O": "Other"},
    born="born",
    identifier="identifier",
    accession="accession",
    exam_of="Exam of",
    prescriber="To the attention of",
    page="Page",
    version="Version",
    unsigned="NOT SIGNED",
    plain="What to remember",
    images="Key images",
    image="Key image",
    missing="Image not available on this node",
    signed="Signed electronically on",
    rpps="RPPS",
    at="at",
    banners={
        ReportState.PRELIMINARY: "Preliminary report: a radiologist will validate it.",
        ReportState.ADDENDUM: "Report completed by an addendum.",
        ReportState.CORRECTED: "Corrected report; it replaces the former version.",
    },
    unsure="Version signed while another reader held the exam.",
    addendum="Addendum",
    notice="Demonstration document. Archipel is not a medical device.",
    date="%d/%m/%Y",
)
ES = Words(
    report="Informe de imagen",
    sections={
        SectionCode.INDICATION: "Indicación",
        SectionCode.TECHNIQUE: "Técnica",
        SectionCode.COMPARISON: "Comparación",
        SectionCode.FINDINGS: "Hallazgos",
        SectionCode.CONCLUSION: "Conclusión",
        SectionCode.ADDENDUM: "Adenda",
    },
    sexes={"F": "Mujer", "M": "Hombre", "O": "Otro"},
    born="nacimiento el",
    identifier="identificador",
    accession="n.º de examen",
    exam_of="Examen del",
    prescriber="A la atención de",
    page="Página",
    version="Versión",
    unsigned="SIN FIRMAR",
    plain="Lo que hay que recordar",
    images="Imágenes clave",
    image="Imagen clave",
    missing="Imagen no disponible en este nodo",
    signed="Firmado electrónicamente el",
    rpps="RPPS",
    at="a las",
    banners={
        ReportState.PRELIMINARY: "Informe provisional: un radiólogo lo validará.",
        ReportState.ADDENDUM: "Informe completado con una adenda.",
        ReportState.CORRECTED: "Informe corregido; sustituye a la versión anterior.",
    },
    unsure="Versión firmada mientras otro lector tenía reservado el examen.",
    addendum="Adenda",
    notice="Documento de demostración. Archipel no es un producto sanitario.",
    date="%d/%m/%Y",
)
LANGUAGES: Mapping[str, Words] = {"fr": FR, "en": EN, "es": ES}


def words_of(language: str) -> Words:
    """Return the words of a language; French where it is not one of ours."""
    return LANGUAGES.get(language, FR)
