"""The picture of a division: gains and reliability as plain SVG."""

from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest

from gosales_assets.models.division_picture import GAP, SIZE, _gains, division_picture


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - we wrote it


def test_perfect_scores_reach_all_buyers_first_and_equal_ones_reach_them_at_random() -> None:
    labels = np.array([1.0] * 20 + [0.0] * 80)
    perfect = dict(_gains(labels, labels))
    assert perfect[0.2] == pytest.approx(1)
    assert perfect[0.1] == pytest.approx(0.5)
    for share, reached in _gains(np.zeros(100), labels):
        assert reached == pytest.approx(share)


def test_the_picture_is_valid_and_stays_within_its_frame() -> None:
    random = np.random.default_rng(1)
    judged = pl.DataFrame({"label": random.integers(0, 2, 333), "final": random.normal(size=333)})
    root = parsed(division_picture(judged, "Bath & <beauty>"))
    words = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert "Bath & <beauty>" in words
    lines = [node.get("points", "") for node in root.iter() if node.tag.endswith("polyline")]
    assert len(lines) == 2
    points = np.array([pair.split(",") for line in lines for pair in line.split()], dtype=float)
    assert points.min() >= GAP
    assert points[:, 1].max() <= GAP + SIZE


@pytest.mark.parametrize("label", [0, 1])
def test_one_outcome_or_one_row_draws_all_the_same(label: int) -> None:
    parsed(division_picture(pl.DataFrame({"label": [label], "final": [0.3]}), "x"))
