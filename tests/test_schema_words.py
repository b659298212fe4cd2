"""What people read when a document does not have its shape: the place, the message, the help."""

import re

import pytest
from schema_documents import parse

from srcnet_compiler.quantity import (
    BIT_RATE_PATTERN,
    BYTES_PATTERN,
    DATA_RATE_PATTERN,
    DURATION_PATTERN,
    PERIOD_PATTERN,
)
from srcnet_compiler.schema.validate import validate
from srcnet_compiler.schema.wording.amounts import amounts

ENVELOPE = "apiVersion: srcnet.skao.int/v1alpha2\nkind: {kind}\nmetadata: {{name: x}}\nspec:\n"
SITE = ENVELOPE.format(kind="Site") + "  src: CHSRC\n"
AREA = SITE + "  country: CH\n  storage:\n    - name: A-T0\n      tier: online\n      system: eos\n"
ENDPOINT = AREA + "      endpoints:\n        - protocol: davs\n"
WAIVER = (
    ENVELOPE.format(kind="Waiver")
    + "  of: x\n  reason: y\n  approvedBy: {group: g}\n  until: 2027-01-01\n"
)
CLUSTER = (
    SITE
    + "  country: CH\n  compute:\n    - name: alps\n      slurm:\n"
    + "        nodes: [{names: n1, cores: 2}]\n"
    + "        controller: {host: a.example.org, credentials: {secretRef: {env: A}}}\n"
)
QUEUES = ENVELOPE.format(kind="ComputePolicy") + "  prefix: ska\n  queues:\n"
ALLOCATION = (
    ENVELOPE.format(kind="Allocation") + "  period: {from: 2027-01-01, until: 2027-12-31}\n"
    "  projects:\n"
)
POLICY = (
    ENVELOPE.format(kind="DataPolicy")
    + "  selects: {namespaces: [daac]}\n  arrives: {deadline: 7 d}\n  floor: 2\n"
    + "  activity: User Subscriptions\n"
    + "  phases: [{name: a, apart: region, copies: [{count: 2, tier: online}]}]\n"
)
FEDERATION = (
    ENVELOPE.format(kind="Federation")
    + "  members: [CHSRC]\n  regions: {europe: [CH]}\n  storageClasses: {T0: {tier: online}}\n"
    + "  tiers: {online: {media: [hdd], reachable: immediately}}\n"
    + '  naming: {area: "{src}"}\n  identity: {issuer: "https://iam.example.org"}\n'
    + "  rucio:\n    server: https://rucio.example.org\n    owner: srcnet\n    actsAs: root\n"
    + "    activities: [User Subscriptions]\n"
)
BY_REFERENCE = (
    "a secret never stands in a spec: write where it is found, such as"
    " `credentials: {secretRef: {env: RUCIO_TOKEN}}`, and change the secret if it was real"
)
KINDS = (
    "`Site`, `Federation`, `DataPolicy`, `ComputePolicy`, `Allocation`, `Service`,"
    " `WorkflowTemplate`, `SecurityPolicy`, `Downtime`, `Moved`, `Retired` and `Waiver`"
)

