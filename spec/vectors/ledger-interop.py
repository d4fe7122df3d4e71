"""Makes the vectors of ledger-interop/ and ledger-sigsum/ with somebody else's code; run by hand, never by a test.

    pip install aics-tlog==0.2.1 aics-witness==0.1.0      # Python 3.12 or newer
    python spec/vectors/ledger-interop.py

ledger-interop/ is a log that aics-tlog builds, audits and verifies, and what aics-witness answers to requests about it. The seeds are those of
our own tests, so our code must make the same bytes: what their code accepted is what ours writes, and the other way round.

ledger-sigsum/ is an entry of the public log serviceberry.tlog.stagemole.eu with the cosignatures of eight witnesses, which nobody of us runs: the
example of the crate sigsum 0.3.0, and its policy sigsum-test-2025-3, rewritten as tlog-proof and tlog-policy.
"""

import base64
import hashlib
import pathlib
import re
import shutil
import tempfile

from aics_tlog import (
    Checkpoint, MerkleTree, Note, TileWriter, audit_tiles, cosignature_vkey, format_vkey, parse_note, sign_checkpoint,
    sign_cosignature, verify_checkpoint, verify_consistency, verify_leaf_inclusion, vkey_from_ed25519,
)
from aics_witness.config import LogConfig
from aics_witness.protocol import format_add_checkpoint_request
from aics_witness.service import Witness, WitnessError
from aics_witness.store import WitnessStore
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "justice.example/ledger"
WITNESS = "witness1.example/witness"
NOON = 1_800_000_000
SIZE, OLD = 600, 300
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes([1] * 32))
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(bytes([101] * 32))
LOG = vkey_from_ed25519(ORIGIN, LOG_KEY.public_key())
SEEN_BY = cosignature_vkey(WITNESS, WITNESS_KEY.public_key())
ENTRIES = [f"entry {n}".encode() for n in range(SIZE)]
TREE = MerkleTree(ENTRIES)


def main():
    write("ledger-interop", [*resources(), *checkpoints(), *consistency(), *inclusion(), *witness()])
    write("ledger-sigsum", sigsum())


def number(n):
    return n.to_bytes(8, "big")


def changed(data, at=-1):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


def resources():
    """G-1: each resource of the log, and what it does not have."""
    resources = TileWriter(ENTRIES).materialise()
    audit_tiles(TileWriter(ENTRIES).to_memory_reader(), SIZE, TREE.root())
    for path, data in sorted(resources.items()):
        yield "ok", "G-1", f"resource {path}", dict(size=number(SIZE), path=path.encode(), resource=data)
    path, data = "tile/0/002.p/88", resources["tile/0/002.p/88"]
    yield "another resource", "G-1", "a tile with a changed hash", dict(size=number(SIZE), path=path.encode(), resource=changed(data))
    for path in ["tile/0/002.p/89", "tile/0/002", "tile/2/000.p/1", "tile/entries/003.p/1"]:
        assert path not in resources
        yield "no resource", "G-1", f"a log of {SIZE} has no {path}", dict(size=number(SIZE), path=path.encode(), resource=b"")


def signed(size, cosigned=True):
    note = sign_checkpoint(Checkpoint(ORIGIN, size, TREE.root(size)), LOG_KEY, ORIGIN)
    _, line = sign_cosignature(WITNESS_KEY, WITNESS, NOON, ORIGIN, size, TREE.root(size))
    return Note(text=note.text, signatures=(*note.signatures, *([line] if cosigned else [])))


def checkpoints():
    """G-8: what the log signed and the witness cosigned."""
    fields = dict(log=format_vkey(LOG).encode(), witness=format_vkey(SEEN_BY).encode())
    good = signed(SIZE).to_bytes()
    cases = [
        ("ok", "a cosigned checkpoint", good),
        ("not signed", "a checkpoint of another size", good.replace(b"\n600\n", b"\n601\n")),
        ("bad cosignature", "a changed time of cosigning", later(good)),
        ("not cosigned", "a checkpoint without its cosignature", signed(SIZE, cosigned=False).to_bytes()),
    ]
    for expect, comment, checkpoint in cases:
        accepted = verify_checkpoint(parse_note(checkpoint), LOG, [SEEN_BY], 1).ok
        assert accepted == (expect == "ok"), comment
        yield expect, "G-8", comment, dict(checkpoint=checkpoint, **fields)


def later(checkpoint):
    """The last line says that the witness cosigned at another time."""
    head, line = checkpoint[:-1].rsplit(b" ", 1)
    return head + b" " + base64.b64encode(changed(base64.b64decode(line), 11)) + b"\n"


