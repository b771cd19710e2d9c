"""What is wrong with a content.toml is said at once, all of it, in words."""

from __future__ import annotations

import copy

import pytest

from cytolearn.lessons.content import _problems, load_content, read_content

ID = "orientation"


@pytest.fixture
def content():
    return copy.deepcopy(dict(read_content(ID)))


def test_a_sound_lesson_has_no_problems(content):
    assert list(_problems(ID, content)) == []


def test_missing_parts_are_all_named(content):
    del content["quiz"], content["hook"]
    assert list(_problems(ID, content)) == ["missing hook, quiz"]


def test_an_id_that_is_not_the_folders_is_said(content):
    assert list(_problems("smokers", content)) == [f"id '{ID}' is not the folder's name"]


def test_ids_that_are_used_twice_are_said(content):
    content["tasks"][0]["id"] = content["quiz"][0]["id"]
    (said,) = _problems(ID, content)
    assert said == f"id '{content['quiz'][0]['id']}' is used twice"


def test_options_go_by_the_alphabet_and_hold_the_answer(content):
    first, second = content["quiz"][:2]
    first["options"][1]["letter"] = "D"
    second["answer"] = "H"
    said = list(_problems(ID, content))
    assert f"{first['id']}: options must be A, B, C ..." in said
    assert f"{second['id']}: the answer is none of the options" in said


def test_an_unknown_lesson_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'orientation'"):
        load_content("orientatoin")
