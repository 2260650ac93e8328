#!/usr/bin/env python3
"""A node that passes what it is asked on to a database: here, one SQLite file that all share."""
import json
import os
import sqlite3
import sys

NOT_FOUND, MISMATCH, UNKNOWN, MAYBE = 20, 22, 10, 13


def answer(database, body):
    kind, key = body["type"], json.dumps(body.get("key"))
    if kind not in ("read", "write", "cas"):
        return {"type": "error", "code": UNKNOWN, "text": "what is " + kind + "?"}
    database.execute("BEGIN IMMEDIATE")
    row = database.execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()
    value = json.loads(row[0]) if row else None
    if kind == "read":
        database.execute("COMMIT")
        if row is None:
            return {"type": "error", "code": NOT_FOUND, "text": "no such key"}
        return {"type": "read_ok", "value": value}
    if kind == "cas" and value != body["from"]:
        database.execute("COMMIT")
        code = NOT_FOUND if row is None else MISMATCH
        return {"type": "error", "code": code, "text": "it is something else"}
    new = body["value"] if kind == "write" else body["to"]
    database.execute("INSERT OR REPLACE INTO kv VALUES (?, ?)", (key, json.dumps(new)))
    database.execute("COMMIT")
    return {"type": kind + "_ok"}


me, sent = None, 0
# The file lies beside this program. Another node may hold its lock for a while.
file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shared.db")
database = sqlite3.connect(file, isolation_level=None, timeout=30)
database.execute("CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT)")
database.execute("PRAGMA busy_timeout = 1000")
for line in sys.stdin:
    request = json.loads(line)
    body = request["body"]
    if body["type"] == "init":
        me = body["node_id"]
        reply = {"type": "init_ok"}
    else:
        try:
            reply = answer(database, body)
        except sqlite3.Error as error:
            # Whether it happened nobody knows: an indefinite error.
            reply = {"type": "error", "code": MAYBE, "text": str(error)}
            if database.in_transaction:
                database.execute("ROLLBACK")
    sent += 1
    reply.update(msg_id=sent, in_reply_to=body["msg_id"])
    print(json.dumps({"src": me, "dest": request["src"], "body": reply}), flush=True)
