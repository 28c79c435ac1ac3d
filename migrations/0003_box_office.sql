-- Concerts and their stock, the waiting room, bookings, payments and tickets. Money is integer minor units.
-- Words are checked with OR: for IN with more than two SQLite fills a table of its own, each time a row is written.

CREATE TABLE concerts (
  id INTEGER PRIMARY KEY,
  public_id TEXT NOT NULL UNIQUE,        -- 24 hex digits
  name TEXT NOT NULL,
  image_url TEXT NOT NULL DEFAULT '',
  date INTEGER NOT NULL,
  venue TEXT NOT NULL DEFAULT '',
  gates_open_time TEXT NOT NULL DEFAULT '',
  about TEXT NOT NULL DEFAULT '',
  languages TEXT NOT NULL DEFAULT '',
  organized_by TEXT NOT NULL DEFAULT '',
  currency TEXT NOT NULL DEFAULT 'inr',
  hall_id INTEGER REFERENCES halls (id),  -- NULL: no numbered seats
  created_at INTEGER NOT NULL,
  -- The waiting room.
  opens_at INTEGER NOT NULL,             -- until then everyone waits, to be drawn by lot
  seed TEXT NOT NULL,                    -- of the draw, 64 hex digits; secret until it has opened
  seed_hash TEXT NOT NULL,               -- SHA-256 (hex) of the seed, published before
  closed INTEGER NOT NULL DEFAULT 0,     -- nobody joins, nobody is admitted
  paused INTEGER NOT NULL DEFAULT 0,     -- nobody is admitted
  draining INTEGER NOT NULL DEFAULT 0,   -- nobody joins, those who wait are admitted
  rate_a_minute INTEGER,                 -- at most so many are admitted a minute; NULL: no limit
  notice TEXT NOT NULL DEFAULT '',       -- to all who wait
  opened INTEGER NOT NULL DEFAULT 0,     -- the opening was told
  sold_out INTEGER NOT NULL DEFAULT 0,   -- that everything is paid for was told
  rate_used_to INTEGER NOT NULL DEFAULT 0,  -- the moment up to which the rate's admissions are used up
  active INTEGER NOT NULL DEFAULT 0,     -- rows of queue_places that are active
  admitted INTEGER NOT NULL DEFAULT 0    -- everyone ever admitted
);
-- A hall's seats are sold for one concert at a time.
CREATE UNIQUE INDEX concerts_hall ON concerts (hall_id) WHERE hall_id IS NOT NULL AND closed = 0;

