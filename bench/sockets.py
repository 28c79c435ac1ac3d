"""The rows of the messenger's sockets: an event to many clients, and what a client that only waits takes."""
import json
import resource
import select
import time

from measure import against, median, per_second, within
from prepare import add_people, database, requests_file
from venue import WORK, Failed, Server, limits, load, rss_bytes


def befriend(db, people, each):
    """Gives each of these people dialogs with the next ones in a ring."""
    pairs = {tuple(sorted((person, people[(i + 1 + n) % len(people)][0])))
             for i, (person, _) in enumerate(people) for n in range(each // 2)}
    db.executemany("INSERT INTO dialogs(low_id, high_id, created_at) VALUES(?, ?, 0)", pairs)


def people_with_sockets(name, count, friends=0):
    """A database with so many people more: (its file, [(id, token)], a file of their tokens). All but the first two have so
    many dialogs each."""
    with database(name) as (made, db):
        people = add_people(db, count)
        befriend(db, people[2:], friends)
    tokens = WORK / f"{name}.tokens"
    tokens.write_text("".join(f"{token}\n" for _, token in people))
    return made, people, tokens


def events(clients):
    """Deliveries of one event after the other to all sockets of one person, beside a loop of send() of as many bytes."""

    def row(_venue, pace):
        made, [(person, token)], tokens = people_with_sockets("events", 1)
        pairs, round_ms = [], int(pace.round_s * 1000)
        with Server("events", database=made, USER_SOCKETS_MAX="1000000") as server:
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
    clients = 10000
    made, people, tokens = people_with_sockets("socket_memory", clients)
    with Server("socket_memory", database=made) as server:
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


def crowd(_venue, pace):
    """How long a message takes while people come online, 100,000 a minute, as many as the machine has descriptors for."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    clients = min(int(1000 * pace.storm_s), descriptors - 200)
    partners, messages, times, seconds = 20, 100000, [], []
    made, people, tokens = people_with_sockets("crowd", clients, partners)
    (_, token), (reader, _) = people[:2]  # who write; the clients are the others
    tokens.write_text("".join(f"{other}\n" for _, other in people[2:]))
    prepared = requests_file("crowd", [("POST", f"/api/message/{reader}", token, json.dumps({"message": "m"}))] * messages)
    for _ in range(min(3, pace.rounds)):
        with Server("crowd", database=made) as server, load("requests", server.port, 1, prepared) as writing:
            writing.answer()
            writing.order("round", 200)
            began = time.monotonic()
            with load("sockets", server.port, clients - 2, tokens, "/", token, 1667) as coming:
                while not select.select([coming.popen.stdout], [], [], 0)[0]:
                    times.append(writing.order("round", 100)["p99_ms"])
                coming.answer()
                seconds.append(time.monotonic() - began)
    rate = clients / median(seconds) * 60
    yield within("a message while a crowd comes online", "ms", 30, [median(times)],
                 f"the median of the p99 of each 100 messages by REST, one after the other, while {clients:,} people with {partners} dialogs "
                 f"each connect and are let in, {rate:,.0f} a minute, and tell each other so; the worst {max(times):.0f} ms")
