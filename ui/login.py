"""The door of a closed server: nothing is shown before the login (Streamlit's own, set up in its secrets), and who came in is known."""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import urlopen

import streamlit as st

from ui.resources import settings
from ui.wording import plain

log = logging.getLogger(__name__)
#: What Streamlit asks of the section [auth].
_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
#: The secret signs the cookie that says who somebody is: one that can be guessed lets everybody be anybody.
SHORTEST_SECRET = 32
#: Browsers leave them out of an address, and Streamlit compares addresses letter by letter.
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
#: How long the identity provider may take to describe itself [s], and the longest description that is read [bytes].
_PATIENCE, _LONGEST = 5.0, 1_000_000
#: Streamlit comes back from the provider to its first page, with nothing said where that went wrong. The browser's tab
#: remembers where the visitor wanted to go, and that a login was tried.
_SCRIPT = """
export default function (component) {
  const { inside, home } = component.data;
  const bare = (path) => path.replace(/\\/+$/, "");
  const here = window.location, kept = window.sessionStorage;
  const atHome = () => bare(here.pathname) === bare(home) && !here.search;
  const take = (name) => { const value = kept.getItem(name); kept.removeItem(name); return value; };
  const tried = take("t2scope-tried");
  if (inside) {
    const wanted = take("t2scope-wanted");
    if (tried && wanted && atHome() && new URL(wanted, here.href).origin === here.origin) here.replace(wanted);
    return;
  }
  if (tried) component.setStateValue("failed", true);
  const leave = (event) => {
    if (!event.target.closest || !event.target.closest(".st-key-log_in button:enabled")) return;
    kept.setItem("t2scope-tried", "yes");
    if (!atHome()) kept.setItem("t2scope-wanted", here.pathname + here.search);
  };
  document.addEventListener("click", leave, true);
  return () => document.removeEventListener("click", leave, true);
}
"""
_TROUBLE = "_login_trouble"


def admit() -> None:
    """Let the page be drawn for whoever has logged in, or for everybody where the server's owner asks for no login."""
    if not settings().require_login:
        return
    if name_of_login() and not _is_guessable():
        _inside()
        return
    st.title("Please log in", anchor=False)
    st.write("Whoever runs this server has closed it to visitors.")
    _ask()
    st.stop()


def _is_guessable() -> bool:
    """Whether the secret that signs the cookies is so short that a visitor may have made his own."""
    return len(str((_section() or {}).get("cookie_secret") or "")) < SHORTEST_SECRET


def name_of_login() -> str:
    """Who has logged in, as the identity provider names them; empty for nobody. At most 80 characters."""
    if not st.user.get("is_logged_in"):
        return ""
    known = (str(st.user.get(claim) or "").strip() for claim in ("name", "preferred_username", "email", "sub"))
    return next((name for name in known if name), "somebody without a name")[:80]


def missing_for_login(auth: Mapping[str, Any], *, base: str = "") -> str:
    """What the section ``auth`` of the secrets lacks for a login that can work, in words; empty where nothing.

    base : the path that the dashboard is served below (``server.baseUrlPath``).
    """
    absent = [key for key in _KEYS if not str(auth.get(key) or "").strip()]
    if absent:
        return f"the section [auth] of the secrets has no {', no '.join(absent)}"
    if len(str(auth["cookie_secret"])) < SHORTEST_SECRET:
        return f"cookie_secret is too short; expected {SHORTEST_SECRET} characters or more, which nobody can guess"
    address, path = urlsplit(str(auth["redirect_uri"])), f"{_home(base)}oauth2callback"
    if address.scheme not in ("http", "https") or not address.netloc or address.path != path:
        return f"redirect_uri is {auth['redirect_uri']!r}; expected this server's address, followed by {path}"
    if address.netloc != address.netloc.lower() or address.netloc.endswith(_DEFAULT_PORTS[address.scheme]):
        return f"redirect_uri is {auth['redirect_uri']!r}; expected the host in small letters, and no port that browsers leave out"
    return ""


