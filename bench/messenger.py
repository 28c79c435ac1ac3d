"""The rows of the messenger: sending, pages however deep, and searching."""
import random
import time

from measure import against, bare, batch_of, fill_log, median, within
from prepare import add_people, database, requests_file, script_file
from venue import WORK, Failed, Server, copy_database, load

PEOPLE = 512
PAST = 100_000  # messages that were there before
MESSAGES = 1_000_000
FEW = 200  # messages of somebody with few


# Sending.

# What POST /api/message/:id does in a dialog that is there, in order.
SEND = [
    "SELECT 1 FROM users WHERE id = ?2 AND deleted_at IS NULL",
    "SELECT 1 FROM blocks WHERE user_id = ?2 AND blocked_id = ?1",
    "SELECT 1 FROM blocks WHERE user_id = ?1 AND blocked_id = ?2",
    "SELECT id FROM dialogs WHERE low_id = min(?1, ?2) AND high_id = max(?1, ?2)",
    "SELECT coalesce(max(seq), 0) + 1 FROM events WHERE topic = ?4",
    "INSERT INTO events(topic, seq, at, kind, payload) VALUES(?4, ?5, ?6, 'message', '{}')",
    "SELECT created_at FROM messages WHERE dialog_id = ?3 ORDER BY seq DESC LIMIT 1",
    """INSERT INTO messages(dialog_id, seq, sender_id, receiver_id, text, is_read, created_at, updated_at)
       VALUES(?3, ?5, ?1, ?2, ?7, 0, ?6, ?6)""",
    """INSERT INTO message_blocks(dialog_id, block, count) VALUES(?3, ?5 / 1024, 1)
       ON CONFLICT (dialog_id, block) DO UPDATE SET count = count + 1""",
    "SELECT id FROM messages WHERE dialog_id = ?3 AND receiver_id = ?1 AND is_read = 0 LIMIT 1",
]
TEXT = "000000000 See you at the entrance, a quarter of an hour before it begins"  # as bench/messages.c


def index_messages(db, count):
    """The counts of the dialogs' blocks, and the search index of so many messages, as the server makes it, 8 calls in one commit."""
    db.execute("INSERT INTO message_blocks(dialog_id, block, count) SELECT dialog_id, seq / 1024, count(*) FROM messages"
               " GROUP BY 1, 2")
    db.commit()
    for first in range(0, count, 1024):
        db.execute("INSERT INTO message_words(rowid, people, text) SELECT id, people, text FROM message_texts"
                   " WHERE id > ? AND id <= ?", (first, first + 1024))
        db.execute("INSERT INTO message_words(message_words, rank) VALUES('merge', 256)")
        db.commit()
    db.execute("UPDATE message_index SET indexed_to = ?", (count,))
    db.commit()


