"""PEM files that are used, and those that are refused with what is wrong."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from runtime.wire.papers import Authority, openssl
from sipfo.runtime.wire.certificate import Believed, PemFiles, Shown, Trust, UnusableCertificate


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("papers"))


def refusal(files: PemFiles) -> str:
    with pytest.raises(UnusableCertificate) as caught:
        Shown(files)
    return str(caught.value)


def test_a_key_may_be_in_the_certificate_s_file(authority: Authority, tmp_path: Path) -> None:
    files = authority.issue("both", "DNS:a.example")
    both = tmp_path / "both.pem"
    assert files.key is not None
    both.write_text(Path(files.certificate).read_text() + Path(files.key).read_text())
    Shown(PemFiles(str(both)))


def test_what_is_missing_is_said_with_its_file(authority: Authority, tmp_path: Path) -> None:
    files = authority.issue("good", "DNS:a.example")
    absent, empty = str(tmp_path / "absent.pem"), tmp_path / "empty.pem"
    empty.touch()
    assert refusal(PemFiles(absent)) == f"{absent}: No such file or directory"
    assert refusal(PemFiles(str(empty))) == f"{empty}: no certificate in it"
    assert refusal(PemFiles(files.certificate)) == f"{files.certificate}: no private key in it"
    assert refusal(PemFiles(files.certificate, absent)).startswith(f"{absent}: ")


def test_a_key_of_another_certificate_is_refused(authority: Authority) -> None:
    one, other = (authority.issue(name, "DNS:a.example") for name in ("one", "other"))
    assert refusal(PemFiles(one.certificate, other.key)) == (
        f"{other.key}: the private key is not that of {one.certificate}"
    )


def test_a_key_with_a_passphrase_is_refused(authority: Authority, tmp_path: Path) -> None:
    files = authority.issue("locked", "DNS:a.example")
    locked = tmp_path / "locked.key"
    assert files.key is not None
    openssl("ec", "-in", files.key, "-aes128", "-passout", "pass:x", "-out", locked)
    assert refusal(PemFiles(files.certificate, str(locked))) == (
        f"{locked}: its private key has a passphrase"
    )


def test_what_is_no_certificate_inside_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    )
    assert refusal(PemFiles(str(broken))).startswith(f"{broken}: ")


def test_a_certificate_that_is_over_is_refused(authority: Authority) -> None:
    files = authority.issue("over", "DNS:a.example", days=-1)
    assert refusal(files) == f"{files.certificate}: certificate has expired"


def test_a_reload_takes_new_files_whole_or_keeps_the_old(
    authority: Authority, tmp_path: Path
) -> None:
    old, new = (authority.issue(name, f"DNS:{name}.example") for name in ("old", "new"))
    used = PemFiles(str(tmp_path / "used.pem"), str(tmp_path / "used.key"))
    assert used.key is not None and old.key is not None and new.key is not None

    def put(certificate: str, key: str) -> None:
        Path(used.certificate).write_bytes(Path(certificate).read_bytes())
        Path(used.key or "").write_bytes(Path(key).read_bytes())

    def names() -> set[str]:
        return _shown_by(shown.context, authority)

    put(old.certificate, old.key)
    shown = Shown(used)
    assert not shown.changed
    put(new.certificate, old.key)
    assert shown.changed
    with pytest.raises(UnusableCertificate, match="is not that of"):
        shown.reload()
    assert not shown.changed  # said once for each change
    assert names() == {"old.example"}
    put(new.certificate, new.key)
    shown.reload()
    assert names() == {"new.example"}


def _shown_by(context: ssl.SSLContext, authority: Authority) -> set[str]:
    """The names of the certificate that a context shows, in a handshake in memory."""
    believed = Believed(Trust(ca=str(authority.file)))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = believed.context.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for end in (client, server, client):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    certificate = client.getpeercert()
    assert certificate is not None
    return {value for _, value in certificate["subjectAltName"]}  # type: ignore[misc,str-unpack]  # typeshed: any value


def test_authorities_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    for file, reason in ((empty, "no certificate in it"), (tmp_path / "absent", "No such file")):
        with pytest.raises(UnusableCertificate, match=reason):
            Believed(Trust(ca=str(file)))


def test_old_versions_of_tls_are_not_spoken(authority: Authority) -> None:
    shown = Shown(authority.issue("modern", "DNS:a.example"))
    assert shown.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert Believed(Trust()).context.minimum_version == ssl.TLSVersion.TLSv1_2