def _home(base: str) -> str:
    return f"/{base.strip('/')}/" if base.strip("/") else "/"


def _base() -> str:
    return str(st.get_option("server.baseUrlPath") or "")


def _inside() -> None:
    """Who is here, and the way out."""
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="logged_in"):
        st.caption(f"Logged in as {plain(name_of_login())}", width="content")
        st.button("Log out", on_click=st.logout, type="tertiary", key="log_out")
        _remember(inside=True)


def _ask() -> None:
    auth = _section()
    missing = missing_for_login(auth, base=_base()) if auth is not None else "there is no file of secrets"
    if importlib.util.find_spec("authlib") is None:
        missing = "Authlib is not installed"
    if not missing and (elsewhere := _elsewhere(str(auth and auth["redirect_uri"]))):
        st.write(f"It can be logged into under another address: [{elsewhere.split('?')[0]}]({elsewhere})")
        return
    st.button("Log in", on_click=_log_in, type="primary", disabled=bool(missing), key="log_in")
    if missing:
        st.caption(
            f"There is no login yet: {missing}. Whoever runs this server finds in docs/security.md how to set it up."
        )
        return
    failed = _remember(inside=False)
    if trouble := st.session_state.pop(_TROUBLE, ""):
        st.error(trouble)
    elif failed:
        st.warning(
            "The last attempt did not end in a login: the identity provider did not let you in, or its answer was not "
            "valid. Try again; if it stays so, tell whoever runs this server, whose log has the reason."
        )


def _remember(*, inside: bool) -> bool:
    """Whether a login was tried and came to nothing. Inside, it leads on to the page that was asked for before the login."""
    component = st.components.v2.component("t2scope_login", js=_SCRIPT)
    said = component(
        data={"inside": inside, "home": _home(_base())}, key=f"login_{inside}", height=0, on_failed_change=lambda: None
    )
    return bool(said.get("failed"))


def _section() -> Mapping[str, Any] | None:
    """The section [auth]; None where there are no secrets at all."""
    try:
        return st.secrets.get("auth") or {}
    except Exception:  # st.secrets raises its own error when there is no secrets file
        return None


def _elsewhere(redirect_uri: str) -> str:
    """This page at the address that the provider comes back to, where that is not the one it was opened at; else nothing.

    Browsers keep the cookie of one host from another: a login begun elsewhere would never end.
    """
    there = urlsplit(redirect_uri.replace("{port}", str(st.get_option("server.port"))))
    here = urlsplit(st.context.url or "")
    if not here.netloc or (here.scheme, here.netloc) == (there.scheme, there.netloc):
        return ""
    query = urlencode(st.query_params.to_dict())
    return f"{there.scheme}://{there.netloc}{quote(here.path or '/', safe='/%')}" + (f"?{query}" if query else "")


def _log_in() -> None:
    """On to the provider, unless it is down: Streamlit would leave the visitor on a bare page."""
    if trouble := _provider_trouble(str(st.secrets["auth"]["server_metadata_url"])):
        log.warning("no login: %s", trouble)
        st.session_state[_TROUBLE] = f"{trouble} Nobody can log in until it does; try again in a minute."
        return
    st.login()


def _provider_trouble(address: str) -> str:
    """A sentence about a provider that can't be asked; nothing where it describes itself as OpenID Connect wants it."""
    host = urlsplit(address).netloc
    try:
        with urlopen(address, timeout=_PATIENCE) as answer:
            described = json.loads(answer.read(_LONGEST))
    except ValueError:
        return f"The identity provider at {host} does not describe itself as OpenID Connect wants it."
    except (OSError, HTTPException) as error:
        return f"The identity provider at {host} does not answer ({getattr(error, 'reason', error)})."
    if not isinstance(described, dict) or not {"authorization_endpoint", "token_endpoint"} <= described.keys():
        return f"The identity provider at {host} does not describe itself as OpenID Connect wants it."
    return ""