def add_dialogs(db, people, now_ms):
    """A dialog of each two people, in which PAST messages stand and are read: [(who writes, to whom, its id, its topic)]."""
    dialogs = [(one[0], other[0], at, f"dialog:{at}") for at, (one, other) in enumerate(zip(people[::2], people[1::2]), 1)]
    db.executemany("INSERT INTO dialogs(low_id, high_id, id, created_at) VALUES(?1, ?2, ?3, ?5)",
                   [(*dialog, now_ms) for dialog in dialogs])
    past = [(*dialogs[at % len(dialogs)], at // len(dialogs) + 1, now_ms, TEXT) for at in range(PAST)]
    db.executemany("INSERT INTO events(topic, seq, at, kind, payload) VALUES(?4, ?5, ?6, 'message', '{}')",
                   [call[:6] for call in past])
    db.executemany("INSERT INTO messages(dialog_id, seq, sender_id, receiver_id, text, is_read, created_at, updated_at)"
                   " VALUES(?3, ?5, ?1, ?2, ?7, 1, ?6, ?6)", past)
    index_messages(db, PAST)
    return dialogs


def messages_send(venue, pace):
    a_round, connections, warm_up = int(10000 * pace.round_s), 256, 2000
    with database("send") as (made, db):
        people = add_people(db, PEOPLE)
        now_ms = int(time.time() * 1000)
        dialogs = add_dialogs(db, people, now_ms)
    file = WORK / "send.people"
    file.write_text("".join(f"{person} {token}\n" for person, token in people))
    rates, batches, p99s = [], [], []
    with Server("send", database=made) as server, load("messages", server.port, file, connections) as ours:
        ours.answer()
        fill_log(server)
        ours.order("round", warm_up, 0)
        figures, _ = batch_of(server, None)
        for _ in range(pace.rounds):
            told = ours.order("round", a_round, 0)
            rates.append(told["messages"] / told["seconds"])
            figures, batch = batch_of(server, figures)
            batches.append(batch)
        half = int(max(rates) / 2)
        for _ in range(pace.rounds):
            p99s.append(ours.order("round", int(half * max(1, pace.round_s)), half)["p99_ms"])
    # The tables of the limit grow as ours did: the longer the dialogs, the more pages a commit writes.
    copy_database(made, WORK / "limit.db")

    def limit_of(first, count, batch):
        calls = [(*dialogs[at % len(dialogs)], at // len(dialogs) + 1, now_ms, TEXT) for at in range(first, first + count)]
        return bare(WORK / "limit.db", script_file("send", SEND, calls), batch, count)[0]

    limit_of(PAST, warm_up, batches[0])
    pairs = [(limit_of(PAST + warm_up + at * a_round, a_round, batch), rate)
             for at, (rate, batch) in enumerate(zip(rates, batches))]
    yield against("a message by REST, on both people's sockets", "messages/s", pairs, 0.4,
                  f"{connections} connections, a request under way on each, {len(dialogs)} dialogs that hold {PAST:,} messages at "
                  "first, a Socket.IO client a person, "
                  "and the messages are indexed for the search as they come; the limit is bare SQLite, same statements without "
                  f"the index, {median(batches):.0f} a commit, synchronous=FULL")
    yield within("p99 from a message's request to a socket at half of that load", "ms", 30, p99s,
                 f"{half:,} messages a second on the clock, timed from when each is due to both sockets")


# A million messages.

def words_of(dice, vocabulary):
    """A sentence: common words are common, and every second has one word more."""
    return " ".join(vocabulary[int(len(vocabulary) * dice.random() ** 4)] for _ in range(9))


def add_messages(db, pairs):
    """A million messages in three dialogs: nearly all in the first, FEW in the last, spread over the whole."""
    dice = random.Random(1)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    vocabulary = ["".join(dice.choice(letters[:dice.choice((8, 14, 26))]) for _ in range(dice.randint(2, 9)))
                  for _ in range(20000)]
    now_ms = int(time.time() * 1000)
    for dialog, (one, other) in enumerate(pairs, 1):
        db.execute("INSERT INTO dialogs(id, low_id, high_id, created_at) VALUES(?, ?, ?, ?)", (dialog, one, other, now_ms))
    seqs = [0, 0, 0]

    def rows():
        for at in range(1, MESSAGES + 1):
            dialog = 2 if at % (MESSAGES // FEW) == 1 else 1 if at % 50 == 0 else 0
            seqs[dialog] += 1
            text = words_of(dice, vocabulary) + (" tomorrow" if at % 2 else "")
            yield (at, dialog + 1, seqs[dialog], *pairs[dialog], text, now_ms + at, now_ms + at)
    db.executemany("INSERT INTO messages(id, dialog_id, seq, sender_id, receiver_id, text, is_read, created_at, updated_at)"
                   " VALUES(?, ?, ?, ?, ?, ?, 1, ?, ?)", rows())
    index_messages(db, MESSAGES)
    return seqs[0], vocabulary


def timed(port, name, requests):
    """Asks them one after another on one connection, twice, the first time to warm up: the mean of an answer, in ms."""
    requests = list(requests)
    with load("requests", port, 1, requests_file(name, requests + requests)) as ours:
        ours.answer()
        ours.order("round", len(requests))
        told = ours.order("round", len(requests))
    if told["refused"]:
        raise Failed(f"{told['refused']} of {len(requests)} requests were refused")
    return told["seconds"] * 1000 / len(requests)


def messages_million(venue, pace):
    with database("messages") as (made, db):
        people = add_people(db, 6)
        pairs = [(people[at][0], people[at + 1][0]) for at in (0, 2, 4)]
        length, vocabulary = add_messages(db, pairs)
    (_, many), (other, _), (_, few) = people[0], people[1], people[4]
    dice = random.Random(2)
    depths = [0, length // 2, length - 50] + [dice.randrange(length) for _ in range(97)]

    def page(query):
        return [("GET", f"/api/message/{other}?take=50&{query(depth)}", many, "") for depth in depths]

    def search(bearer, query):
        return [("GET", f"/api/message/search?{query}", bearer, "")] * 20
    searches = {
        "a word of every second message": search(many, "q=tomorrow"),
        "of somebody with few messages": search(few, "q=tomorrow"),
        "its beginning": search(few, "q=tomor"),
        "two letters": search(many, "q=to"),
        "one dialog": search(many, f"q=tomorrow&with={other}"),
        "far back": search(many, f"q=tomorrow&before={MESSAGES // 2}"),
        "with a rare word": search(many, f"q={vocabulary[-1]}+tomorrow"),
        "a rare word": search(many, f"q={vocabulary[-2]}"),
    }
    by_cursor, by_skip, slowest = [], [], {}
    with Server("messages", database=made) as server:
        for _ in range(pace.rounds):
            by_cursor.append(timed(server.port, "cursor", page(lambda depth: f"before={length - depth + 1}")))
            by_skip.append(timed(server.port, "skip", page(lambda depth: f"skip={max(1, depth)}")))
            for kind, requests in searches.items():
                slowest.setdefault(kind, []).append(timed(server.port, "search", requests))
    made.unlink()
    where = f"of a dialog of {length:,} messages, at a hundred depths from the newest to the oldest, one connection"
    yield within("page of 50 messages by cursor", "ms", 2, by_cursor, where)
    yield within("page of 50 messages by skip", "ms", 2, by_skip, where)
    kind = max(slowest, key=lambda each: sorted(slowest[each])[pace.rounds // 2])
    yield within(f"full-text search in {MESSAGES:,} messages", "ms", 50, slowest[kind],
                 f"the slowest of {len(slowest)} kinds of search: {kind}; one connection, everything cached")
