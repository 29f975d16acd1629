"""Software that nobody here wrote checks our access tokens, from the issuer's URL alone.

HAProxy, Apache with mod_auth_openidc, Node with express-oauth2-jwt-bearer and Python with PyJWT each guard something.
Each must let a good token in and refuse a forged one, an expired one, and one for another audience.

Run by `.ci/integrations/run`. Arguments: the program `clientele`, and the folder of express.js with its packages.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import jwt

HERE = pathlib.Path(__file__).parent
EMAIL, PASSWORD = "admin@example.com", "correct horse battery staple"
# The shortest time that the setting allows.
SHORT_TTL = 10
# What the verifiers grant to clocks that differ; express-oauth2-jwt-bearer grants 5 seconds.
LEEWAY = 6


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url, token=None, body=None):
    """Status and text of an answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_until_up(process, port):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


@contextlib.contextmanager
def running(command, port, **options):
    process = subprocess.Popen(command, **options)
    try:
        wait_until_up(process, port)
        yield
    finally:
        process.terminate()
        process.wait(timeout=40)


def clientele(program, folder, port, issuer, **settings):
    """An instance of the service on a database of its own or a shared one."""
    environment = {
        **os.environ,
        "CLIENTELE_HTTP__LISTEN": f"127.0.0.1:{port}",
        "CLIENTELE_HTTP__PUBLIC_URL": issuer,
        "CLIENTELE_METRICS__LISTEN": "off",
        "CLIENTELE_AUTH__BCRYPT_COST": "10",
        "CLIENTELE_LOG__LEVEL": "error",
        "CLIENTELE_ADMIN_EMAIL": EMAIL,
        "CLIENTELE_ADMIN_PASSWORD": PASSWORD,
        **settings,
    }
    folder.mkdir(exist_ok=True)
    return running([program, "serve"], port, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def token_of(program, folder, issuer, **settings):
    """A token that an instance with these settings issues."""
    port = free_port()
    with clientele(program, folder, port, issuer, **settings):
        _, text = ask(f"http://127.0.0.1:{port}/auth/signin", body={"email": EMAIL, "password": PASSWORD})
        return json.loads(text)["access_token"]


def pem_of(issuer, folder):
    """HAProxy reads a public key as PEM. The key set is the source."""
    _, metadata = ask(f"{issuer}/.well-known/oauth-authorization-server")
    _, keys = ask(json.loads(metadata)["jwks_uri"])
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = jwt.PyJWK(json.loads(keys)["keys"][0]).key
    path = folder / "key.pem"
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


@contextlib.contextmanager
def haproxy(issuer, algorithm, folder):
    port = free_port()
    environment = {
        **os.environ,
        "PORT": str(port),
        "ISSUER": issuer,
        "ALGORITHM": algorithm,
        "KEY": str(pem_of(issuer, folder)),
    }
    command = ["haproxy", "-q", "-db", "-f", str(HERE / "haproxy.cfg")]
    with running(command, port, env=environment):
        yield lambda token: ask(f"http://127.0.0.1:{port}/", token)[0]


@contextlib.contextmanager
def tls(issuer, folder):
    """The service behind TLS with a certificate of its own. Gives the URL."""
    port, certificate = free_port(), folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "own.pem"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    certificate.write_text((folder / "own.pem").read_text() + (folder / "key.pem").read_text())
    service = issuer.removeprefix("http://")
    environment = {**os.environ, "PORT": str(port), "CERTIFICATE": str(certificate), "SERVICE": service}
    command = ["haproxy", "-q", "-db", "-f", str(HERE / "tls.cfg")]
    with running(command, port, env=environment):
        yield f"https://localhost:{port}"


@contextlib.contextmanager
def apache(issuer, _algorithm, folder):
    port = free_port()
    pages = folder / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("welcome")
    folder.chmod(0o755)
    with tls(issuer, folder) as keys:
        environment = {**os.environ, "PORT": str(port), "ISSUER": issuer, "KEYS": keys, "FOLDER": str(folder)}
        command = ["apache2", "-X", "-f", str(HERE / "apache.conf")]
        with running(command, port, env=environment):
            yield lambda token: ask(f"http://127.0.0.1:{port}/index.html", token)[0]


@contextlib.contextmanager
def node(issuer, _algorithm, _folder):
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "ISSUER": issuer, "AUDIENCE": "clientele"}
    command = ["node", "express.js"]
    with running(command, port, env=environment, cwd=packages):
        yield lambda token: ask(f"http://127.0.0.1:{port}/", token)[0]


@contextlib.contextmanager
def python(issuer, _algorithm, _folder):
    _, metadata = ask(f"{issuer}/.well-known/openid-configuration")
    metadata = json.loads(metadata)
    keys = jwt.PyJWKClient(metadata["jwks_uri"])

    def check(token):
        try:
            key = keys.get_signing_key_from_jwt(token)
            algorithms = metadata["id_token_signing_alg_values_supported"]
            jwt.decode(token, key, algorithms=algorithms, audience="clientele", issuer=metadata["issuer"])
        except jwt.PyJWTError:
            return 401
        return 200

    yield check


def prove(program, algorithm, folder):
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    signed = {"CLIENTELE_AUTH__TOKEN_ALGORITHM": algorithm}
    home = folder / "home"
    with clientele(program, home, port, issuer, **signed):
        expired = token_of(program, home, issuer, CLIENTELE_AUTH__ACCESS_TOKEN_TTL=str(SHORT_TTL))
        issued = time.monotonic()
        tokens = {
            "good": token_of(program, home, issuer),
            "for another audience": token_of(program, home, issuer, CLIENTELE_AUTH__AUDIENCE="another"),
            "forged": token_of(program, folder / "stranger", issuer, **signed),
            "expired": expired,
        }
        assert jwt.get_unverified_header(tokens["good"])["alg"] == algorithm
        time.sleep(max(0, issued + SHORT_TTL + LEEWAY - time.monotonic()))
        for verifier in (haproxy, apache, node, python):
            with tempfile.TemporaryDirectory() as own, verifier(issuer, algorithm, pathlib.Path(own)) as check:
                for name, token in tokens.items():
                    wanted = 200 if name == "good" else 401
                    got = check(token)
                    if got != wanted:
                        sys.exit(f"{verifier.__name__}, {algorithm}: {got} for a token that is {name}")
                print(f"{verifier.__name__}, {algorithm}: 1 token let in, {len(tokens) - 1} refused")


program, packages = sys.argv[1], pathlib.Path(sys.argv[2])
for algorithm in ("ES256", "RS256"):
    with tempfile.TemporaryDirectory() as folder:
        prove(program, algorithm, pathlib.Path(folder))
