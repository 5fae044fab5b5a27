"""The key and the self-signed certificate of the town as a service provider (AgID, Avviso SPID 29 version 3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

KEY_BITS = 3072
VALID_FOR = timedelta(days=3 * 365)

#: URI of the subject, its identifier, and the two policies that the Avviso asks for.
OID_URI = ObjectIdentifier("2.5.4.83")
OID_ORGANISATION_IDENTIFIER = ObjectIdentifier("2.5.4.97")
OID_AGID_CERTIFICATE = ObjectIdentifier("1.3.76.16.6")
OID_SPID_PUBLIC_PROVIDER = ObjectIdentifier("1.3.76.16.4.2.1")


@dataclass(frozen=True)
class Subject:
    """What the certificate says about the town."""

    organisation: str
    common_name: str
    entity_id: str
    ipa_code: str
    city: str


def make(subject: Subject, *, now: datetime) -> tuple[bytes, bytes]:
    """A new RSA key and its certificate, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    name = _name(subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + VALID_FOR)
    )
    for extension, critical in _extensions(key.public_key()):
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(key, hashes.SHA256())
    return _pem(key), certificate.public_bytes(serialization.Encoding.PEM)


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(subject: Subject) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, subject.common_name),
            x509.NameAttribute(OID_URI, subject.entity_id),
            x509.NameAttribute(OID_ORGANISATION_IDENTIFIER, f"PA:IT-{subject.ipa_code}"),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "IT"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, subject.city),
        ]
    )


def _extensions(public: rsa.RSAPublicKey) -> list[tuple[x509.ExtensionType, bool]]:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    policies = x509.CertificatePolicies(
        [
            _policy(OID_AGID_CERTIFICATE, "agIDcert"),
            _policy(OID_SPID_PUBLIC_PROVIDER, "cert_SP_Pub"),
        ]
    )
    return [
        (x509.BasicConstraints(ca=False, path_length=None), False),
        (usage, True),
        (policies, False),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
    ]


def _policy(identifier: ObjectIdentifier, text: str) -> x509.PolicyInformation:
    return x509.PolicyInformation(identifier, [x509.UserNotice(None, text)])