CREATE TABLE categories (
  id INTEGER PRIMARY KEY,
  public_id TEXT NOT NULL UNIQUE,
  concert_id INTEGER NOT NULL REFERENCES concerts (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  price INTEGER NOT NULL CHECK (price >= 0),
  seat_type_id INTEGER REFERENCES seat_types (id),  -- in a hall: the seats of this type
  total_seats INTEGER NOT NULL CHECK (total_seats >= 0),
  available_seats INTEGER NOT NULL,
  UNIQUE (concert_id, name),
  CHECK (available_seats BETWEEN 0 AND total_seats)
);

-- Best seats together: the free seats of a type from front to back, and where its middle is.
CREATE INDEX seats_free ON seats (hall_id, seat_type_id, row, place, zone, x, width) WHERE status = 0;
CREATE INDEX seats_type_x ON seats (hall_id, seat_type_id, x);

CREATE TABLE queue_places (
  id INTEGER PRIMARY KEY,
  concert_id INTEGER NOT NULL REFERENCES concerts (id),
  user_id INTEGER NOT NULL REFERENCES users (id),
  -- The order of the line: below 2^62 a lot of the draw (HMAC-SHA256 of the seed over the person's public id), from
  -- 2^62 on the order of arrival.
  rank INTEGER NOT NULL,
  entered_at INTEGER NOT NULL,
  admitted_at INTEGER,
  slot_until INTEGER,                    -- end of the time slot, once admitted
  status TEXT NOT NULL CHECK (status = 'waiting' OR status = 'active' OR status = 'completed'
    OR status = 'expired' OR status = 'left')
);
CREATE UNIQUE INDEX queue_places_open ON queue_places (concert_id, user_id) WHERE status IN ('waiting', 'active');
CREATE UNIQUE INDEX queue_places_line ON queue_places (concert_id, rank) WHERE status = 'waiting';
CREATE INDEX queue_places_slots ON queue_places (concert_id, slot_until) WHERE status = 'active';
CREATE INDEX queue_places_admitted ON queue_places (concert_id, admitted_at) WHERE admitted_at IS NOT NULL;
CREATE INDEX queue_places_draw ON queue_places (concert_id, rank) WHERE rank < 4611686018427387904;

CREATE TABLE bookings (
  id INTEGER PRIMARY KEY,
  public_id TEXT NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES users (id),
  concert_id INTEGER NOT NULL REFERENCES concerts (id),
  category_id INTEGER NOT NULL REFERENCES categories (id),
  seats INTEGER NOT NULL CHECK (seats BETWEEN 1 AND 10),
  amount INTEGER NOT NULL CHECK (amount >= 0),   -- of all seats, with the fee
  fee INTEGER NOT NULL DEFAULT 0,                -- the part of it that is the fee
  currency TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status = 'pending' OR status = 'confirmed' OR status = 'expired'
    OR status = 'cancelled'),
  payment_status TEXT NOT NULL CHECK (payment_status = 'none' OR payment_status = 'processing'
    OR payment_status = 'paid' OR payment_status = 'failed' OR payment_status = 'refunded'),
  closing TEXT CHECK (closing IN ('expire', 'cancel')),  -- pending, and on its way out: its intent is being cancelled
  closing_checks INTEGER NOT NULL DEFAULT 0,
  accepts_other INTEGER NOT NULL DEFAULT 0,      -- equal seats will do when these are gone and the money has come
  booked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  confirmed_at INTEGER,
  CHECK (status != 'confirmed' OR payment_status = 'paid')
);
CREATE UNIQUE INDEX bookings_pending ON bookings (user_id, category_id) WHERE status = 'pending';
CREATE INDEX bookings_due ON bookings (expires_at) WHERE status = 'pending';
CREATE INDEX bookings_held ON bookings (concert_id, seats) WHERE status = 'pending';
CREATE INDEX bookings_user ON bookings (user_id, booked_at);
CREATE INDEX bookings_confirmed ON bookings (concert_id, confirmed_at) WHERE confirmed_at IS NOT NULL;
CREATE INDEX bookings_category ON bookings (category_id, status);

CREATE TABLE booking_seats (
  booking_id INTEGER NOT NULL REFERENCES bookings (id),
  seat_id INTEGER NOT NULL REFERENCES seats (id),
  released_at INTEGER,                   -- NULL: held or sold
  PRIMARY KEY (booking_id, seat_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX booking_seats_live ON booking_seats (seat_id) WHERE released_at IS NULL;

-- Every step of a booking, in order: replayed, it gives `bookings`.
CREATE TABLE booking_steps (
  id INTEGER PRIMARY KEY,
  booking_id INTEGER NOT NULL REFERENCES bookings (id),
  at INTEGER NOT NULL,
  status TEXT NOT NULL,
  payment_status TEXT NOT NULL,
  cause TEXT NOT NULL                    -- "booked", "paid", "expired", ...
);
CREATE INDEX booking_steps_booking ON booking_steps (booking_id, id);

-- One row an intent. A booking has one current one; what was paid by another is given back.
CREATE TABLE payments (
  id INTEGER PRIMARY KEY,
  booking_id INTEGER NOT NULL REFERENCES bookings (id),
  attempt INTEGER NOT NULL,              -- 1, 2, ... of its booking
  intent_id TEXT UNIQUE,                 -- NULL until the provider has answered
  client_secret TEXT,
  amount INTEGER NOT NULL,
  currency TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status = 'created' OR status = 'processing' OR status = 'succeeded'
    OR status = 'failed' OR status = 'canceled' OR status = 'refunded'),
  is_current INTEGER NOT NULL DEFAULT 1,
  refund_id TEXT,
  refund_due INTEGER NOT NULL DEFAULT 0, -- the money goes back: asked for, not yet done
  refund_state TEXT CHECK (refund_state IN ('pending', 'failed')),  -- as the provider told it last of one that is due
  refund_failures INTEGER NOT NULL DEFAULT 0,
  asks INTEGER NOT NULL DEFAULT 0,       -- what was asked of the provider about this intent
  look_at INTEGER,                       -- when to look at it again by itself; NULL: it has come to an end
  last_error TEXT,                       -- the provider's words when it refused
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (booking_id, attempt)
);
CREATE UNIQUE INDEX payments_current ON payments (booking_id) WHERE is_current = 1;
CREATE INDEX payments_look ON payments (look_at) WHERE look_at IS NOT NULL;

-- Events of the provider that had their effect.
CREATE TABLE stripe_events (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  intent_id TEXT,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX stripe_events_at ON stripe_events (at);

-- A confirmed booking has one ticket a person.
CREATE TABLE tickets (
  id INTEGER PRIMARY KEY,
  public_id TEXT NOT NULL UNIQUE,
  booking_id INTEGER NOT NULL REFERENCES bookings (id),
  number INTEGER NOT NULL,               -- 1, 2, ... of its booking
  seat_id INTEGER REFERENCES seats (id),
  void INTEGER NOT NULL DEFAULT 0,       -- its booking was refunded
  checked_in_at INTEGER,
  checked_in_by INTEGER REFERENCES users (id),
  UNIQUE (booking_id, number)
);

-- Intents of the built-in test provider, which stands in for Stripe where no key is set.
CREATE TABLE test_intents (
  id TEXT PRIMARY KEY,
  client_secret TEXT NOT NULL,
  idempotency_key TEXT UNIQUE,
  amount INTEGER NOT NULL,
  currency TEXT NOT NULL,
  booking_id TEXT NOT NULL,              -- metadata
  user_id TEXT NOT NULL,
  status TEXT NOT NULL,                  -- Stripe's words
  refunded INTEGER NOT NULL DEFAULT 0,
  card TEXT,                             -- it was paid with
  settles_at INTEGER,                    -- a processing one succeeds then
  created_at INTEGER NOT NULL
);
