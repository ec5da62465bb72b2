-- What is new on the worklist is asked for often by programs that work there; the next safety clock by a demo's clock.
create index task_opened on task (opened_at) where closed_at is null;
create index step_safety on step (next_at) where closed_at is null and safety;
