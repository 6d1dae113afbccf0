"""A POST goes to the public Internet alone, and to the address that was judged."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from profiles.egress.resolving import Forbidden, reachable
from tasks import posting
from tasks.posting import Poster
from tests.name_server import name_server
from tests.tasks.receiver import receiving

__all__ = ["name_server"]

PUBLIC = Poster()
TRIES = Poster(to_loopback=True)


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


async def said(url, poster=PUBLIC):
    return "; ".join(str(fault) for fault in await poster.faults(url))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.7",
        "172.20.1.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[fd00::1]",
        "[fe80::1]",
        "[ff02::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "localhost",
        "2130706433",
        "0x7f000001",
        "127.1",
    ],
)
@pytest.mark.parametrize("poster", [PUBLIC, TRIES], ids=["public", "tries"])
async def test_a_private_address_is_refused_when_it_is_registered_and_when_it_is_sent_to(host, poster):
    url = f"https://{host}/hook"
    if poster is TRIES and host in {"127.0.0.1", "[::1]"}:
        assert await poster.faults(url) == []
        return
    assert "private, local or reserved" in await said(url, poster)
    outcome = await poster.post(url, b"{}", {})
    assert (outcome.status, outcome.trouble) == (None, "the address is not a public one")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hook.example/", "begins with `https://`"),
        ("http://127.0.0.1:9999/", "begins with `https://`"),
        ("ftp://hook.example/", "begins with `https://`"),
        ("hook.example/path", "names a host"),
        ("https:///path", "names a host"),
        ("https://user:geheim@hook.example/", "no user and no password"),
        ("https://hook.example/#part", "no `#`"),
        ("https://hook.example:22/", "port 443, or one from 1024 on"),
        ("https://hook.example:99999/", "is no address"),
        ("https://hook example/", "percent-encoded"),
        ("https://höök.example/", "ASCII"),
        ("https://hook.example/\r\nX: y", "percent-encoded"),
        ("https://[::1/", "is no address"),
        ("https://hook.example/" + 2000 * "a", "more than 2000 characters"),
        ("https://nobody-has-this-name.invalid/", "no name server knows"),
    ],
)
async def test_what_is_no_address_for_a_webhook(url, why):
    found = await said(url)
    assert why in found
    assert "geheim" not in found


async def test_what_is_one():
    for url in (
        "https://hooks.platform.example",
        "https://hooks.platform.example:8443/a/b?c=d",
        "https://93.184.216.34/",
    ):
        assert await PUBLIC.faults(url) == []


async def test_all_that_is_wrong_is_said_at_once():
    assert len(await PUBLIC.faults("http://user@hook.example:22/#part")) == 4


async def test_a_name_that_leads_elsewhere_later_is_refused_then(receiver):
    """The name server's second answer is this machine: judged again, at the sending."""
    leads_to = ["93.184.216.34"]

    async def lookup(_host, _port):
        return leads_to

    poster = Poster(reach=lambda host, port: reachable((host, port), loopback=False, lookup=lookup))
    url = f"https://hook.example:{receiver.port}/"
    assert await poster.faults(url) == []
    leads_to[:] = ["127.0.0.1"]
    assert (await poster.post(url, b"{}", {})).trouble == "the address is not a public one"
    assert "private" in await said(url, poster)
    assert receiver.got == []


async def test_it_comes_as_it_was_sent(receiver):
    outcome = await TRIES.post(receiver.url, b'{"a": 1}', {"webhook-id": "dl_1", "Content-Type": "application/json"})
    assert outcome.is_delivered
    (got,) = receiver.got
    assert (got.path, got.body) == ("/hook?token=geheim", b'{"a": 1}')
    assert (got.headers["webhook-id"], got.headers["host"]) == ("dl_1", f"127.0.0.1:{receiver.port}")


async def test_a_redirect_is_not_followed(receiver):
    receiver.answers = [(302, {"Location": receiver.url})]
    outcome = await TRIES.post(receiver.url, b"{}", {})
    assert (outcome.status, outcome.is_delivered, len(receiver.got)) == (302, False, 1)


async def test_a_proxy_of_the_environment_is_not_asked(receiver, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert (await TRIES.post(receiver.url, b"{}", {})).is_delivered


@pytest.mark.parametrize(("waits", "asked_s"), [("120", 120), ("999999999", 86400), ("soon", None)])
async def test_what_it_asks_for_is_heard(receiver, waits, asked_s):
    receiver.answers = [(429, {"Retry-After": waits})]
    assert (await TRIES.post(receiver.url, b"{}", {})).retry_after_s == asked_s


async def test_who_does_not_answer_or_breaks_off_is_a_failure(monkeypatch):
    monkeypatch.setattr(posting, "SEND_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert (await TRIES.post(url, b"{}", {})).trouble == "no answer within 0.2 s"
    assert (await TRIES.post(url, b"{}", {})).trouble == "no connection"

    async def hang_up(_reader, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert (await TRIES.post(url, b"{}", {})).trouble == "the connection broke off"


async def test_a_body_that_never_ends_is_not_waited_for():
    left = asyncio.Event()

    async def drip(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n.")
        await reader.read()
        writer.close()
        left.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert (await TRIES.post(url, b"{}", {})).is_delivered
        await left.wait()


def certificate(folder, name):
    """One that signs itself, for this name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


async def test_over_tls_the_judged_address_is_reached_and_the_name_is_proven(tmp_path):
    file = certificate(tmp_path, "hook.example")
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(file)
    asked = []

    async def reach(host, port):
        asked.append(host)
        return ["127.0.0.2", "127.0.0.1"]  # nobody listens at the first

    poster = Poster(reach=reach, tls=ssl.create_default_context(cafile=file))
    with receiving(serving) as receiver:
        assert (await poster.post(f"https://hook.example:{receiver.port}/a", b"{}", {})).is_delivered
        assert receiver.got[0].headers["host"] == f"hook.example:{receiver.port}"
        other = await poster.post(f"https://other.example:{receiver.port}/a", b"{}", {})
        assert other.trouble == "the certificate is not right"
        strangers = await Poster(reach=reach).post(f"https://hook.example:{receiver.port}/a", b"{}", {})
        assert strangers.trouble == "the certificate is not right"
        assert len(receiver.got) == 1
    assert asked == ["hook.example", "other.example", "hook.example"]


async def test_no_address_gets_into_a_log(receiver, caplog):
    caplog.set_level("DEBUG")
    await TRIES.post(receiver.url, b"{}", {})
    await PUBLIC.post(receiver.url, b"{}", {})
    assert "geheim" not in caplog.text


async def test_a_deployment_that_takes_less_than_before_sends_no_more(receiver):
    assert (await PUBLIC.post(receiver.url, b"{}", {})).trouble == "the address is not a public one"
    with pytest.raises(Forbidden):
        await PUBLIC._post(receiver.url, b"{}", {})
