-- name: breakers
-- Connections that are not sending now.
select name, failures, open_until from connection where state <> 'closed'

-- name: waiting
-- What should not wait: clocks past their time, dead letters; and damaged pages.
select (select count(*) from step where closed_at is null and next_at < %(now)s::timestamptz - interval '1 minute') as late,
       (select count(*) from effect where state = 'dead') as dead,
       (select coalesce(sum(checksum_failures), 0) from pg_stat_database) as checksum_failures

-- name: unread
-- Connections with messages that wait to be read for more than a minute.
select connection, count(*) as messages, min(received_at) as since from message where outcome = 'pending'
group by connection having min(received_at) < %(now)s::timestamptz - interval '1 minute' order by connection

-- name: costs
-- Messages so far, and what they took.
select (select count(*) from message) as messages,
       (select coalesce(sum(n_tup_ins), 0) from pg_stat_user_tables where relname <> 'schema_migration') as rows,
       pg_database_size(current_database()) as bytes,
       (select coalesce(sum((detail ->> 'cpu_s')::float), 0) from heartbeat where kind in ('listen', 'work', 'serve')) as cpu_s,
       (select coalesce(sum((detail ->> 'memory_bytes')::bigint), 0) from heartbeat
        where kind in ('listen', 'work', 'serve') and at > %(now)s::timestamptz - interval '1 minute') as memory,
       (select coalesce(sum(attempts), 0) from effect) as sends
