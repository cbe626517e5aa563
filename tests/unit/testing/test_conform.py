"""The conformance client: what its checks are, and that none passes on a server that is none."""

import json
import re
import sys
from collections.abc import Callable, Sequence

import httpx
import pytest

from archipel.app.cli import main
from archipel.testing.conform.catalogue import GROUPS
from archipel.testing.conform.model import Check, Finding, Trial, Verdict
from archipel.testing.conform.phantoms import make, part10
from archipel.testing.conform.report import as_json, as_markdown, line, score
from archipel.testing.conform.run import findings
from archipel.testing.conform.server import Server, Unreadable
from archipel.testing.peers.scores import verdicts_of

CHECKS: Sequence[Check] = [check for group in GROUPS for check in group.checks]
Handler = Callable[[httpx.Request], httpx.Response]


def trial(handler: Handler) -> Trial:
    http = httpx.Client(transport=httpx.MockTransport(handler))
    return Trial(Server("http://peer/dicomweb", "http://peer/wado", http), make())


def broken(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(500, text="it broke")


def gone(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody is there")


def empty_handed(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(404)


def test_there_are_hundreds_of_checks_each_with_a_name_of_its_own() -> None:
    names = [check.name for check in CHECKS]

    assert len(names) > 150
    assert len(set(names)) == len(names)


def test_a_check_says_its_section_and_what_it_expects() -> None:
    for check in CHECKS:
        assert re.fullmatch(r"[a-z-]+\.[A-Za-z0-9-]+", check.name), check.name
        assert re.fullmatch(r"(PS3\.19 )?(\d+|[A-Z])(\.\d+)*", check.section), check.name
        assert len(check.expects) > 10, check.name


@pytest.mark.parametrize("handler", [broken, gone])
def test_nothing_passes_on_a_server_that_breaks(handler: Handler) -> None:
    found = findings(trial(handler))

    assert {f.verdict for f in found} <= {Verdict.FAIL, Verdict.NOT_OFFERED}
    assert all(f.verdict is Verdict.FAIL for f in found if f.check.required)


def test_a_server_that_has_nothing_offers_no_option_and_fails_what_is_demanded() -> None:
    found = findings(trial(empty_handed))

    passed = [f.check.expects for f in found if f.verdict is Verdict.PASS]
    assert all(re.search("404|refus|not found|unknown|wrong|beyond", e) for e in passed), passed
    assert score(found).startswith(f"{len(CHECKS)} checks: {len(passed)} pass")


def test_an_option_refused_cleanly_is_not_offered_and_one_that_breaks_fails() -> None:
    option = "instances.zipped"

    refused = findings(trial(lambda _: httpx.Response(406)), only=option)
    crashed = findings(trial(broken), only=option)

    assert [f.verdict for f in refused] == [Verdict.NOT_OFFERED]
    assert [f.verdict for f in crashed] == [Verdict.FAIL]
    assert "/studies/2.25." in crashed[0].evidence
    assert "500" in crashed[0].evidence


def test_findings_are_told_as_text_json_and_markdown() -> None:
    found = findings(trial(empty_handed), only="qido")

    told = json.loads(as_json("http://peer", found))
    table = as_markdown({"Peer": found, "Twin": found})

    assert [one["check"] for one in told["findings"]] == [f.check.name for f in found]
    assert verdicts_of(table, 0) == verdicts_of(table, 1)
    assert verdicts_of(table, 1) == {f.check.name: f.verdict.value for f in found}
    assert line(_failed(found)).startswith("fail")


def _failed(found: Sequence[Finding]) -> Finding:
    return next(f for f in found if f.verdict is Verdict.FAIL)


def test_a_multipart_body_that_is_not_closed_is_unreadable() -> None:
    head = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
    one = trial(lambda _: httpx.Response(200, headers=head, content=b"--b\r\n\r\nx\r\n"))

    with pytest.raises(Unreadable, match="closing boundary"):
        one.server.get("/studies").parts()


def test_each_run_sends_studies_of_its_own_and_fictional_people() -> None:
    first, second = make(), make()

    uids = {str(one.SOPInstanceUID) for sent in (first, second) for one in sent.all}
    assert len(uids) == len(first.all) + len(second.all)
    assert {str(one.PatientName)[:5] for one in first.all} == {"TEST-"}
    assert all(part10(one)[128:132] == b"DICM" for one in first.all)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["ftp://peer"], 2, "a server is named by its address"),
        (["http://127.0.0.1:9/dicomweb"], 1, "the server does not take the phantoms"),
    ],
)
def test_the_command_says_in_one_line_why_it_cannot_check(
    arguments: list[str], status: int, said: str, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(sys, "argv", ["archipel", "conform", *arguments])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == status
    assert said in capsys.readouterr().err