def consistency():
    """G-8: what follows on what."""
    proof = TREE.consistency_proof(OLD, SIZE)
    cases = [
        ("ok", "six hundred entries follow on three hundred", OLD, proof),
        ("not consistent", "a proof from another size", OLD + 1, proof),
        ("not consistent", "a proof with a changed hash", OLD, [changed(proof[0]), *proof[1:]]),
        ("not consistent", "a proof that lacks its last hash", OLD, proof[:-1]),
    ]
    for expect, comment, old, proof in cases:
        assert verify_consistency(old, SIZE, TREE.root(OLD), TREE.root(), proof) == (expect == "ok"), comment
        ends = {"old": number(old), "old-root": TREE.root(OLD), "size": number(SIZE), "root": TREE.root()}
        yield expect, "G-8", comment, dict(proof=b"".join(proof), **ends)


def inclusion():
    """G-10: what is in the tree, where."""
    proof = TREE.inclusion_proof(599)
    cases = [
        ("ok", "the last entry is included", 599, b"entry 599", proof),
        ("not included", "another entry", 599, b"entry 598", proof),
        ("not included", "another place", 598, b"entry 599", proof),
        ("not included", "a place beyond the end", 600, b"entry 599", proof),
        ("not included", "one hash too many", 599, b"entry 599", [*proof, proof[0]]),
    ]
    for expect, comment, index, entry, proof in cases:
        assert verify_leaf_inclusion(entry, index, SIZE, proof, TREE.root()) == (expect == "ok"), comment
        place = dict(index=number(index), size=number(SIZE), root=TREE.root())
        yield expect, "G-10", comment, dict(entry=entry, proof=b"".join(proof), **place)


def witness():
    """G-11: what their witness answers, who cosigned the log at the old size."""
    proof = TREE.consistency_proof(OLD, SIZE)
    good = format_add_checkpoint_request(OLD, proof, signed(SIZE, cosigned=False).to_bytes())
    cases = [
        ("200", "a log that grew", good),
        ("409", "an old size that is not the kept one", good.replace(b"old 300", b"old 299")),
        ("400", "an old size above the new one", good.replace(b"old 300", b"old 601")),
        ("400", "an old size with a leading zero", good.replace(b"old 300", b"old 0300")),
        ("404", "an unknown origin", good.replace(b"justice", b"finance")),
        ("403", "a size that was not signed", good.replace(b"\n600\n", b"\n599\n")),
        ("422", "no proof", format_add_checkpoint_request(OLD, [], signed(SIZE, cosigned=False).to_bytes())),
    ]
    for expect, comment, request in cases:
        status, answer = asked(request)
        assert status == expect, (comment, status)
        expect = "ok" if expect == "200" else expect
        kept = {"kept-size": number(OLD), "kept-root": TREE.root(OLD)}
        yield expect, "G-11", comment, dict(request=request, answer=answer, seconds=number(NOON), **kept)


def asked(request):
    with tempfile.TemporaryDirectory() as folder, WitnessStore(folder + "/witness.db", create=True) as store:
        log = LogConfig(ORIGIN, (LOG,), initial=(OLD, TREE.root(OLD)))
        try:
            return "200", Witness(WITNESS, WITNESS_KEY, store, [log], clock=lambda: NOON).add_checkpoint(request)
        except WitnessError as refusal:
            return str(refusal.status), b""


