"""Who may look: nobody but this machine, or whoever signs in; and whose accounts they see.

Signing in is Streamlit's own OpenID Connect, set up in ``[auth]`` of its secrets. ``[scorecard]``
there may hold reps to their own accounts. Whatever is unclear closes the door.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAuthError, StreamlitSecretNotFoundError

from dashboards.scope import EVERYTHING, Scope

log = logging.getLogger(__name__)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_KNOWN = {"own_accounts_only", "reps", "see_everything"}


class NoAccessError(PermissionError):
    """Somebody may not look; the message says it to them and names no secret."""


@dataclass(frozen=True)
class Rules:
    """Who sees what, as ``[scorecard]`` of the secrets says.

    Parameters
    ----------
    own_accounts_only
        Whether reps are held to their own accounts.
    reps
        E-mail address -> rep, as the data name him or her.
    see_everything
        E-mail addresses of those who see all accounts nevertheless.
    """

    own_accounts_only: bool = False
    reps: Mapping[str, str] = field(default_factory=dict)
    see_everything: frozenset[str] = frozenset()

    @classmethod
    def read(cls, section: Mapping[str, Any]) -> "Rules":
        """Read the section.

        Raises
        ------
        NoAccessError
            When it does not say clearly what it means.
        """
        own, reps = section.get("own_accounts_only", False), section.get("reps", {})
        everything = section.get("see_everything", [])
        clear = (
            set(section) <= _KNOWN
            and isinstance(own, bool)
            and isinstance(reps, Mapping)
            and all(isinstance(name, str) and name for name in reps.values())
            and isinstance(everything, list)
        )
        if not clear:
            log.error("[scorecard] of the secrets is unclear; see docs/scorecard.md")
            raise NoAccessError("The sign-in rules cannot be read. Ask whoever set this up.")
        return cls(
            own,
            {str(email).casefold(): name for email, name in reps.items()},
            frozenset(str(email).casefold() for email in everything),
        )


def scope_of(user: Mapping[str, Any], rules: Rules) -> Scope:
    """What somebody who is signed in may see.

    Parameters
    ----------
    user
        What the identity provider says of the person.

    Raises
    ------
    NoAccessError
        When reps are held to their own accounts, and nobody said which are this person's.
    """
    if not rules.own_accounts_only:
        return EVERYTHING
    email = str(user.get("email") or "").casefold()
    # An address that the provider itself does not vouch for could be anybody's.
    if email and user.get("email_verified") is not False:
        if email in rules.see_everything:
            return EVERYTHING
        if email in rules.reps:
            return Scope(rules.reps[email])
    raise NoAccessError(
        "You are signed in, but nobody has said yet which accounts are yours. "
        "Ask whoever set this up."
    )


def granted() -> Scope:
    """What the person before the screen may see; asks them to sign in where that is set up.

    Raises
    ------
    NoAccessError
        When they may see nothing.
    """
    secrets = _secrets()
    rules = Rules.read(secrets.get("scorecard", {}))
    if "auth" not in secrets:
        if rules.own_accounts_only:
            raise NoAccessError("Reps see their own accounts only, so signing in must be set up.")
        if st.get_option("server.address") not in _LOOPBACK:
            raise NoAccessError("Without signing in, only the machine that it runs on may look.")
        return EVERYTHING
    if not st.user.get("is_logged_in", False):
        _ask_to_sign_in()
    return scope_of(st.user.to_dict(), rules)


def signed_in_name() -> str | None:
    """Name of whoever is signed in, else the e-mail address; None: nobody is."""
    if not st.user.get("is_logged_in", False):
        return None
    return str(st.user.get("name") or st.user.get("email") or "") or None


def sign_out_button() -> None:
    """Say who is signed in, and let them sign out."""
    name = signed_in_name()
    if name is None:
        return
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(f"{name}: sign out", type="tertiary", icon=":material/logout:"):
            st.logout()


def _ask_to_sign_in() -> None:
    st.header("GoSales", anchor=False)
    st.write("Sign in to see whom to call.")
    if st.button("Sign in", type="primary", icon=":material/login:"):
        try:
            st.login()
        except StreamlitAuthError as error:
            log.error("Signing in is not set up rightly: %s", error)
            raise NoAccessError(
                "Signing in is not set up rightly. Ask whoever set this up."
            ) from error
    st.stop()


def _secrets() -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = st.secrets.to_dict()
    except StreamlitSecretNotFoundError:
        return {}
    return found
