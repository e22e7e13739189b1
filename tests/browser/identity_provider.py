"""A small OpenID Connect provider on this machine, which lets Ada in, or fails in the way that a test asks for."""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

ADA = {"sub": "ada", "name": "Ada Lovelace", "email": "ada@example.org"}


class IdentityProvider:
    """Provider at ``url`` until the block ends.

    mood : ``lets in``, ``denies`` (the visitor said no), ``forges`` (signs with a key that is not its own), ``is late``
    (the identity ran out an hour ago), ``mixes up`` (an identity for another client) or ``is down``.
    """

    def __init__(self):
        self.mood, self.claims, self.left = "lets in", dict(ADA), 0
        self._key, self._other = (RSAKey.generate_key(2048, parameters={"kid": "a"}) for _ in range(2))
        self._asked: dict[str, str] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider._answer(self, urlsplit(self.path), {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider._answer(self, urlsplit(self.path), {k: v[0] for k, v in parse_qs(body).items()})

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, to, at, form):
        query = {key: value[0] for key, value in parse_qs(at.query).items()}
        if self.mood == "is down":
            to.send_error(503)
        elif at.path == "/authorize":
            self._redirect(to, query["redirect_uri"], self._decided(query))
        elif at.path == "/leave":
            self.left += 1
            self._redirect(to, query["post_logout_redirect_uri"], {})
        else:
            told = {"/.well-known/openid-configuration": self._described, "/keys": self._keys, "/token": self._token}
            body = json.dumps(told[at.path](form)).encode()
            to.send_response(200)
            to.send_header("Content-Type", "application/json")
            to.send_header("Content-Length", str(len(body)))
            to.end_headers()
            to.wfile.write(body)

    def _redirect(self, to, address, query):
        to.send_response(302)
        to.send_header("Location", address + ("?" + urlencode(query) if query else ""))
        to.send_header("Content-Length", "0")
        to.end_headers()

    def _decided(self, query):
        if self.mood == "denies":
            return {"error": "access_denied", "state": query["state"]}
        code = base64.urlsafe_b64encode(query["state"].encode()).decode()
        self._asked[code] = query["nonce"]
        return {"code": code, "state": query["state"]}

    def _described(self, _form):
        return {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys", "end_session_endpoint": f"{self.url}/leave", "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
        }  # fmt: skip

    def _keys(self, _form):
        return {"keys": [self._key.as_dict(private=False)]}

    def _token(self, form):
        now = int(time.time()) - (7200 if self.mood == "is late" else 0)
        about = {
            "iss": self.url, "aud": "somebody else" if self.mood == "mixes up" else "t2scope", "iat": now, "exp": now + 3600,
            "nonce": self._asked.pop(form["code"]), **self.claims,
        }  # fmt: skip
        signed = jwt.encode({"alg": "RS256", "kid": "a"}, about, self._other if self.mood == "forges" else self._key)
        return {"access_token": "nothing", "token_type": "Bearer", "expires_in": 3600, "id_token": signed}
