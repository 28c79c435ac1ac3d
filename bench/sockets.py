"""The rows of the messenger's sockets: an event to many clients, and what a client that only waits takes."""
import contextlib
import sqlite3
import time

from box_office import add_people
from venue import WORK, Failed, Server, copy_database, limits, load, rss_bytes


def people_with_sockets(name, count):
    """A database with so many people more: (its file, [(id, token)], a file of their tokens)."""
    database = WORK / f"{name}_made.db"
    copy_database(WORK / "venue.db", database)
    with contextlib.closing(sqlite3.connect(database)) as db:
        people = add_people(db, count)
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    tokens = WORK / f"{name}.tokens"
    tokens.write_text("".join(f"{token}\n" for _, token in people))
    return database, people, tokens


def events(clients):
    """Deliveries of one event after the other to all sockets of one person, beside a loop of send() of as many bytes."""
    from rows import against, per_second

    def row(_venue, pace):
        database, [(person, token)], tokens = people_with_sockets("events", 1)
        pairs, round_ms = [], int(pace.round_s * 1000)
        with Server("events", database=database, USER_SOCKETS_MAX="1000000") as server:
            message = server.ask_http("POST", f"/api/message/{person}", token, {"message": "note"})["data"]["messageID"]
            with limits("send", 0, clients) as sender, \
                    load("sockets", server.port, clients, tokens, f"/api/message/read?message-id={message}", token) as ours, \
                    load("bare", sender.line().strip(), clients) as bare:
                ours.answer(), bare.answer()
                frame_bytes = round(ours.order("round", 300)["frame_bytes"])
                bare.order("round", 300, frame_bytes, 1)
                for _ in range(pace.rounds):
                    our_round = ours.order("round", round_ms)
                    if our_round["frames"] != our_round["updates"] * clients:
                        raise Failed(f"of {our_round['updates'] * clients} events {our_round['frames']} were seen")
                    pairs.append((per_second(bare.order("round", round_ms, frame_bytes, 1), "frames"),
                                  per_second(our_round, "frames")))
        yield against(f"one event at a time to {clients:,} Socket.IO clients", "deliveries/s", pairs, 0.85,
                      f"closed loop: a message is read by REST, all have `user:message_read` ({frame_bytes} bytes, version 4 "
                      "over WebSocket, with recovery), next; the limit is a loop of send() of as many bytes to as many sockets, "
                      "in the same closed loop")
    return row


def memory(_venue, _pace):
    from rows import within
    clients = 10000
    database, people, tokens = people_with_sockets("socket_memory", clients)
    with Server("socket_memory", database=database) as server:
        server.ask_http("POST", f"/api/message/{people[0][0]}", people[0][1], {"message": "note"})
        before = rss_bytes(server.pid)
        with load("sockets", server.port, clients, tokens, "/", people[0][1]) as crowd:
            crowd.answer()
            time.sleep(3)  # its buffers are given back
            with_crowd = rss_bytes(server.pid)
    each = (with_crowd - before) / clients
    yield within("memory of an idle Socket.IO client", "bytes", 2048, [each],
                 f"VmRSS {before / 1e6:.1f} MB before and {with_crowd / 1e6:.1f} MB with {clients:,} clients over WebSocket, "
                 "each let in for a person of its own")