def sigsum():
    """G-10 and G-9: one entry of a public log, seen by a quorum of the witnesses that its users trust."""
    head, tree, path = SIGSUM_PROOF.split("\n\n")
    leaf_key, leaf_signature = bytes_of(head, "leaf")
    checksum = hashlib.sha256(hashlib.sha256(b"Hello, Sigsum!\n").digest()).digest()
    entry = checksum + leaf_signature + leaf_key
    logs = [bytes.fromhex(key) for key in re.findall(r"^log (\w+)", SIGSUM_POLICY, re.M)]
    log_key = next(key for key in logs if hashlib.sha256(key).digest() == bytes_of(head, "log")[0])
    origin = f"sigsum.org/v1/tree/{hashlib.sha256(log_key).hexdigest()}"
    size = re.search(r"^size=(\d+)", tree, re.M)[1]
    lines = [signature_line(origin, 1, log_key, bytes_of(tree, "signature")[0])]
    witnesses = [(name, bytes.fromhex(key)) for name, key in re.findall(r"^witness (\S+) (\w+)", SIGSUM_POLICY, re.M)]
    witnesses = {hashlib.sha256(key).hexdigest(): (name, key) for name, key in witnesses}
    for keyhash, seconds, signature in re.findall(r"^cosignature=(\w+) (\d+) (\w+)", tree, re.M):
        if keyhash in witnesses:
            lines.append(signature_line(*named(witnesses[keyhash]), number(int(seconds)) + bytes.fromhex(signature)))
    checkpoint = f"{origin}\n{size}\n{b64(bytes_of(tree, 'root_hash')[0])}\n\n" + "".join(lines)
    hashes = "".join(b64(bytes.fromhex(node)) + "\n" for node in re.findall(r"^node_hash=(\w+)", path, re.M))
    index = re.search(r"^leaf_index=(\d+)", path, re.M)[1]
    proof = f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{checkpoint}"
    policy = re.sub(r"^log .*\n", "", SIGSUM_POLICY, flags=re.M)
    for name, key in witnesses.values():
        policy = policy.replace(key.hex(), vkey(*named((name, key))))
    fields = dict(proof=proof, policy=policy, entry=entry, log=vkey(origin, 1, log_key))
    cases = [
        ("ok", "an entry that eight witnesses saw", {}),
        ("not included", "another entry", dict(entry=changed(entry))),
        ("not included", "another place", dict(proof=proof.replace(f"index {index}", "index 381380"))),
        ("refused", "a size that was not signed", dict(proof=proof.replace(f"\n{size}\n", "\n381383\n"))),
        ("no quorum", "one cosignature alone", dict(proof=proof.replace("".join(lines[2:]), ""))),
        ("bad cosignature", "a cosignature with a changed time", dict(proof=later(proof.encode()).decode())),
    ]
    for expect, comment, change in cases:
        case = fields | change
        yield expect, "G-10", comment, {name: value if isinstance(value, bytes) else value.encode() for name, value in case.items()}


def bytes_of(part, name):
    return [bytes.fromhex(word) for word in re.search(rf"^{name}=(.*)$", part, re.M)[1].split()]


def named(witness):
    name, key = witness
    return name, 4, key


def key_id(name, kind, key):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


def vkey(name, kind, key):
    return f"{name}+{key_id(name, kind, key).hex()}+{b64(bytes([kind]) + key)}"


def signature_line(name, kind, key, signature):
    return f"\u2014 {name} {b64(key_id(name, kind, key) + signature)}\n"


def b64(data):
    return base64.b64encode(data).decode()


def write(area, cases):
    folder = pathlib.Path(__file__).parent / area
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for at, (expect, rule, comment, fields) in enumerate(cases, 1):
        name = re.sub("[^a-z0-9]", "-", comment.lower())
        lines = "".join(f"{field}: {value.hex()}\n" for field, value in sorted(fields.items()))
        (folder / f"{at:02}-{name}.txt").write_text(f"expect: {expect}\nrule: {rule}\ncomment: {comment}\n\n{lines}")


