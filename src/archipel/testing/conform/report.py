"""How findings are told: text for people, JSON for programs, a Markdown table for documents."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from archipel.testing.conform.catalogue import GROUPS
from archipel.testing.conform.model import Finding, Verdict

SIGN = {Verdict.PASS: "pass", Verdict.FAIL: "**fail**", Verdict.NOT_OFFERED: "not offered"}


def score(findings: Sequence[Finding]) -> str:
    """Count the verdicts in one line."""
    counted = Counter(finding.verdict for finding in findings)
    demanded = [finding for finding in findings if finding.check.required]
    passed = sum(finding.verdict is Verdict.PASS for finding in demanded)
    return (
        f"{len(findings)} checks: {counted[Verdict.PASS]} pass, {counted[Verdict.FAIL]} fail, "
        f"{counted[Verdict.NOT_OFFERED]} not offered; of {len(demanded)} demanded {passed} pass"
    )


def line(finding: Finding) -> str:
    """Tell one finding; the evidence where it is not passed."""
    check = finding.check
    told = f"{finding.verdict.value:12} {check.name} [{check.section}] {check.expects}"
    if finding.verdict is Verdict.PASS:
        return told
    return f"{told}\n             {finding.evidence}"


def as_json(url: str, findings: Sequence[Finding]) -> str:
    """Write all findings with their evidence."""
    return json.dumps(
        {
            "server": url,
            "score": score(findings),
            "findings": [
                {
                    "check": finding.check.name,
                    "section": finding.check.section,
                    "expects": finding.check.expects,
                    "required": finding.check.required,
                    "verdict": finding.verdict.value,
                    "evidence": finding.evidence,
                }
                for finding in findings
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def as_markdown(by_server: Mapping[str, Sequence[Finding]]) -> str:
    """Write tables of one or several servers side by side, group by group."""
    verdicts = {
        name: {finding.check.name: finding.verdict for finding in findings}
        for name, findings in by_server.items()
    }
    lines = ["| Server | Score |", "|---|---|"]
    lines += [f"| {name} | {score(findings)} |" for name, findings in by_server.items()]
    for group in GROUPS:
        checks = [c for c in group.checks if all(c.name in v for v in verdicts.values())]
        if not checks:
            continue
        lines += ["", f"## {group.title}", ""]
        lines += [f"| Check | PS3.18 | Expected | {' | '.join(by_server)} |"]
        lines += ["|---|---|---|" + "---|" * len(by_server)]
        for check in checks:
            signs = " | ".join(SIGN[v[check.name]] for v in verdicts.values())
            needed = "" if check.required else " (optional)"
            expects = check.expects.replace("|", "\\|")
            lines.append(f"| {check.name} | {check.section} | {expects}{needed} | {signs} |")
    return "\n".join(lines) + "\n"
