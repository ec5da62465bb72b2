-- What goes to one destination in order is asked for each effect before it leaves: by its subject, not by a walk.
create index effect_order on effect (subject, connection)
  where connection <> '' and state in ('ready', 'sending', 'unknown');
