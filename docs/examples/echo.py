#!/usr/bin/env python3
"""A node that answers every echo with what it was told."""
import json
import sys

me, sent = None, 0
for line in sys.stdin:
    request = json.loads(line)
    body = request["body"]
    if body["type"] == "init":
        me = body["node_id"]
        reply = {"type": "init_ok"}
    elif body["type"] == "echo":
        reply = {"type": "echo_ok", "echo": body["echo"]}
    else:
        # Error 10: this node does not know such a request.
        reply = {"type": "error", "code": 10, "text": "what is " + body["type"] + "?"}
    sent += 1
    reply.update(msg_id=sent, in_reply_to=body["msg_id"])
    print(json.dumps({"src": me, "dest": request["src"], "body": reply}), flush=True)
