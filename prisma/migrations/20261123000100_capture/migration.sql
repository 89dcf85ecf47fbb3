-- Capture: every committed change of a tracked table becomes one row of sync.outbox, whoever wrote it.
CREATE SCHEMA sync;

CREATE TABLE sync.outbox (
  id            bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
  xid           xid8 NOT NULL DEFAULT pg_current_xact_id(),
  "table"       text NOT NULL,          -- as written by regclass::text under the default search_path: tasks, other.things
  op            "char" NOT NULL,        -- I, U, D; T for TRUNCATE
  key           text,                   -- the primary key: its text when it is one column, else a JSON array of texts; null for T
  scope         text,                   -- the scope column's text after the change (before it, for D); null without a scope
  old           json,
  new           json,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor         text,                   -- setting sync.actor: the user's id
  actor_session text,                   -- setting sync.actor_session
  mutation_id   text,                   -- setting sync.mutation_id
  traceparent   text                    -- setting sync.traceparent (W3C Trace Context)
);
CREATE INDEX outbox_xid_id_idx ON sync.outbox (xid, id);