SIGSUM_PROOF = """\
version=2
log=1643169b32bef33a3f54f8a353b87c475d19b6223cbb106390d10a29978e1cba
leaf=2c8d843ed6237e9ea033207113329fdd1428c75f8fd3c6782ae46c92c7a00c40 38dd0b42cab5166611a4f8346db1c6ffe81ee2345f3ffe36a466eb8fce1d4b2879fbb5f26291d25e610b2dc7f30eaa603efd97739ae585657d0f7181726eec00

size=381382
root_hash=901fefc6f1d978d2c2bedb82d448755bcdc7e8626e67ac7ee80873771be9b667
signature=8a8bf1fca60d1344fb6e2106e8f8906af833d3d75a21fe8d3af72be459f7a11f2ae6606ec6344a13b851cd454b3d281a2b1ae47732f7a8d6afbcc0134d1a2d00
cosignature=1c997261f16e6e81d13f420900a2542a4b6a049c2d996324ee5d82a90ca3360c 1770193051 a1ee1182b265204499cbef3ae59f3ea228b928b3cbda8817a4ed5a12776823e9ad8ef1ce986b9b98d9954f1798ec4315c1820704600a231c69038ccc9726d202
cosignature=49c4cd6124b7c572f3354d854d50b2a4b057a750f786cf03103c09de339c4ea3 1770193051 aaf642e81a54399777180f238573d74878b68c7b645d8011583621405bb450b4e7887fc76502a8142c493d64e3ed3e556d82dad1706411082e58805f64fa9d02
cosignature=70b861a010f25030de6ff6a5267e0b951e70c04b20ba4a3ce41e7fba7b9b7dfc 1770193051 f5953f406f5fd97d9c9d1328b00b07bf434a5eb76d8da359aeda98c414de29ca1ced1872971ea0f137508a7bb05c7d322548409425677af96433706319bc0801
cosignature=86b5414ae57f45c2953a074640bb5bedebad023925d4dc91a31de1350b710089 1770193051 3434b4646904714f4983c8e7e976a45332711f10012b19fbeb5549b6c0c04fb4ed52feed2da829354623c52b22b90093776034a8d57d660f9ff27a118f5bf801
cosignature=c1d2d6935c2fb43bef395792b1f3c1dfe4072d4c6cadd05e0cc90b28d7141ed3 1770193051 f0dce1bcdda3a2826479d62e6afedbe9ec06e8f990ae59d8cefa84d9a6ee68c12c2820fb00e1dbdc30044b16c7695a9d1047cec4788dc757f698d34ebaec4305
cosignature=d960fcff859a34d677343e4789c6843e897c9ff195ea7140a6ef382566df3b65 1770193051 b44c41f75566850003f7f655a6dc7bb38bb980e8e2c383871e29883805d3adec7782a08388b9386d9718380a4bb6900043e2b46080cff0fa75a500c36ef9df0a
cosignature=e4a6a1e4657d8d7a187cc0c20ed51055d88c72f340d29534939aee32d86b4021 1770193051 70697b4a6b07e79e49d0a8e41fd7450a593ee9df11da6244cebe4b0c15c8e52f28ad3931b95a806fc7f16b4ad90197971ddc087434c7985b8b3a0223c9fa3603
cosignature=42351ad474b29c04187fd0c8c7670656386f323f02e9a4ef0a0055ec061ecac8 1770193051 6610e5cf4ead2062d9783fbc19d2bae65eded35335495ad0cf0386277ed2d51854ced64efa21a6db0a398fdfb6761aa7d5659e54950a060d167fbdcb7b5ece05

leaf_index=381381
node_hash=d009c5dbeaaa5be1788ea9533f6f398747755a8245012165ac73f753b7917672
node_hash=fb515551fe18f6e53d7d7f49b80abbb5c702b9662ee74fc7730e4a7685000aa4
node_hash=e21e73ee8caf0d49cdcd2f334b3f64e85e4a151daf8d09b6034306bb21b88480
node_hash=f77bc4db00e509149b6e2fc0028d7107dd415929dc9972f32fe758ce39bcc9a0
node_hash=3acb38f01c633d917b899ed4e522a49a02bf20d358f98ca530e3a3065591e7f2
node_hash=889de80c543a5ae8e35430988dc120ac7edde74b776f9082f814ea88190a601f
node_hash=199f812b9f3667dec31f964098e32652477a2f3d458019b6f8f4acc645cf0131
node_hash=084580f8f6324d4ae42dbcb779502ab9fab77e0c2b92519fe089be72e38d60ed
node_hash=9ddbece4939d621df53f31e2729d5fa7802fd82f3edfb784483d8b7fa9cf41e2
node_hash=e1c7a90c09949c263807e5970aef47f9a06164b759995ab814aff94aff9dcd00
"""

SIGSUM_POLICY = """\
log 4644af2abd40f4895a003bca350f9d5912ab301a49c77f13e5b6d905c20a5fe6 https://test.sigsum.org/barreleye
log 47e481606d8acba747a6b053d6c2d191605fb122175d410a1202a91430abce39 https://serviceberry.tlog.stagemole.eu
witness poc.sigsum.org/nisse 1c25f8a44c635457e2e391d1efbca7d4c2951a0aef06225a881e46b98962ac6c
witness rgdd.se/poc-witness 28c92a5a3a054d317c86fc2eeb6a7ab2054d6217100d0be67ded5b74323c5806
witness witness1.smartit.nu/witness1 f4855a0f46e8a3e23bb40faf260ee57ab8a18249fa402f2ca2d28a60e1a3130e
witness witness.navigli.sunlight.geomys.org dcbf728e02d479f5a7e20dc09adf525833ed6e797526517aeb07fc6854849fc6
witness remora.n621.de ebcdeb78e7fdb2ef9227b2c1ef11e94600b55b4d6d9a57877e31ee89e59adc36
witness witness.stagemole.eu 4a921b7caef58ae670cdc11ef4184f1c058f7b9259a9107a969f69fa54aa496f
witness tillitis.se/test-witness-1 636582aec12f32c18a21733db9e3f718058ee7aaec6dbe4eb81781e0f4300c6e
witness transparency.dev/DEV:witness-little-garden 2b6eb0ec483503544cde4e8fc1ce6d1921db21dffccc186865f808f7625443cc
group glasklar-test-witnesses 2 poc.sigsum.org/nisse rgdd.se/poc-witness witness1.smartit.nu/witness1
group quorum-rule 4 glasklar-test-witnesses witness.navigli.sunlight.geomys.org remora.n621.de witness.stagemole.eu tillitis.se/test-witness-1 transparency.dev/DEV:witness-little-garden
quorum quorum-rule
"""

if __name__ == "__main__":
    main()
