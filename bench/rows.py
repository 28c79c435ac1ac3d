"""The table of rows: each function takes its measure, of a venue and at a pace, and yields results."""
import box_office
import cluster
import cluster_redis
import halls
import messenger
import page
import sockets

ROWS = {
    "fanout_1000": halls.fanout(1000),
    "fanout_10000": halls.fanout(10000),
    "bursts_1000": halls.bursts,
    "storm": halls.storm,
    "durable": halls.durable,
    "memory": halls.memory,
    "http_get": halls.http_get,
    "subscribe_20000": halls.subscribe,
    "start": halls.start,
    "page": page.page,
    "queue_line": box_office.queue_line,
    "queue_status": box_office.queue_status,
    "queue_join": box_office.queue_join,
    "serving": box_office.serving,
    "book_seats": box_office.book_seats,
    "on_sale": box_office.on_sale,
    "messages_send": messenger.messages_send,
    "messages_million": messenger.messages_million,
    "events_1000": sockets.events(1000),
    "events_10000": sockets.events(10000),
    "socket_memory": sockets.memory,
    "crowd": sockets.crowd,
}

# `bench/run cluster`, on a PostgreSQL of its own.
CLUSTER = {
    "cluster_book": cluster.book("booking two seats on PostgreSQL, 32 concerts", 32, 1),
    "cluster_hot": cluster.book("booking two seats on PostgreSQL, one hot concert", 1, 2),
    "cluster_watch": cluster.watch,
    "cluster_second": cluster.second,
    "cluster_queue": cluster_redis.queue,
}
