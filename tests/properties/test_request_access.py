"""A reader sees an exam if, and only if, a request that still stands covers it: any history."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.stores_sql.test_request_access import cancels, declines, seen
from tests.unit.stores_sql.test_requests import CITY, LYON, NOW, WEST, Island, asked

from archipel.kernel.uid import Uid
from archipel.reading.model import ExamId
from archipel.reading.request.body import new_request_id
from archipel.reading.request.model import RequestId
from archipel.stores.sql.following.lending import share
from archipel.testing.exams import drawing, hold

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask with prior", "decline", "cancel"]),
        st.integers(0, 1),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=8,
)


@dataclass
class History:
    """Two exams of one patient, and who may see them by which request."""

    home: Island
    reader: Island
    exams: tuple[ExamId, ExamId]
    standing: dict[RequestId, set[str]] = field(default_factory=dict)

    def step(self, what: str, exam: int, which: int) -> None:
        if what.startswith("ask"):
            self._ask(self.exams[exam], self.exams[1 - exam : 2 - exam] if "prior" in what else ())
        elif self.standing:
            request = sorted(self.standing, key=str)[which % len(self.standing)]
            del self.standing[request]
            if what == "decline":
                declines(self.reader, request)
            else:
                cancels(self.home, request)
        self.reader.hear(self.home)
        self.home.hear(self.reader)

    def _ask(self, exam: ExamId, priors: tuple[ExamId, ...]) -> None:
        request = asked(
            self.home, id=new_request_id("gy", now=NOW), exam=exam, priors=priors, relief=()
        )
        covered = (exam, *priors)
        self.standing[request] = {str(one.study) for one in covered}
        for one in covered:  # what a transfer does when it is published
            share(self.reader.database, one.study, tenant=WEST, to=CITY)

    def expected(self) -> set[str]:
        return set().union(*self.standing.values())


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Island, Island]]:
    folder = tmp_path_factory.mktemp("nodes")
    made = [Island(name, folder / f"{name}.db") for name in ("gy", "mq")]
    yield made[0], made[1]
    for one in made:
        one.database.close()


def test_a_reader_sees_what_a_standing_request_covers_and_nothing_else(
    nodes: tuple[Island, Island],
) -> None:
    home, reader = nodes
    numbers = count(1)

    @settings(max_examples=12, deadline=None)
    @given(STEPS)
    def always(steps: list[tuple[str, int, int]]) -> None:
        root = f"2.25.{next(numbers)}"
        exams = (ExamId(WEST, Uid(f"{root}.1")), ExamId(WEST, Uid(f"{root}.2")))
        draw = drawing(WEST, now=NOW)
        for exam in exams:
            hold(reader.database, draw(study=str(exam.study)))
        history = History(home, reader, exams)
        for what, exam, which in steps:
            history.step(what, exam, which)
            here = {one for one in seen(reader, CITY) if one.startswith(f"{root}.")}
            assert here == history.expected()
            assert not {one for one in seen(reader, LYON) if one.startswith(f"{root}.")}

    always()
