-- The Postgres stream (no Kafka): one row a record, read by (epoch, seq), deleted by age.
CREATE TABLE sync.log (
  epoch      bigint NOT NULL,
  seq        bigint NOT NULL,
  payload    text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (epoch, seq)
);
CREATE INDEX log_created_at_idx ON sync.log (created_at);
