#!/usr/bin/env python3
"""A key-value store that keeps what it is told to itself: no node knows what the others know."""
import json
import sys

me, sent, values = None, 0, {}


def answer(body):
    kind, key = body["type"], json.dumps(body.get("key"))
    if kind == "read":
        if key not in values:
            return {"type": "error", "code": 20, "text": "no such key"}
        return {"type": "read_ok", "value": values[key]}
    if kind == "write":
        values[key] = body["value"]
        return {"type": "write_ok"}
    if kind == "cas":
        if key not in values:
            return {"type": "error", "code": 20, "text": "no such key"}
        if values[key] != body["from"]:
            return {"type": "error", "code": 22, "text": "it is something else"}
        values[key] = body["to"]
        return {"type": "cas_ok"}
    return {"type": "error", "code": 10, "text": "what is " + kind + "?"}


for line in sys.stdin:
    request = json.loads(line)
    body = request["body"]
    if body["type"] == "init":
        me = body["node_id"]
        reply = {"type": "init_ok"}
    else:
        reply = answer(body)
    sent += 1
    reply.update(msg_id=sent, in_reply_to=body["msg_id"])
    print(json.dumps({"src": me, "dest": request["src"], "body": reply}), flush=True)
