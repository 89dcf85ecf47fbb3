-- The relay's own state: which batch is fixed, what has been sent. One row for ever; see docs/data-flow.md.
CREATE TABLE sync.relay (
  only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  epoch             bigint NOT NULL,        -- rises with each history
  epoch_id          uuid NOT NULL,
  session           uuid NOT NULL,          -- drawn at every election and reconnect
  server_started_at timestamptz NOT NULL,   -- pg_postmaster_start_time() at that moment
  system_identifier text NOT NULL,
  timeline          text NOT NULL,
  batch             bigint NOT NULL,
  tag               uuid NOT NULL,
  from_snapshot     pg_snapshot NOT NULL,
  to_snapshot       pg_snapshot NOT NULL,
  fenced_at         timestamptz NOT NULL,
  first_seq         bigint NOT NULL,        -- of the batch's first record
  sent_seq          bigint NOT NULL         -- of the last record the stream has acknowledged
);

-- Kept as long as the outbox rows it numbers, so that a tail the stream lost can be sent again as it was.
CREATE TABLE sync.batch (
  batch         bigint PRIMARY KEY,
  epoch         bigint NOT NULL,
  epoch_id      uuid NOT NULL,
  session       uuid NOT NULL,
  tag           uuid NOT NULL,
  from_snapshot pg_snapshot NOT NULL,
  to_snapshot   pg_snapshot NOT NULL,
  fenced_at     timestamptz NOT NULL,
  first_seq     bigint NOT NULL,
  count         bigint NOT NULL
);

CREATE TABLE sync.dead_letter (
  seq       bigint PRIMARY KEY,
  outbox_id bigint NOT NULL,
  reason    text NOT NULL,
  "table"   text NOT NULL,
  op        "char" NOT NULL,
  key       text,
  old       json,
  new       json,
  at        timestamptz NOT NULL DEFAULT now()
);

-- Outbox rows that a record on the stream names in place of carrying them; kept for the stream's retention.
CREATE TABLE sync.claim (
  outbox_id  bigint PRIMARY KEY,
  seq        bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
