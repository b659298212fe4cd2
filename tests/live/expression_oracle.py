"""Rucio's own expression parser and filter matching, answering questions in lines of JSON.

Runs under the Python of a Rucio server's environment, on a database of its own: the first line says
its URL, for it may hold a password; `sqlite://` is one in memory. No server is needed.
"""

import json
import logging
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path

URL = sys.stdin.readline().strip()
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # whatever the server's code prints is no answer

# 127.0.0.1:1: no memcached, which would answer from earlier inventories.
CONFIG = f"""
[database]
default = {URL}
[cache]
url = 127.0.0.1:1
[policy]
permission = generic
schema = generic
"""
with tempfile.NamedTemporaryFile("w", suffix=".cfg", delete=False, encoding="utf-8") as file:
    file.write(CONFIG)
os.environ["RUCIO_CONFIG"] = file.name
try:
    from rucio.common.exception import InvalidObject, InvalidRSEExpression
    from rucio.common.types import InternalAccount, InternalScope
    from rucio.core.did import get_metadata
    from rucio.core.rse import add_rse, add_rse_attribute, list_rse_attributes, list_rses
    from rucio.core.rse_expression_parser import parse_expression
    from rucio.daemons.transmogrifier import transmogrifier
    from rucio.db.sqla import models
    from rucio.db.sqla.constants import DIDType
    from rucio.db.sqla.session import get_engine
    from sqlalchemy import delete
    from sqlalchemy.orm import Session

    is_matching = vars(transmogrifier)["__is_matching_subscription"]
    ENGINE = get_engine()
finally:
    Path(file.name).unlink()

SCOPE, ACCOUNT = "odp", "root"


def build() -> None:
    names = ("vos", "rses", "rse_attr_map", "rse_usage", "updated_rse_counters")
    names += ("accounts", "scopes", "dids", "configs")
    models.BASE.metadata.create_all(ENGINE, [models.BASE.metadata.tables[name] for name in names])
    with Session(ENGINE) as session:
        session.add(models.VO(vo="def", description="", email=""))
        session.add(
            models.Account(
                account=InternalAccount(ACCOUNT), account_type="SERVICE", status="ACTIVE"
            )
        )
        session.commit()


def furnish(request) -> dict[str, object]:
    """Make these RSEs, and no others, as the server makes them; gives what it then reads."""
    with Session(ENGINE) as session:
        for table in (models.RSEUsage, models.UpdatedRSECounter, models.RSEAttrAssociation):
            session.execute(delete(table))
        session.execute(delete(models.RSE))
        for name, facts in request["rses"].items():
            columns = dict(facts["columns"])
            qos_class = columns.pop("qos_class", None)
            identifier = add_rse(name, **columns, session=session)
            if qos_class is not None:
                session.get(models.RSE, identifier).qos_class = qos_class
            for key, value in facts["attributes"].items():
                add_rse_attribute(identifier, key, value, session=session)
        session.commit()
        rows = list_rses(session=session)
        return {
            row["rse"]: {
                "columns": {**row, "rse_type": row["rse_type"].name},
                "attributes": list_rse_attributes(row["id"], session=session),
            }
            for row in rows
        }


def resolve(session, text: str) -> list[object]:
    try:
        return ["ok", sorted(rse["rse"] for rse in parse_expression(text, session=session))]
    except InvalidRSEExpression as error:
        return ["empty" if "empty set" in str(error) else "syntax", None]
    except InvalidObject:
        return ["column-value", None]
    except Exception as error:  # whatever else it is, REST makes HTTP 500 of it
        return ["server-error", type(error).__name__]
    finally:
        session.rollback()


def expressions(request) -> list[list[object]]:
    with Session(ENGINE) as session:
        return [resolve(session, text) for text in request["texts"]]


def fields_of_rse(_) -> list[str]:
    """What the server finds on its class of RSEs, and so not among the attributes."""
    names = {*dir(models.RSE), *dir(type(models.RSE))}
    return sorted(name for name in names if hasattr(models.RSE, name))


def is_match(wanted, did, metadata) -> bool | str:
    try:
        return is_matching({"filter": json.dumps(wanted)}, did, metadata)
    except Exception as error:
        return type(error).__name__


def filters(request) -> dict[str, object]:
    """Which filters match a DID made with these columns, and all that the server reads of it."""
    asked = request["did"]
    scope, name = InternalScope(asked["scope"]), asked["name"]
    with Session(ENGINE) as session:
        session.execute(delete(models.DataIdentifier))
        session.execute(delete(models.Scope))
        session.add(models.Scope(scope=scope, account=InternalAccount(ACCOUNT)))
        session.flush()
        session.add(
            models.DataIdentifier(
                scope=scope,
                name=name,
                account=InternalAccount(ACCOUNT),
                did_type=DIDType[asked["did_type"]],
                **asked["columns"],
            )
        )
        session.commit()
        metadata = get_metadata(scope, name, session=session)
        did = {"scope": scope, "name": name, "did_type": metadata["did_type"]}
        answers = [is_match(wanted, did, metadata) for wanted in request["filters"]]
        columns = {key: written(value) for key, value in metadata.items()}
        return {"columns": columns, "answers": answers}


def written(value: object) -> object:
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, InternalAccount | InternalScope):
        return value.external
    return getattr(value, "name", value)


def main() -> None:
    logging.disable()
    build()
    ask = {
        "furnish": furnish,
        "expressions": expressions,
        "fields": fields_of_rse,
        "filters": filters,
    }
    for line in sys.stdin:
        request = json.loads(line)
        ANSWERS.write(json.dumps(ask[request["do"]](request), default=str) + "\n")
        ANSWERS.flush()


main()
