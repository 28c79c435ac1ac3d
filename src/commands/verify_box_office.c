// The invariants of the box office. Each query goes through its tables once or by an index: a hundred thousand bookings
// are a matter of seconds.
#include "commands/verify.h"

const Invariant verify_box_office[] = {
    // The stock.
    {"sold + held + free = capacity, for each category",
     "SELECT 'category ' || c.id || ': ' || c.total_seats || ' seats, ' || c.available_seats || ' free, ' ||"
     " coalesce(t.taken, 0) || ' taken' FROM categories c LEFT JOIN (SELECT category_id, sum(seats) AS taken"
     " FROM bookings WHERE status IN ('pending', 'confirmed') GROUP BY category_id) t ON t.category_id = c.id"
     " WHERE c.available_seats + coalesce(t.taken, 0) != c.total_seats"},
    {"in a hall on sale, the free seats of a category are vacant ones of its type",
     "SELECT 'category ' || c.id || ': ' || c.available_seats || ' free, ' || count(s.id) || ' vacant' FROM categories "
     "c"
     " JOIN concerts k ON k.id = c.concert_id AND k.hall_id IS NOT NULL AND k.closed = 0 LEFT JOIN seats s ON"
     " s.hall_id = k.hall_id AND s.seat_type_id = c.seat_type_id AND s.status = 0 WHERE c.seat_type_id IS NOT NULL"
     " GROUP BY c.id HAVING count(s.id) != c.available_seats"},
    {"a booking in a hall has its seats while it lives, and none after",
     "SELECT 'booking ' || b.id || ': ' || b.status || ' with ' || count(s.seat_id) || ' of ' || b.seats FROM bookings "
     "b"
     " JOIN concerts k ON k.id = b.concert_id AND k.hall_id IS NOT NULL AND k.ended_at IS NULL LEFT JOIN booking_seats"
     " s ON s.booking_id = b.id AND s.released_at IS NULL GROUP BY b.id HAVING count(s.seat_id) !="
     " CASE WHEN b.status IN ('pending', 'confirmed') THEN b.seats ELSE 0 END"},
    {"a concert that is over is closed, nobody pays for it, and once it is empty nobody waits and it holds no seat",
     "SELECT 'concert ' || id || ' is on sale' FROM concerts WHERE ended_at IS NOT NULL AND closed = 0 UNION ALL"
     " SELECT 'concert ' || id || ' is empty, and not over' FROM concerts WHERE emptied = 1 AND ended_at IS NULL"
     " UNION ALL SELECT 'booking ' || b.id || ': pending' FROM concerts k JOIN bookings b ON b.concert_id = k.id AND"
     " b.status = 'pending' WHERE k.ended_at IS NOT NULL UNION ALL SELECT 'place ' || p.id || ': ' || p.status FROM"
     " concerts k JOIN queue_places p ON p.concert_id = k.id AND p.status IN ('waiting', 'active') WHERE k.emptied = 1"
     " UNION ALL SELECT 'booking ' || b.id || ': seat ' || x.seat_id FROM booking_seats x JOIN bookings b ON"
     " b.id = x.booking_id JOIN concerts k ON k.id = b.concert_id WHERE x.released_at IS NULL AND k.emptied = 1"},
    {"a seat has one live booking at most",
     "SELECT 'seat ' || seat_id FROM booking_seats WHERE released_at IS NULL GROUP BY seat_id HAVING count(*) > 1"},
    {"a booked seat is reserved or occupied, and of its concert's hall and its category's type",
     "SELECT 'booking ' || b.id || ': seat ' || s.id FROM booking_seats x JOIN bookings b ON b.id = x.booking_id"
     " JOIN concerts k ON k.id = b.concert_id JOIN categories c ON c.id = b.category_id JOIN seats s ON s.id = "
     "x.seat_id"
     " WHERE x.released_at IS NULL AND (s.status NOT IN (1, 2) OR s.hall_id != k.hall_id"
     " OR s.seat_type_id IS DISTINCT FROM c.seat_type_id)"},
    {"a booking is of a category of its concert",
     "SELECT 'booking ' || b.id FROM bookings b JOIN categories c ON c.id = b.category_id"
     " WHERE c.concert_id != b.concert_id"},
    // Bookings and their steps.
    {"the last step of a booking is where it stands",
     "SELECT 'booking ' || b.id || ': ' || b.status || ' ' || b.payment_status FROM bookings b LEFT JOIN booking_steps "
     "s"
     " ON s.id = (SELECT max(id) FROM booking_steps WHERE booking_id = b.id)"
     " WHERE s.status IS DISTINCT FROM b.status OR s.payment_status IS DISTINCT FROM b.payment_status"},
    {"a booking moves only from where it may",
     "WITH moves AS (SELECT booking_id, status, payment_status AS money, lag(status) OVER line AS old,"
     " lag(payment_status) OVER line AS old_money FROM booking_steps WINDOW line AS (PARTITION BY booking_id"
     " ORDER BY id)) SELECT 'booking ' || booking_id || ': ' || coalesce(old || ' ' || old_money, 'nothing') || ' to ' "
     "||"
     " status || ' ' || money FROM moves WHERE NOT CASE"
     " WHEN old IS NULL THEN status = 'pending' AND money = 'none'"
     " WHEN old = status AND status = 'pending' THEN money IN ('processing', 'failed') AND old_money IN ('none',"
     " 'processing', 'failed')"
     // Money that came too late, on its way back.
     " WHEN old = status THEN status != 'confirmed' AND ((money = 'paid' AND old_money IN ('none', 'processing',"
     " 'failed')) OR (money = 'refunded' AND old_money = 'paid'))"
     " WHEN status = 'confirmed' THEN money = 'paid' AND old_money IN ('none', 'processing', 'failed')"
     " WHEN old = 'pending' THEN money IN ('none', 'processing', 'failed')"
     " ELSE old || ' ' || status = 'confirmed cancelled' AND old_money || ' ' || money = 'paid refunded' END"},
    // Money.
    {"a confirmed booking has one payment that stands, of its amount and currency",
     "SELECT 'booking ' || b.id || ': ' || count(p.id) || ' payments' FROM bookings b LEFT JOIN payments p ON"
     " p.booking_id = b.id AND p.status = 'succeeded' AND p.refund_due = 0 AND p.amount = b.amount"
     " AND p.currency = b.currency WHERE b.status = 'confirmed' GROUP BY b.id HAVING count(p.id) != 1"
     " AND (b.amount > 0 OR count(p.id) > 1)"},  // free tickets are not paid for
    {"what was paid ends as one confirmed booking or goes back",
     "SELECT 'payment ' || p.id || ' of booking ' || b.id || ': ' || b.status FROM payments p JOIN bookings b ON"
     " b.id = p.booking_id WHERE p.status = 'succeeded' AND p.refund_due = 0 AND b.status != 'confirmed'"
     " UNION ALL SELECT 'booking ' || booking_id || ': ' || count(*) || ' payments' FROM payments"
     " WHERE status = 'succeeded' AND refund_due = 0 GROUP BY booking_id HAVING count(*) > 1"},
    {"a booking is told as paid while it is confirmed, as refunded when its money went back or goes back",
     "SELECT 'booking ' || b.id || ': ' || b.status || ' ' || b.payment_status FROM bookings b"
     " WHERE (b.status = 'confirmed') != (b.payment_status = 'paid') OR (b.payment_status = 'refunded'"
     " AND b.amount > 0 AND NOT EXISTS"
     " (SELECT 1 FROM payments p WHERE p.booking_id = b.id AND (p.status = 'refunded' OR p.refund_due = 1)))"},
    {"a refund is due of what was paid only",
     "SELECT 'payment ' || id || ': ' || status FROM payments WHERE refund_due = 1 AND status != 'succeeded'"},
    // Tickets.
    {"a confirmed booking has a ticket a person, numbered from 1; no other has one that is good",
     "SELECT 'booking ' || b.id || ': ' || b.status || ' with ' || count(t.id) || ' tickets of ' || b.seats"
     " FROM bookings b LEFT JOIN tickets t ON t.booking_id = b.id AND t.void = 0 GROUP BY b.id HAVING count(t.id) !="
     " CASE b.status WHEN 'confirmed' THEN b.seats ELSE 0 END"
     " UNION ALL SELECT 'booking ' || b.id || ': ticket number ' || t.number FROM tickets t JOIN bookings b ON"
     " b.id = t.booking_id WHERE t.number NOT BETWEEN 1 AND b.seats"},
    {"a good ticket of a hall is for a seat of its booking",
     "SELECT 'ticket ' || t.id FROM tickets t JOIN bookings b ON b.id = t.booking_id JOIN concerts k ON k.id ="
     " b.concert_id LEFT JOIN booking_seats s ON s.booking_id = b.id AND s.seat_id = t.seat_id AND (s.released_at IS"
     " NULL OR s.released_at = k.ended_at) WHERE t.void = 0 AND t.seat_id IS NOT NULL AND s.seat_id IS NULL"
     " UNION ALL SELECT 'ticket ' || t.id || ' has no seat' FROM tickets t JOIN booking_seats s ON"
     " s.booking_id = t.booking_id AND s.released_at IS NULL WHERE t.void = 0 AND t.seat_id IS NULL GROUP BY t.id"},
    {"a seat has one good ticket at most, of concerts that are not over",
     "SELECT 'seat ' || t.seat_id FROM tickets t JOIN bookings b ON b.id = t.booking_id JOIN concerts k ON"
     " k.id = b.concert_id AND k.ended_at IS NULL WHERE t.void = 0 AND t.seat_id IS NOT NULL GROUP BY t.seat_id"
     " HAVING count(*) > 1"},
    {"who was let in was let in by somebody",
     "SELECT 'ticket ' || id FROM tickets WHERE (checked_in_at IS NULL) != (checked_in_by IS NULL)"},
    // The line.
    {"a person has one open place a concert",
     "SELECT 'concert ' || concert_id || ': user ' || user_id FROM queue_places WHERE status IN ('waiting', 'active')"
     " GROUP BY concert_id, user_id HAVING count(*) > 1"},
    {"nobody overtakes: who waits stands behind all who were admitted",
     "SELECT 'concert ' || w.concert_id || ': ' || w.first || ' waits, ' || a.last || ' was admitted' FROM (SELECT"
     " concert_id, min(rank) AS first FROM queue_places WHERE status = 'waiting' GROUP BY concert_id) w JOIN (SELECT"
     " concert_id, max(rank) AS last FROM queue_places WHERE admitted_at IS NOT NULL GROUP BY concert_id) a"
     " USING (concert_id) WHERE w.first < a.last"},
    {"who was admitted has a slot, who waits has none",
     "SELECT 'place ' || id || ': ' || status FROM queue_places WHERE (slot_until IS NULL) != (admitted_at IS NULL)"
     " OR (status = 'waiting' AND admitted_at IS NOT NULL) OR (status IN ('active', 'completed', 'expired') AND"
     " admitted_at IS NULL)"},
    {"a concert counts those who hold a slot and those who were ever admitted",
     "SELECT 'concert ' || k.id || ': ' || k.active || ' active of ' || count(*) FILTER (WHERE p.status = 'active') || "
     "', ' "
     "||"
     " k.admitted || ' admitted of ' || count(p.admitted_at) FROM concerts k LEFT JOIN queue_places p ON"
     " p.concert_id = k.id GROUP BY k.id HAVING k.active != count(*) FILTER (WHERE p.status = 'active')"
     " OR k.admitted != count(p.admitted_at)"},
    // Effects.
    {"an effect that was given up is over, and one that is over was tried",
     "SELECT 'effect ' || id || ' ' || key FROM outbox WHERE (given_up = 1 AND done_at IS NULL) OR (done_at IS NOT NULL"
     " AND attempts = 0)"},
    {"what is to be done is readable", "SELECT 'effect ' || id FROM outbox WHERE json_valid(payload) = 0 OR key = ''"},
};

const size_t verify_box_office_count = sizeof verify_box_office / sizeof verify_box_office[0];
