-- A worklist that is open hears which of its rows are over.
create index task_closed on task (closed_at) where closed_at is not null;
