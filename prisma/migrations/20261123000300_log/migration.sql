-- The Postgres stream (no Kafka): one row a record, read by (epoch, seq), deleted by age from its start.
CREATE TABLE sync.log (
  epoch      bigint NOT NULL,
  seq        bigint NOT NULL,
  payload    text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (epoch, seq)
);
-- Records are inserted in order and deleted from the start: without a low threshold the dead head of the index, which
-- every sweep and every reader from the earliest must step over, waits for a fifth of the table to go.
ALTER TABLE sync.log SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
