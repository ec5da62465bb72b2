-- Which release decided: a case that has moved on explains its earlier decisions with the release that took them.
-- Empty where an earlier version wrote the row; then `casebook.history` says it where it can be known.
alter table application add column release text not null default '';
