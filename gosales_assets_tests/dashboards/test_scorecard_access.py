"""Who may look: this machine alone, or who signs in; unclear rules close the door."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.access import NoAccessError, Rules, scope_of
from dashboards.scope import EVERYTHING, Scope
from gosales_assets_tests.dashboards import published_sample as sample
from gosales_assets_tests.paths import REPOSITORY

REPS = {"Kim@Example.com": "Ada Moreau", "lee@example.com": "Ben Okafor"}
OWN = {"own_accounts_only": True, "reps": REPS, "see_everything": ["boss@example.com"]}
KIM = {"is_logged_in": True, "email": "kim@example.com", "name": "Kim Lee"}


def test_without_the_rule_whoever_signs_in_sees_everything() -> None:
    assert scope_of({"email": "anybody@example.com"}, Rules.read({})) is EVERYTHING


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (KIM, Scope("Ada Moreau")),
        ({"email": "LEE@example.com"}, Scope("Ben Okafor")),
        ({"email": "boss@example.com", "email_verified": True}, EVERYTHING),
    ],
)
def test_the_address_decides_what_is_seen(user: dict, expected: Scope) -> None:
    assert scope_of(user, Rules.read(OWN)) == expected


@pytest.mark.parametrize(
    "user",
    [
        {},
        {"email": None},
        {"email": ""},
        {"email": "stranger@example.com"},
        {"name": "Ada Moreau"},
        {"email": "stranger@example.com", "name": "Ada Moreau"},
        {"email": "boss@example.com", "email_verified": False},
        {"email": "kim@example.com", "email_verified": False},
        {"email": "kim@example.com "},
        {"email": ["kim@example.com"]},
    ],
)
def test_whoever_is_not_named_sees_nothing(user: dict) -> None:
    with pytest.raises(NoAccessError):
        scope_of(user, Rules.read(OWN))


@pytest.mark.parametrize(
    "section",
    [
        {"own_account_only": True},
        {"own_accounts_only": "yes"},
        {"own_accounts_only": True, "reps": ["kim@example.com"]},
        {"own_accounts_only": True, "reps": {"kim@example.com": ""}},
        {"own_accounts_only": True, "reps": {"kim@example.com": None}},
        {"see_everything": "boss@example.com"},
    ],
)
def test_unclear_rules_close_the_door(section: dict) -> None:
    with pytest.raises(NoAccessError, match="cannot be read"):
        Rules.read(section)


def app(monkeypatch, home: Path, secrets: dict, user: dict, address: str = "localhost") -> AppTest:
    """The whole app with secrets, and somebody whom the provider has vouched for."""
    import streamlit as st

    from dashboards import database
    from gosales_assets.environment import environment

    monkeypatch.setattr(
        database, "environment", lambda: environment().model_copy(update={"home": home})
    )
    option = st.get_option
    monkeypatch.setattr(
        st, "get_option", lambda name: address if name == "server.address" else option(name)
    )
    monkeypatch.setattr(type(st.user), "to_dict", lambda _: user)
    monkeypatch.setattr(type(st.user), "get", lambda _, key, default=None: user.get(key, default))
    test = AppTest.from_file(REPOSITORY / "dashboards" / "app.py", default_timeout=60)
    for name, value in secrets.items():
        test.secrets[name] = value
    return test.run()


def shown(test: AppTest) -> str:
    assert not test.exception
    parts = [e.value for e in (*test.warning, *test.header, *test.markdown, *test.info)]
    parts += [button.label for button in test.button]
    return "\n".join([*map(str, parts), *(e.proto.body for e in test.get("html"))])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample.publish(tmp_path_factory.mktemp("access") / "home").parent


def test_on_this_machine_nobody_signs_in(monkeypatch, published: Path) -> None:
    assert "90 recommendations" in shown(app(monkeypatch, published, {}, {}))


@pytest.mark.parametrize("address", [None, "0.0.0.0", "192.168.1.7", "::"])  # noqa: S104
def test_an_open_address_without_sign_in_shows_nothing(
    monkeypatch, published: Path, address: str
) -> None:
    words = shown(app(monkeypatch, published, {}, {}, address))
    assert "only the machine that it runs on" in words
    assert "recommendations" not in words


AUTH = {"client_secret": "top-secret", "cookie_secret": "hush", "client_id": "x"}


def test_with_sign_in_nothing_is_shown_before(monkeypatch, published: Path) -> None:
    words = shown(app(monkeypatch, published, {"auth": AUTH, "scorecard": OWN}, {}, None))
    assert "Sign in" in words
    assert "recommendations" not in words
    assert "secret" not in words


def test_a_rep_who_signed_in_sees_own_accounts_and_no_records_of_others(
    monkeypatch, published: Path
) -> None:
    test = app(monkeypatch, published, {"auth": AUTH, "scorecard": OWN}, KIM, None)
    words = shown(test)
    assert "Kim Lee: sign out" in words
    mine = sample.whitespace().filter(
        cutoff=sample.NEWEST, state="potential", rep="Ada Moreau", selected=True
    )
    assert f"{mine.height} recommendations" in words
    assert "Ben Okafor" not in words
    assert not any(box.key == "rep" for box in test.selectbox)


def test_a_stranger_who_signed_in_is_told_so(monkeypatch, published: Path) -> None:
    stranger = KIM | {"email": "stranger@example.com"}
    words = shown(app(monkeypatch, published, {"auth": AUTH, "scorecard": OWN}, stranger))
    assert "nobody has said yet which accounts are yours" in words
    assert "sign out" in words


def test_the_rule_without_sign_in_shows_nothing(monkeypatch, published: Path) -> None:
    words = shown(app(monkeypatch, published, {"scorecard": OWN}, {}))
    assert "signing in must be set up" in words
