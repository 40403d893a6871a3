# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of goals in bench/RESULTS.md is that of the figures below it, and names a command for each."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))
import summary  # noqa: E402

TEXT = summary.RESULTS.read_text()


def test_the_table_says_what_the_sections_say():
    assert summary.renewed(TEXT) == TEXT, "bench/summary.py makes it: store a section, or summary.renewed()"


def test_every_case_has_a_value_a_goal_and_a_program():
    for line in summary.table(TEXT)[2:]:
        _, _, value, goal, met, command = summary.cells(line)
        assert value[0].isdigit() and goal.startswith("≤ ") and met in ("yes", "**no**"), line
        assert (ROOT / command.strip("`").split()[0]).is_file(), line


def test_another_figure_below_is_another_one_above_and_what_is_missing_says_so():
    head = "| what | unit | Geleit | peer | ratio | goal | met |\n|---|---|---|---|---|---|---|\n"
    text = summary.BEGIN + summary.END + head + "| Full handshake (9) | CPU ms | 3 | 1 | 3.00 | ≤ 1.1 | **no** |\n"
    table = summary.table(text)
    assert [line for line in table if "full handshake" in line] == ["| full handshake | nginx | 3.00 | ≤ 1.1 | **no** | `bench/run.py` |"]
    assert any("not measured" in line for line in table)