CASES = {
    "a list at the root": (
        "- a\n- b\n",
        ("wrong-shape", "- a", "the document is a list, but must be a mapping"),
        "begin it with `apiVersion: srcnet.skao.int/v1alpha2` and `kind: Site`",
    ),
    "a kind that is almost right": (
        SITE.replace("kind: Site", "kind: Sit") + "  country: CH\n",
        ("unknown-kind", "Sit", "`Sit` is not a kind of document"),
        f"did you mean `Site`? the kinds are {KINDS}",
    ),
    "a kind that comes later": (
        SITE.replace("kind: Site", "kind: NetworkPolicy"),
        ("unknown-kind", "NetworkPolicy", "`NetworkPolicy` is not a kind of document"),
        f"did you mean `DataPolicy`? the kinds are {KINDS}",
    ),
    "a kind without value": (
        SITE.replace("kind: Site", "kind:"),
        ("wrong-shape", "kind", "`kind` has no value"),
        f"the kinds are {KINDS}",
    ),
    "a kind that is a list": (
        SITE.replace("kind: Site", "kind: [Site]"),
        ("wrong-shape", "[Site]", "`kind` is a list, but must be a text"),
        f"the kinds are {KINDS}",
    ),
    "no kind": (
        SITE.replace("kind: Site\n", ""),
        (
            "missing-key",
            "apiVersion: srcnet.skao.int/v1alpha2",
            "`kind` is missing in the document",
        ),
        "add `kind: Site`, or what else the document describes",
    ),
    "no apiVersion": (
        (SITE + "  country: CH\n").replace("apiVersion: srcnet.skao.int/v1alpha2\n", ""),
        ("missing-key", "kind: Site", "`apiVersion` is missing in the document"),
        "add `apiVersion: srcnet.skao.int/v1alpha2`: the version of the spec language",
    ),
    "another apiVersion": (
        (SITE + "  country: CH\n").replace("/v1alpha2", "/1"),
        (
            "wrong-shape",
            "srcnet.skao.int/1",
            "`apiVersion` is `srcnet.skao.int/1`, which is not known here",
        ),
        "write `apiVersion: srcnet.skao.int/v1alpha2`",
    ),
    "a misspelt key, which is also missing": (
        SITE + "  contry: CH\n",
        ("unknown-key", "contry", "`contry` is not a key of `spec`"),
        "did you mean `country`?",
    ),
    "a key in other letters": (
        AREA + "      Posix-Mount: /a\n",
        ("unknown-key", "Posix-Mount", "`Posix-Mount` is not a key of an item of `storage`"),
        "did you mean `posixMount`?",
    ),
    "a key that belongs elsewhere": (
        SITE + "  country: CH\n  capacity: 4 PB\n",
        ("unknown-key", "capacity", "`capacity` is not a key of `spec`"),
        "`capacity` belongs in an item of `spec.storage`",
    ),
    "a key that nobody knows": (
        WAIVER + "  setsAside: {draft: true, zzz: 1}\n",
        ("unknown-key", "zzz", "`zzz` is not a key of `setsAside`"),
        "the keys here are `finding`, `draft`, `limit` and `upTo`",
    ),
    "a missing key of an item": (
        AREA.replace("      tier: online\n", ""),
        ("missing-key", "name: A-T0", "`tier` is missing in `A-T0`, an item of `storage`"),
        "add `tier: online`: a tier of the federation, such as `online`",
    ),
    "a missing key of an item on one line": (
        SITE + "  country: CH\n  contacts: [{role: data}]\n",
        ("missing-key", "{role: data}", "`email` is missing in an item of `contacts`"),
        "add `email: operations@example.org`: where mail reaches the role",
    ),
    "a missing key of a mapping": (
        SITE,
        ("missing-key", "spec", "`country` is missing in `spec`"),
        "add `country: AU`: two letters of ISO 3166; the federation's regions are made of"
        " countries",
    ),
    "a key without value": (
        SITE + "  country:\n",
        ("wrong-shape", "country", "`country` has no value"),
        "write a value, such as `country: AU`",
    ),
    "an optional key without value": (
        AREA + "      capacity:\n",
        ("wrong-shape", "capacity", "`capacity` has no value"),
        "write a value, such as `capacity: 4 PB`, or remove it",
    ),
    "an item without value": (
        SITE + "  country: CH\n  alsoKnownAs: [~]\n",
        ("wrong-shape", "~", "an item of `alsoKnownAs` has no value"),
        "write a value, such as `- ...`, or remove it",
    ),
    "a number for a country": (
        SITE + "  country: 12\n",
        (
            "wrong-shape",
            "12",
            "`country` is the number `12`, but must be a country of two capital letters",
        ),
        "write a country of two capital letters, such as `AU`",
    ),
    "a country in small letters": (
        SITE + "  country: au\n",
        ("wrong-shape", "au", "`country` is `au`, which is not a country of two capital letters"),
        "write `country: AU`",
    ),
    "a version that YAML reads as a number": (
        SITE + "  country: CH\n  services: [{service: soda, version: 1.10}]\n",
        ("wrong-shape", "1.10", "`version` is the number `1.10`, but must be a text"),
        'quote it: `version: "1.10"`',
    ),
    "a name that YAML reads as a number": (
        SITE + "  country: CH\n  services: [{service: 0123}]\n",
        (
            "wrong-shape",
            "0123",
            "`service` is the number `0123`, but must be a name of letters, digits, `-` and `_`",
        ),
        'quote it: `service: "0123"`',
    ),
    "a size without unit": (
        AREA + "      capacity: 4\n",
        ("wrong-shape", "4", "`capacity` is `4`, without a unit"),
        "write an amount with its unit, such as `4 PB`",
    ),
    "a quoted size without unit": (
        AREA + '      capacity: "4.5"\n',
        ("wrong-shape", '"4.5"', "`capacity` is `4.5`, without a unit"),
        "write an amount with its unit, such as `4 PB`",
    ),
    "a negative size": (
        AREA + "      capacity: -4 PB\n",
        ("wrong-shape", "-4 PB", "`capacity` is `-4 PB`, and cannot be negative"),
        "write an amount with its unit, such as `4 PB`",
    ),
    "a negative number for a size": (
        AREA + "      capacity: -4\n",
        ("wrong-shape", "-4", "`capacity` is `-4`, and cannot be negative"),
        "write an amount with its unit, such as `4 PB`",
    ),
    "a unit in small letters": (
        AREA + "      capacity: 4 pb\n",
        ("wrong-shape", "4 pb", "`capacity` is `4 pb`, which is not an amount with its unit"),
        "write `capacity: 4 PB`",
    ),
    "a decimal comma": (
        AREA + "      capacity: 4,5 PB\n",
        ("wrong-shape", "4,5 PB", "`capacity` is `4,5 PB`, which is not an amount with its unit"),
        "write `capacity: 4.5 PB`",
    ),
    "an unknown unit": (
        SITE + "  country: CH\n  network: {wan: 100 baud}\n",
        ("wrong-shape", "100 baud", "`wan` is `100 baud`, which is not a rate with its unit"),
        "write a rate with its unit, such as `100 Gbit/s`; units are `bit/s`, `kbit/s`,"
        " `Mbit/s`, `Gbit/s` and `Tbit/s`",
    ),
    "a rate without time": (
        POLICY + "  volume: [{from: 2027, rate: 30 PB}]\n",
        ("wrong-shape", "30 PB", "`rate` is `30 PB`, which is not an amount per year or per day"),
        "write an amount per year or per day, such as `30 PB/yr`",
    ),
    "a mapping for a size": (
        AREA + "      capacity:\n        online: 4 PB\n",
        (
            "wrong-shape",
            "online: 4 PB",
            "`capacity` is a mapping, but must be an amount with its unit",
        ),
        "write `capacity: 4 PB`",
    ),
    "a host with a space": (
        ENDPOINT + '          host: " a.example.org"\n          port: 1\n          path: /a\n',
        ("wrong-shape", '" a.example.org"', "`host` begins with a space"),
        "write `host: a.example.org`",
    ),
    "an address for a path": (
        ENDPOINT
        + "          host: a.example.org\n          port: 1\n"
        + "          path: https://b.example.org:1094/data\n",
        (
            "wrong-shape",
            "https://b.example.org:1094/data",
            "`path` is a whole address, not a path that begins with `/`",
        ),
        "write `path: /data`",
    ),
    "an address for a host, with nothing beside it": (
        SITE + "  country: CH\n  services: [{service: soda, host: 'https://a.example.org:80/x'}]\n",
        (
            "wrong-shape",
            "'https://a.example.org:80/x'",
            "`host` is a whole address, not a host name alone, without spaces, scheme, port"
            " or path",
        ),
        "write `host: a.example.org`, `port: 80`, `path: /x`, `scheme: https`",
    ),
    "a port in quotes": (
        ENDPOINT + "          host: a\n          port: '1094'\n          path: /a\n",
        ("wrong-shape", "'1094'", "`port` is the text `1094`, but must be a whole number"),
        "write it without quotes: `port: 1094`",
    ),
    "half a port": (
        ENDPOINT + "          host: a\n          port: 1.5\n          path: /a\n",
        ("wrong-shape", "1.5", "`port` is the number `1.5`, but must be a whole number"),
        "write a whole number, such as `port: 1094`",
    ),
    "a port that does not exist": (
        ENDPOINT + "          host: a\n          port: 70000\n          path: /a\n",
        ("wrong-shape", "70000", "`port` is `70000`, but must be from 0 to 65535"),
        None,
    ),
    "a count of nothing": (
        POLICY.replace("count: 2", "count: 0"),
        ("wrong-shape", "0", "`count` is `0`, but must be at least 1"),
        None,
    ),
    "a latitude in words": (
        SITE + "  country: CH\n  location: {latitude: north, longitude: 8}\n",
        ("wrong-shape", "north", "`latitude` is the text `north`, but must be a number"),
        "write a number, such as `latitude: 46.02`",
    ),
    "a value that is almost right": (
        AREA.replace("eos", "dcash"),
        ("wrong-shape", "dcash", "`system` is `dcash`, which is not known here"),
        "did you mean `dcache`? it may be `storm`, `xrootd`, `dcache`, `ceph`, `eos`, `s3`"
        " or `posix`",
    ),
    "a list for a choice": (
        AREA.replace("eos", "[eos]"),
        ("wrong-shape", "[eos]", "`system` is a list, which is not known here"),
        "it may be `storm`, `xrootd`, `dcache`, `ceph`, `eos`, `s3` or `posix`",
    ),
    "yes": (
        AREA + "      enabled: yes\n",
        ("wrong-shape", "yes", "`enabled` is the text `yes`, but must be `true` or `false`"),
        "write `enabled: true`",
    ),
    "a truth value for a country": (
        SITE + "  country: true\n",
        (
            "wrong-shape",
            "true",
            "`country` is the truth value `true`, but must be a country of two capital letters",
        ),
        "write a country of two capital letters, such as `AU`",
    ),
    "a text for a list": (
        SITE + "  country: CH\n  alsoKnownAs: SWISRC\n",
        ("wrong-shape", "SWISRC", "`alsoKnownAs` is the text `SWISRC`, but must be a list"),
        "write `alsoKnownAs: [SWISRC]`",
    ),
    "a mapping for a list": (
        SITE + "  country: CH\n  storage:\n    name: A-T0\n    tier: online\n",
        ("wrong-shape", "storage", "`storage` is a mapping, but must be a list"),
        "a list is expected here: each item begins with `- `",
    ),
    "an empty list": (
        POLICY.replace("[daac]", "[]"),
        ("wrong-shape", "[]", "`namespaces` is an empty list, but needs at least one item"),
        "write `namespaces: [daac]`",
    ),
    "a text for a mapping": (
        SITE + "  country: CH\n  location: Lugano\n",
        ("wrong-shape", "Lugano", "`location` is the text `Lugano`, but must be a mapping"),
        "write `location: {latitude: 46.02, longitude: 8.96}`",
    ),
    "a key of a map that is no name": (
        FEDERATION + "    credentials: {secretRef: {env: A}}\n  aliases: {a b: CHSRC}\n",
        ("unknown-key", "a b", "`a b` cannot be a key of `aliases`"),
        "write a name of letters, digits, `-` and `_`, such as `CHSRC-CSCS`",
    ),
    "a key of a map that has only some": (
        FEDERATION + "    credentials: {secretRef: {env: A}}\n    metadata: {produkt: datatype}\n",
        ("unknown-key", "produkt", "`produkt` cannot be a key of `metadata`"),
        "did you mean `product`?",
    ),
    "a waiver of nothing": (
        WAIVER + "  setsAside: {}\n",
        (
            "missing-key",
            "setsAside",
            "`finding`, `draft` or `limit` is missing in `setsAside`",
        ),
        "add one of them, such as `finding: plain-http-under-tokens`",
    ),
    "a waiver of two things": (
        WAIVER + "  setsAside: {finding: a, draft: true}\n",
        ("wrong-shape", "draft", "`finding` and `draft` exclude each other"),
        "keep one of them",
    ),
    "a waiver of no draft": (
        WAIVER + "  setsAside: {draft: false}\n",
        ("wrong-shape", "false", "`draft` can only be `true`"),
        "write `true`, or remove the key",
    ),
    "a number for a limit": (
        WAIVER + "  setsAside: {limit: retiredAreas, upTo: 5}\n",
        (
            "wrong-shape",
            "5",
            "`upTo` is the number `5`, but must be an amount with its unit, or a number in quotes",
        ),
        'quote it: `upTo: "5"`',
    ),
    "a limit that is no amount": (
        WAIVER + "  setsAside: {limit: retiredAreas, upTo: many}\n",
        (
            "wrong-shape",
            "many",
            "`upTo` is `many`, which is not an amount with its unit, or a number in quotes",
        ),
        "write an amount with its unit, or a number in quotes, such as `100 TB`",
    ),
    "a version that is read as a number": (
        CLUSTER + "        cluster: alps\n        version: 24.11\n",
        (
            "wrong-shape",
            "24.11",
            "`version` is the number `24.11`, but must be a version of Slurm in quotes",
        ),
        'quote it: `version: "24.11"`',
    ),
    "a version that there is not": (
        CLUSTER + "        cluster: alps\n        version: '24.10'\n",
        (
            "wrong-shape",
            "'24.10'",
            "`version` is `24.10`, which is not a version of Slurm in quotes",
        ),
        "write a version of Slurm in quotes, such as `24.11`",
    ),
    "a name in capitals": (
        CLUSTER + "        cluster: ALPS\n        version: '24.11'\n",
        (
            "wrong-shape",
            "ALPS",
            "`cluster` is `ALPS`, which is not a name of at most 40 lower-case letters, digits, `-`"
            " and `_`",
        ),
        "write `cluster: alps`",
    ),
    "a queue with a space": (
        QUEUES + "    long jobs: {walltime: 48 h}\n",
        ("unknown-key", "long jobs", "`long jobs` cannot be a key of `queues`"),
        "write a name of at most 40 lower-case letters, digits, `-` and `_`, such as `batch`",
    ),
    "a project with a comma": (
        ALLOCATION + "    - {name: 'eor,hi', groups: [/eor]}\n",
        (
            "wrong-shape",
            "'eor,hi'",
            "`name` is `eor,hi`, which is not a name of at most 40 lower-case letters, digits, `-`"
            " and `_`",
        ),
        "write a name of at most 40 lower-case letters, digits, `-` and `_`, such as `batch`",
    ),
    "a share without a unit": (
        ALLOCATION + "    - {name: eor, groups: [/eor], share: 40}\n",
        ("wrong-shape", "40", "`share` is `40`, without a unit"),
        "write a part of a hundred, such as `40 %`",
    ),
    "a window of a clock with twelve hours": (
        CLUSTER
        + "        cluster: alps\n        version: '24.11'\n        windows:\n"
        + "          - {name: viz, nodes: 1, queue: viz, daily: 9-18}\n",
        (
            "wrong-shape",
            "9-18",
            "`daily` is `9-18`, which is not two times of a day of 24 hours with `-` between them",
        ),
        "write two times of a day of 24 hours with `-` between them, such as `09:00-18:00`",
    ),
    "a window at two times": (
        CLUSTER
        + "        cluster: alps\n        version: '24.11'\n        windows:\n"
        + "          - {name: viz, nodes: 1, queue: viz, daily: '09:00-18:00',"
        + " weekly: {days: [mon], hours: '09:00-18:00'}}\n",
        ("wrong-shape", "weekly", "`daily` and `weekly` exclude each other"),
        "keep one of them",
    ),
    "a person in a project": (
        ALLOCATION + "    - {name: eor, groups: [/eor], users: [anna]}\n",
        ("unknown-key", "users", "`users` is not a key of an item of `projects`"),
        "people never stand in a spec: name a group of theirs in `groups`",
    ),
    "a password among keys": (
        FEDERATION + "    credentials: {secretRef: {env: A}}\n    password: hunter2\n",
        ("unknown-key", "password", "`password` is not a key of `rucio`"),
        BY_REFERENCE,
    ),
    "a password beside a reference": (
        FEDERATION + "    credentials: {secretRef: {env: A}, envy: hunter2}\n",
        ("unknown-key", "envy", "a key of `credentials` is not known"),
        BY_REFERENCE,
    ),
    "a password as a reference": (
        FEDERATION + "    credentials: {secretRef: {env: hunter2}}\n",
        (
            "wrong-shape",
            "hunter2",
            "`env` is not an environment variable of capital letters, digits and `_`",
        ),
        "write an environment variable of capital letters, digits and `_`, such as `RUCIO_TOKEN`",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_finding_says_where_what_and_what_to_type(case):
    text, expected, remedy = CASES[case]
    document = parse(text)
    (found,) = validate(document).diagnostics
    span = found.labels[0].span
    marked = document.source_map.lines[span.line - 1][span.column - 1 : span.end_column - 1]
    assert (found.code.value, marked, found.message) == expected
    assert found.help == remedy


@pytest.mark.parametrize(
    "written",
    [
        "credentials: hunter2",
        "credentials: [hunter2]",
        "credentials: {password: hunter2}",
        "credentials: {hunter2}",
        "credentials: {hunter2: x}",
        "credentials: {secretRef: {hunter2}}",
        "credentials: {secretRef: hunter2}",
        "credentials: {secretRef: {env: hunter2}}",
        "credentials: {secretRef: {file: hunter2}}",
        "credentials: {secretRef: {vault: 'https://user:hunter2@vault.example.org/x'}}",
        "credentials: {secretRef: {value: hunter2}}",
        "credentials: {secretRef: {env: A}}\n    server: {token: hunter2}",
        "credentials: {secretRef: {env: A}}\n    token: hunter2",
    ],
)
def test_a_secret_in_a_spec_is_found_and_not_repeated(written):
    text = FEDERATION.replace("    server: https://rucio.example.org\n", "")
    if "server" not in written:
        written += "\n    server: https://rucio.example.org"
    found = validate(parse(f"{text}    {written}\n")).diagnostics
    assert found
    assert "hunter2" not in " ".join(f"{each.message} {each.help}" for each in found)


def test_two_keys_that_exclude_each_other_are_both_shown():
    document = parse(
        WAIVER + "  setsAside:\n    finding: a\n    draft: true\n    limit: movedData\n"
    )
    (found,) = validate(document).diagnostics
    assert [label.span.line for label in found.labels] == [12, 10, 11]
    assert [label.text for label in found.labels] == ["", "and here", "and here"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1,390 TB", "1390 TB"),
        ("1,390,000 TB", "1390000 TB"),
        ("1 390 TB", "1390 TB"),
        ("1'390 TB", "1390 TB"),
        ("1_390 TB", "1390 TB"),
        ("1,5 PB", "1.5 PB"),
        ("390,50 TB", "390.50 TB"),
        ("390tb", "390 TB"),
        ("390T", "390 TB"),
        ("390  TB", "390 TB"),
        ("390 terabytes", "390 TB"),
        ("390 Tebibytes", "390 TiB"),
        ("[390 TB]", "390 TB"),
        ("[390tb]", "390 TB"),
    ],
)
def test_an_amount_is_shown_as_the_language_writes_it(written, meant):
    (found,) = validate(parse(AREA + f"      capacity: {written}\n")).diagnostics
    assert found.help == f"write `capacity: {meant}`"


@pytest.mark.parametrize(
    ("pattern", "written", "meant"),
    [
        (DATA_RATE_PATTERN, "150 TB/year", "150 TB/yr"),
        (DATA_RATE_PATTERN, "150 tb per day", "150 TB/d"),
        (DATA_RATE_PATTERN, "1,500 TB / yr", "1500 TB/yr"),
        (BIT_RATE_PATTERN, "100Gbps", "100 Gbit/s"),
        (BIT_RATE_PATTERN, "100 Gb/s", "100 Gbit/s"),
        (DURATION_PATTERN, "1 week", "1 weeks"),
        (DURATION_PATTERN, "48 hours", "48 h"),
        (PERIOD_PATTERN, "1 year", "1 years"),
        (PERIOD_PATTERN, "12 Months", "12 months"),
    ],
)
def test_units_are_known_by_the_names_that_people_give_them(pattern, written, meant):
    assert next(amounts(written, pattern)) == meant
    assert re.fullmatch(pattern, meant)


@pytest.mark.parametrize("text", ["much", "12", "TB", "390 quux", "9" * 10_000 + " TB", ""])
def test_what_is_no_amount_is_not_made_one(text):
    assert list(amounts(text, BYTES_PATTERN)) == []


@pytest.mark.parametrize(
    ("before", "after", "remedy"),
    [
        ("country: CH", "country: Switzerland", "write `country: CH`"),
        ("country: CH", "country: [ch]", "write `country: CH`"),
        ("country: CH", "country: CH\n  location: {latitude: '46,02', longitude: 8.9}",
         "write `latitude: 46.02`"),
    ],
)  # fmt: skip
def test_what_was_meant_is_known_of_other_values_too(before, after, remedy):
    (found,) = validate(parse((SITE + "  country: CH\n").replace(before, after))).diagnostics
    assert found.help == remedy


def test_the_year_of_a_date_is_what_was_meant():
    document = parse(POLICY + "  volume: [{from: 2027-01-01, amount: 1 TB}]\n")
    (found,) = validate(document).diagnostics
    assert found.help == "write `from: 2027`"


def test_keys_that_say_the_same_in_other_words_are_known():
    text = ENVELOPE.format(kind="Downtime") + "  area: A-T0\n  start: 2027-03-01T06:00Z\n"
    found = validate(parse(text + "  until: 2027-03-01T18:00Z\n  reason: power\n")).diagnostics
    assert [each.help for each in found] == [
        "did you mean `of`?",
        "did you mean `from`?",
        "did you mean `to`?",
    ]


def test_norway_is_a_country():
    outcome = validate(parse(SITE + "  country: NO\n"))
    assert outcome.value.document.spec.country == "NO"


def test_keys_that_are_words_of_python_are_read():
    outcome = validate(parse(POLICY + "  volume: [{from: 2027.0, amount: 1 TB}]\n"))
    assert outcome.value.document.spec.volume[0].from_ == 2027
