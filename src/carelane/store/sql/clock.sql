-- name: mark
-- Make this empty database a demo's: it may hold a clock of its own. Does nothing where messages were received.
insert into demo_clock (organisation)
select %(organisation)s where not exists (select from message) and not exists (select from pathway_case)
on conflict do nothing

-- name: ahead
-- How far this database's clock is ahead of the machine's; no row where it has no clock of its own.
select ahead from demo_clock

-- name: move
-- Put the clock so far ahead, unless somebody else moved it since, and ring at whoever follows. It never goes back.
with gone as (
  update demo_clock set ahead = %(ahead)s, moved = moved + 1
  where moved = %(moved)s and ahead <= %(ahead)s
  returning ahead)
select ahead, pg_notify(%(channel)s, %(door)s)::text as rung from gone

-- name: busy
-- What must end before the clock may move: messages and facts on their way, what is due, effects that may go or are going.
-- Asked at every move: each part names the states of one partial index, for together they would walk all effects.
select (select count(*) from message where outcome = 'pending') as messages,
       (select count(*) from inbox) as facts,
       (select count(*) from step where closed_at is null and next_at <= %(now)s::timestamptz - interval '1 second') as clocks,
       (select count(*) from decision where disposition = 'held' and held_until <= %(now)s) as held,
       (select count(*) from effect where state in ('sending', 'unknown')
           and (state = 'sending' or (not asked and next_at <= %(now)s and (held_until is null or held_until <= %(now)s))))
       + (select count(*) from effect where state = 'ready' and not asked
           and next_at <= %(now)s and (held_until is null or held_until <= %(now)s)
           and not exists (select from effect before
                where before.id = any(effect.after) and before.state in ('ready', 'sending', 'unknown'))) as effects,
       extract(epoch from %(now)s::timestamptz - (select min(next_at) from step where closed_at is null))::float8 as late_s

-- name: next
-- When something happens next by itself: a clock, a held fact, an effect that waits for its time; and the next clock
-- that may not be late: one of safety, or one on wall time in a state that calls people by levels.
select (select min(next_at) from step where closed_at is null and (safety or state = any(%(calling)s::text[]))
        and next_at > %(now)s::timestamptz - interval '1 second') as exact_at,
  least(
  (select min(next_at) from step where closed_at is null and next_at > %(now)s::timestamptz - interval '1 second'),
  (select min(held_until) from decision where disposition = 'held' and held_until > %(now)s),
  (select min(greatest(next_at, coalesce(held_until, next_at))) from effect
   where state = 'ready' and not asked and greatest(next_at, coalesce(held_until, next_at)) > %(now)s),
  (select min(greatest(next_at, coalesce(held_until, next_at))) from effect
   where state = 'unknown' and not asked and greatest(next_at, coalesce(held_until, next_at)) > %(now)s)
  ) as at,
  (select moved from demo_clock) as moved

-- name: follow
-- This process has taken the new time.
update heartbeat set at = greatest(at, %(now)s) where process = %(process)s

-- name: behind
-- Other processes that lived at the time before, and have not taken the new one yet.
select count(*) as behind from heartbeat
where kind in ('listen', 'work', 'serve') and process <> %(process)s and at > %(before)s::timestamptz - interval '30 seconds'
  and at < %(now)s::timestamptz - interval '1 second'
