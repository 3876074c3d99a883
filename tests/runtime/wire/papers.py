"""Certificates for tests, made by the openssl program: an authority and what it issues."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sipfo.runtime.wire.certificate import PemFiles

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*words: str | Path) -> None:
    """Run openssl; what it has to say is shown when it fails."""
    command = ["openssl", *map(str, words)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Authority:
    """A certificate authority of its own, in a folder of its own."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder / name
        self._folder.mkdir()
        self._key = self._folder / "ca.key"
        self.file = self._folder / "ca.pem"
        """Its certificate."""
        subject = ("-subj", f"/CN={name}", "-days", "2")
        openssl("req", "-x509", *NEW_KEY, *subject, "-keyout", self._key, "-out", self.file)

    def issue(
        self, file: str, *alternatives: str, subject: str = "test", days: int = 1
    ) -> PemFiles:
        """A certificate for names such as `DNS:a.example`; with negative days one that is over."""
        key, request, made = (self._folder / f"{file}.{end}" for end in ("key", "csr", "pem"))
        names = ("-addext", f"subjectAltName={','.join(alternatives)}") if alternatives else ()
        subject = f"/CN={subject}"
        openssl("req", "-new", *NEW_KEY, "-subj", subject, *names, "-keyout", key, "-out", request)
        issuer = ("-CA", self.file, "-CAkey", self._key, "-CAcreateserial")
        extensions = ("-copy_extensions", "copy")
        openssl(
            *("x509", "-req", "-in", request, *issuer, *extensions),
            *("-days", str(days), "-out", made),
        )
        return PemFiles(str(made), str(key))
