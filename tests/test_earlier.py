"""Earlier sessions of a recording: what a person wrote in one stays, and a folder of pictures is a recording, too."""

import cv2
import pytest

from realtime.batch import analyse
from realtime.batch.earlier import settle
from realtime.batch.work_list import make_work_list
from realtime.pipeline import PipelineParameters
from realtime.session import SessionWriter, open_session
from realtime.types import Analysis
from tests.readings import INFO, an_event
from tests.recordings import StopsAt, grey


@pytest.mark.parametrize("written", [{"note": "glasses"}, {"participant": "P07"}])
@pytest.mark.parametrize("failed", [True, False])
def test_a_session_in_which_a_person_wrote_only_a_note_or_the_participant_is_never_replaced(written, failed, tmp_path):
    for name, cut_off in (("described", failed), ("again", False)):
        writer = SessionWriter(tmp_path / f"{name}.medn", INFO)
        writer.on_analysis(Analysis(-1, 0.0, events=(an_event(),)), None)
        writer.close(failed=cut_off)
    with open_session(tmp_path / "described.medn") as session:
        session.describe(**written)
    assert settle(tmp_path / "again.medn", [tmp_path / "described.medn"], complete=True) == tmp_path / "again.medn"
    with open_session(tmp_path / "described.medn") as session:
        assert {name: getattr(session.info, name) for name in written} == written


def test_a_folder_of_pictures_that_was_stopped_or_is_asked_for_again_is_analysed_and_leaves_one_session(tmp_path):
    pictures, out = tmp_path / "EP01_01f", tmp_path / "out"
    pictures.mkdir()
    for number in range(12):
        cv2.imwrite(str(pictures / f"img{number:03d}.jpg"), grey(100 + number))

    def run(stop, *, again):
        [job] = make_work_list([str(pictures)], out, PipelineParameters(), 30.0, again=again).jobs
        return analyse(job, stop=stop)

    for stop, again in ((StopsAt(6), False), (None, False), (None, True), (None, True)):
        outcome = run(stop, again=again)
        assert (outcome.error, outcome.session) == ("", out / "EP01_01f.medn")
        assert list(out.iterdir()) == [outcome.session]
        with open_session(outcome.session) as session:
            assert bool(session.info.partial) is (stop is not None)
