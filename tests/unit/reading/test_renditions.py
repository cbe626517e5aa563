"""One signed version, every form: each says the same, and says it again to the byte."""

import io
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

import pydicom
import pytest
from PIL import Image

from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import NotFound
from archipel.kernel.identifiers import TenantId
from archipel.kernel.uid import Uid
from archipel.reading import rendition
from archipel.reading.model import ReportState, SectionCode
from archipel.reading.rendition import Format
from archipel.testing.reports import IMAGE, SECTIONS, addendum, kept, report_document, section

SCOPE = Scope(Actor(ActorKind.PERSON, "letchimy"), frozenset({TenantId("north")}))
CT = Uid("1.2.840.10008.5.1.4.1.1.2")
HOSTILE = '#strong[x] $x$ <b>&amp;</b> ]]> "quoted" \\ *y* ﬁ\u0001'
CDA = "{urn:hl7-org:v3}"


class Held:
    """Key images of which every one is held here: a grey square."""

    def picture(self, _image, *, scope):
        assert scope is SCOPE
        out = io.BytesIO()
        Image.new("L", (64, 48), 90).save(out, "PNG")
        return out.getvalue()

    def sop_class(self, _image, *, scope):
        assert scope is SCOPE
        return CT


class Nothing:
    """No image is held here."""

    def picture(self, _image, *, scope):
        assert scope is SCOPE

    def sop_class(self, _image, *, scope):
        assert scope is SCOPE


def made(kind, document=None, pictures=None):
    version = kept(document or report_document())
    pictures = pictures or Held()
    return rendition.render(version, kind, pictures=pictures, scope=SCOPE).content


@pytest.mark.parametrize("kind", Format)
def test_the_same_version_gives_the_same_bytes(kind):
    assert made(kind) == made(kind)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is not installed")
def test_the_pdf_says_every_word_as_it_was_written():
    words = (*SECTIONS[:4], section(SectionCode.CONCLUSION, HOSTILE))
    later = addendum("Un ganglion de 9 mm.", at=datetime(2026, 11, 25, 8, tzinfo=UTC))
    document = report_document(sections=words, addenda=(later,), state=ReportState.ADDENDUM)

    done = subprocess.run(
        ["pdftotext", "-layout", "-", "-"],
        input=made(Format.PDF, document),
        capture_output=True,
        check=True,
        timeout=30,
    )
    said = " ".join(done.stdout.decode().split())

    for piece in ("#strong[x] $x$ <b>&amp;</b> ]]>", "nodule 17,2 mm", "Un ganglion de 9 mm."):
        assert piece in said
    for piece in ("TEST-HIBISCUS Josiane", "RPPS 10000023084", "24/11/2026 à 14:31 UTC"):
        assert piece in said
    assert kept(document).version.digest in said
    assert re.search(r"Page 2 / 2", said)
    assert said.count("TEST-HIBISCUS Josiane") == 2  # on every page


def test_a_sign_that_no_font_has_hinders_no_report():
    words = (section(SectionCode.CONCLUSION, "漢字 \U0001f600 \x01 fin"),)
    document = report_document(sections=words)

    assert made(Format.PDF, document).startswith(b"%PDF-")
    assert rendition.pages(document, pictures=Held(), scope=SCOPE)


def test_the_fhir_document_refers_to_nothing_outside_itself():
    bundle = json.loads(made(Format.FHIR))
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    references = re.findall(r'"reference": ?"([^"]+)"', json.dumps(bundle))

    assert bundle["type"] == "document"
    assert kinds[:2] == ["Composition", "DiagnosticReport"]
    assert references
    assert set(references) <= urls


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (ReportState.PRELIMINARY, "preliminary"),
        (ReportState.FINAL, "final"),
        (ReportState.ADDENDUM, "appended"),
        (ReportState.CORRECTED, "corrected"),
    ],
)
def test_the_state_is_the_status_of_the_diagnostic_report(state, status):
    bundle = json.loads(made(Format.FHIR, report_document(state=state)))

    report = bundle["entry"][1]["resource"]
    assert report["status"] == status
    assert report["conclusion"].startswith("Croissance")
    assert report["presentedForm"][0]["contentType"] == "application/pdf"


def test_hostile_text_stays_text_in_the_clinical_document():
    document = report_document(sections=(section(SectionCode.CONCLUSION, HOSTILE),))
    root = fromstring(made(Format.CDA, document))  # noqa: S314  (our own bytes)

    sections = root.findall(f".//{CDA}section")
    paragraph = sections[0].find(f"{CDA}text/{CDA}paragraph")
    assert paragraph.text == HOSTILE.replace("\u0001", "")  # XML cannot hold it in any form
    assert root.find(f"{CDA}documentationOf/{CDA}serviceEvent/{CDA}id").get("root") == "1.2.3"
    assert root.find(f"{CDA}legalAuthenticator") is not None


def test_a_preliminary_document_is_authenticated_by_nobody():
    document = report_document(state=ReportState.PRELIMINARY)
    root = fromstring(made(Format.CDA, document))  # noqa: S314  (our own bytes)

    assert root.find(f"{CDA}legalAuthenticator") is None


def test_the_encapsulated_pdf_is_the_pdf_and_belongs_to_the_exam():
    pdf = made(Format.PDF)
    held = pydicom.dcmread(io.BytesIO(made(Format.ENCAPSULATED_PDF)))

    assert bytes(held.EncapsulatedDocument)[: held.EncapsulatedDocumentLength] == pdf
    assert held.SOPClassUID == "1.2.840.10008.5.1.4.1.1.104.1"
    assert (held.StudyInstanceUID, held.PatientID) == ("1.2.3", "P42")
    assert (held.PatientName, held.Modality) == ("TEST-HIBISCUS^Josiane", "DOC")


def test_the_key_object_names_the_key_images():
    held = pydicom.dcmread(io.BytesIO(made(Format.KEY_OBJECT)))

    evidence = held.CurrentRequestedProcedureEvidenceSequence[0]
    named = evidence.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert named.ReferencedSOPInstanceUID == IMAGE.value
    assert held.ContentSequence[0].TextValue == "1. Nodule du lobe supérieur droit"
    assert held.ContentSequence[1].ReferencedSOPSequence[0].ReferencedSOPClassUID == CT.value


def test_where_no_image_is_held_there_is_no_key_object_and_the_pdf_says_so():
    with pytest.raises(NotFound):
        made(Format.KEY_OBJECT, pictures=Nothing())
    assert made(Format.PDF, pictures=Nothing()).startswith(b"%PDF-")


@pytest.mark.skipif(not shutil.which("/usr/bin/dsrdump"), reason="dcmtk is not installed")
def test_dcmtk_reads_both_objects(tmp_path):
    (tmp_path / "pdf.dcm").write_bytes(made(Format.ENCAPSULATED_PDF))
    (tmp_path / "ko.dcm").write_bytes(made(Format.KEY_OBJECT))

    subprocess.run(
        ["/usr/bin/dcm2pdf", tmp_path / "pdf.dcm", tmp_path / "out.pdf"], check=True, timeout=30
    )
    read = subprocess.run(
        ["/usr/bin/dsrdump", tmp_path / "ko.dcm"], capture_output=True, check=True, timeout=30
    )

    assert (tmp_path / "out.pdf").read_bytes().startswith(made(Format.PDF))
    assert b"Key Object Selection Document" in read.stdout
