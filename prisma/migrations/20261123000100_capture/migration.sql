-- Capture: every committed change of a tracked table becomes one row of sync.outbox, whoever wrote it.
--
--   SELECT sync.track('tasks', 'workspace_id');                        -- from now on; call again to change
--   SELECT sync.track('users', exclude => '{password_hash}');
--   SELECT sync.untrack('tasks');
--
-- What a writer can rely on: no trigger here fails a write for lack of rights on schema sync, for whatever the writer's
-- session is set to, or for what it put into the sync.* settings. The one bound is Postgres's own: a row that takes more
-- than about 500 MB as JSON does not fit beside its old image; exclude such a column.
CREATE SCHEMA sync;

-- The value of a setting that the API makes for one transaction; null when it is empty (as after the transaction that set
-- it), or longer than anything we set: it goes into every outbox row. A setting that nobody made is null, for which a
-- STRICT function is not even called. (Each function that a column's default names is looked up once per INSERT, also in an
-- arm of a CASE that is not taken: of these there are two, where the whole rule written out is seven.)
CREATE FUNCTION sync.short(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
  RETURN CASE WHEN pg_catalog.octet_length(value) OPERATOR(pg_catalog.<=) 200 AND value OPERATOR(pg_catalog.<>) '' THEN value END;
END
$$;

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
  actor         text DEFAULT sync.short(current_setting('sync.actor', true)),              -- the user's id
  actor_session text DEFAULT sync.short(current_setting('sync.actor_session', true)),
  mutation_id   text DEFAULT sync.short(current_setting('sync.mutation_id', true)),
  traceparent   text DEFAULT sync.short(current_setting('sync.traceparent', true))         -- W3C Trace Context
);
CREATE INDEX outbox_xid_id_idx ON sync.outbox (xid, id);

-- A queue turns over its whole content many times a day: vacuum by rows, not by share of the table, and at full speed.
-- Never truncate the file: that takes a lock which every writer of every tracked table would wait for.
ALTER TABLE sync.outbox SET (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000,
  autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off,
  toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000,
  toast.autovacuum_vacuum_cost_delay = 0, toast.vacuum_truncate = off
);

-- What is tracked, and how. `id` names the table's functions: sync.capture_<id>, sync.version_<id>.
CREATE TABLE sync.tracked (
  "table" regclass PRIMARY KEY,
  id      integer GENERATED ALWAYS AS IDENTITY UNIQUE,
  scope   text,
  exclude text[] NOT NULL
);

-- Wakes the relay. A nudge and no more: it polls as well. `ALTER DATABASE … SET sync.nudge = off` (or SET LOCAL, in a
-- transaction that is to be PREPAREd) does without: NOTIFY takes a global lock at commit and forbids two-phase commit.
-- Postgres sends the equal notifications of a transaction once. Always true.
CREATE FUNCTION sync.nudge() RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
  IF pg_catalog.lower(coalesce(pg_catalog.current_setting('sync.nudge', true), ''))
    OPERATOR(pg_catalog.<>) ALL ('{off,false,no,0}'::pg_catalog.text[])
  THEN
    PERFORM pg_catalog.pg_notify('sync', '');
  END IF;
  RETURN true;
END
$$;

-- Returns what it is given, and wakes the relay if it sleeps.
--
-- While the relay is awake it holds an advisory lock exclusively (listener/src/awake-lock.ts), and what commits is found
-- without a nudge. Writers never wait for that lock, and do not keep it: an open, or prepared, transaction that kept it
-- would keep the relay from taking it. Trying comes after this transaction has its id, for what is captured is written by
-- then, and before the relay sleeps it waits for the end of every transaction that had one before it let go:
-- docs/decisions/nudge-only-who-sleeps.md.
--
-- It is called within the INSERT of an outbox row, for the planner writes the body there in its place (keep it one
-- expression, without SET): the look costs next to nothing, where a trigger of its own was a tenth of what a capture costs.
CREATE FUNCTION sync.nudging(value text) RETURNS text
LANGUAGE sql
RETURN CASE
  -- Nothing can be interrupted between the two: a lock of the session outlives an error. "sync", "awak".
  WHEN pg_try_advisory_lock_shared(x'73796e63'::integer, x'6177616b'::integer)
    AND pg_advisory_unlock_shared(x'73796e63'::integer, x'6177616b'::integer)
    AND NOT sync.nudge()
  THEN NULL
  ELSE value
END;

-- The name of a table, as the log writes it, and the table of such a name: both as under the default search_path. Everything else here
-- runs without public in its search_path: whoever may create an operator there could have it run with our rights.
CREATE FUNCTION sync.name_of(target regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp SET quote_all_identifiers = off
RETURN target::text;
CREATE FUNCTION sync.table_of(name text) RETURNS regclass
LANGUAGE sql STABLE SET search_path = public, pg_temp SET quote_all_identifiers = off
RETURN to_regclass(name);

-- The primary key's columns, in the order of the key.
CREATE FUNCTION sync.key_columns(target regclass) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog
AS $$
  SELECT array_agg(a.attname::text ORDER BY k.position)
  FROM pg_index i
    CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE i.indrelid = target AND i.indisprimary AND k.position <= i.indnkeyatts
$$;

-- Raises what the caller can act on when the table cannot be captured whole.
CREATE FUNCTION sync.check_trackable(target regclass, scope text, exclude text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
  class      pg_class;
  namespace  name;
  reason     text;
  remedy     text;
  columns    text[];
  unknown    text;
BEGIN
  SELECT * INTO class FROM pg_class WHERE oid = target;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'sync.track: there is no such table'
      USING ERRCODE = 'undefined_table', HINT = 'Name a table of this database.';
  END IF;
  SELECT nspname INTO namespace FROM pg_namespace WHERE oid = class.relnamespace;

  CASE
    WHEN class.relkind = 'p' THEN
      reason := 'it is partitioned';
      remedy := 'Rows move between partitions as DELETE and INSERT. Keep what clients follow in a plain table.';
    WHEN class.relkind = 'f' THEN
      reason := 'it is a foreign table, whose rows change elsewhere';
      remedy := 'Track the table in the database that holds it.';
    WHEN class.relkind IN ('v', 'm') THEN
      reason := 'it is a view';
      remedy := 'Track the tables it reads.';
    WHEN class.relkind <> 'r' THEN
      reason := 'it is not a table';
      remedy := 'Track an ordinary table.';
    WHEN namespace IN ('pg_catalog', 'information_schema', 'pg_toast', 'sync') THEN
      reason := 'it belongs to the system schema ' || namespace;
      remedy := 'Track a table of your own.';
    WHEN class.relpersistence = 't' THEN
      reason := 'it is a temporary table, which no other session sees';
      remedy := 'Create it without TEMPORARY.';
    WHEN class.relpersistence = 'u' THEN
      reason := 'it is unlogged: a crash empties it without a change to capture';
      remedy := format('ALTER TABLE %s SET LOGGED.', sync.name_of(target));
    WHEN class.relispartition THEN
      reason := 'it is a partition';
      remedy := 'Rows move between partitions as DELETE and INSERT. Keep what clients follow in a plain table.';
    WHEN EXISTS (SELECT FROM pg_inherits WHERE inhparent = target) THEN
      reason := 'other tables inherit from it, and their rows would pass by its triggers';
      remedy := 'ALTER TABLE … NO INHERIT on its children, or track a table without any.';
    WHEN EXISTS (SELECT FROM pg_inherits WHERE inhrelid = target) THEN
      reason := 'it inherits from another table';
      remedy := format('ALTER TABLE %s NO INHERIT …, or track a plain table.', sync.name_of(target));
    WHEN sync.key_columns(target) IS NULL THEN
      reason := 'it has no primary key';
      remedy := format('ALTER TABLE %s ADD PRIMARY KEY (…): clients know a row by it.', sync.name_of(target));
    ELSE
      reason := NULL;
  END CASE;
  IF reason IS NOT NULL THEN
    RAISE EXCEPTION 'sync.track cannot capture %: %', sync.name_of(target), reason
      USING ERRCODE = 'feature_not_supported', HINT = remedy;
  END IF;

  SELECT array_agg(attname::text ORDER BY attnum) INTO columns
  FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped;

  IF scope <> ALL (columns) THEN
    RAISE EXCEPTION 'sync.track: % has no column "%" to be its scope', sync.name_of(target), scope
      USING ERRCODE = 'undefined_column', HINT = format('Its columns are: %s.', array_to_string(columns, ', '));
  END IF;

  SELECT e INTO unknown FROM unnest(exclude) AS e WHERE e IS NULL OR e <> ALL (columns) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'sync.track: % has no column "%" to exclude', sync.name_of(target), unknown
      USING ERRCODE = 'undefined_column', HINT = format('Its columns are: %s.', array_to_string(columns, ', '));
  END IF;

  IF exclude && (sync.key_columns(target) || scope) THEN
    RAISE EXCEPTION 'sync.track cannot exclude the primary key or the scope of %', sync.name_of(target)
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Every change is named by its key and routed by its scope.';
  END IF;

  SELECT attname INTO unknown FROM pg_attribute
  WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attgenerated = 'v' AND attname <> ALL (exclude) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'sync.track cannot capture the virtual generated column "%" of %', unknown, sync.name_of(target)
      USING ERRCODE = 'feature_not_supported', HINT = 'Triggers do not see it: make it STORED, or exclude it.';
  END IF;
END
$$;

-- SQL for the key's text, of OLD or NEW. Here and below: what is written into a function of a tracked table names the schema
-- of each function, type and operator, for it may run under the search_path of whoever writes.
CREATE FUNCTION sync.key_expression(target regclass, row_name text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog SET quote_all_identifiers = off
AS $$
  SELECT CASE WHEN count(*) = 1 THEN min(column_text)
              ELSE format('pg_catalog.array_to_json(ARRAY[%s])::pg_catalog.text', string_agg(column_text, ', ' ORDER BY position)) END
  FROM unnest(sync.key_columns(target)) WITH ORDINALITY AS k (name, position),
    format('%s.%I::pg_catalog.text', row_name, name) AS column_text
$$;

-- SQL for a row's JSON, of OLD or NEW. With excluded columns it lists what may leave, not what may not: whatever happens
-- to the columns, nothing leaves by mistake.
CREATE FUNCTION sync.image_expression(target regclass, exclude text[], row_name text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog SET quote_all_identifiers = off
AS $$
  SELECT CASE WHEN exclude = '{}' THEN format('pg_catalog.row_to_json(%s)', row_name)
              ELSE format('(SELECT pg_catalog.row_to_json(kept.*) FROM (SELECT %s) AS kept)',
                          string_agg(format('%1$s.%2$I AS %2$I', row_name, attname), ', ' ORDER BY attnum)) END
  FROM pg_attribute
  WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attname <> ALL (exclude)
$$;

-- The SET clauses of a table's capture. Row JSON must not depend on the session that writes, for the feed compares whole
-- rows. Each clause costs something on every call, so a table does without whose types are all known to look alike in every
-- session; timestamptz follows TimeZone, and nothing else, for JSON has dates in ISO 8601 (a key or scope is cast to text,
-- and follows DateStyle as well). Any other type, or an enum that has a cast, gets them all. So does every table where no
-- event trigger would tell us of a column that is added later.
CREATE FUNCTION sync.capture_settings(tracked sync.tracked) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
  WITH columns AS (
    SELECT t.oid AS type, t.typtype AS kind, a.attname = ANY (sync.key_columns(tracked."table") || tracked.scope) AS is_cast_to_text
    FROM pg_attribute AS a
      LEFT JOIN pg_type AS element ON element.typarray = a.atttypid
      JOIN pg_type AS t ON t.oid = coalesce(element.oid, a.atttypid)
    WHERE a.attrelid = tracked."table" AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (tracked.exclude)
  )
  SELECT CASE
      WHEN NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'sync_follow_ddl' AND evtenabled = 'A') OR NOT bool_and(
        type = ANY ('{boolean,smallint,integer,bigint,numeric,text,varchar,bpchar,uuid,json,jsonb}'::regtype[])
        OR type = ANY ('{date,timestamp,timestamptz}'::regtype[]) AND NOT is_cast_to_text
        OR kind = 'e' AND NOT EXISTS (SELECT FROM pg_cast WHERE castsource = type)
      ) THEN $settings$
        SET search_path = public, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD' SET IntervalStyle = 'postgres'
        SET bytea_output = 'hex' SET extra_float_digits = 1 SET lc_monetary = 'C' SET quote_all_identifiers = off $settings$
      WHEN bool_or(type = 'timestamptz'::regtype) THEN 'SET TimeZone = ''UTC'''
      ELSE ''
    END
  FROM columns
$$;

-- (Re)writes the two functions of a tracked table. All that depends on the table is written down here, once, so that a
-- row costs one plain INSERT: no catalog is read and no SQL is composed while a user's write waits.
CREATE FUNCTION sync.write_functions(tracked sync.tracked) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
  capture       text := 'capture_' || tracked.id;
  version       text := 'version_' || tracked.id;
  version_rises text;
  assignments   text;
BEGIN
  -- An UPDATE that changes nothing outside of excluded columns is no change to anyone who may look, and is not captured; a
  -- row with a version always changes, so that no client's expectedVersion goes out of date. Such an UPDATE is the most
  -- common write: it comes first, and compares no images.
  SELECT coalesce(
    (SELECT 'OLD.version OPERATOR(pg_catalog.<>) NEW.version' FROM pg_attribute
     WHERE attrelid = tracked."table" AND attname = 'version' AND atttypid = 'integer'::regtype AND attname <> ALL (tracked.exclude)),
    'false'
  ) INTO version_rises;
  EXECUTE format(
    $create$
      CREATE OR REPLACE FUNCTION sync.%I() RETURNS trigger
      LANGUAGE plpgsql SECURITY DEFINER %s
      AS %L
    $create$,
    capture,
    sync.capture_settings(tracked),
    format(
      $body$
      DECLARE
        old_image pg_catalog.json;
        new_image pg_catalog.json;
      BEGIN
        IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' AND %8$s AND %2$s OPERATOR(pg_catalog.=) %3$s THEN
          INSERT INTO sync.outbox ("table", op, key, scope, old, new)
          VALUES (sync.nudging(%1$L), 'U', %3$s, %5$s, %6$s, %7$s);
        ELSIF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
          INSERT INTO sync.outbox ("table", op, key, scope, new)
          VALUES (sync.nudging(%1$L), 'I', %3$s, %5$s, %7$s);
        ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
          INSERT INTO sync.outbox ("table", op, key, scope, old)
          VALUES (sync.nudging(%1$L), 'D', %2$s, %4$s, %6$s);
        ELSIF TG_OP OPERATOR(pg_catalog.=) 'TRUNCATE' THEN
          INSERT INTO sync.outbox ("table", op) VALUES (sync.nudging(%1$L), 'T');
        ELSIF %2$s OPERATOR(pg_catalog.=) %3$s THEN
          old_image := %6$s;
          new_image := %7$s;
          IF old_image::pg_catalog.text OPERATOR(pg_catalog.<>) new_image::pg_catalog.text THEN
            INSERT INTO sync.outbox ("table", op, key, scope, old, new)
            VALUES (sync.nudging(%1$L), 'U', %3$s, %5$s, old_image, new_image);
          END IF;
        ELSE
          INSERT INTO sync.outbox ("table", op, key, scope, old, new)
          VALUES (sync.nudging(%1$L), 'D', %2$s, %4$s, %6$s, NULL),
                 (%1$L, 'I', %3$s, %5$s, NULL, %7$s);
        END IF;
        RETURN NULL;
      END
      $body$,
      sync.name_of(tracked."table"),
      sync.key_expression(tracked."table", 'OLD'),
      sync.key_expression(tracked."table", 'NEW'),
      coalesce('OLD.' || quote_ident(tracked.scope) || '::pg_catalog.text', 'NULL'),
      coalesce('NEW.' || quote_ident(tracked.scope) || '::pg_catalog.text', 'NULL'),
      sync.image_expression(tracked."table", tracked.exclude, 'OLD'),
      sync.image_expression(tracked."table", tracked.exclude, 'NEW'),
      version_rises
    )
  );

  -- The clock of the write, not of the transaction's start: a row's updated_at then never goes back, for a second writer
  -- waits until the first has committed. A version at its end starts again rather than failing the write.
  SELECT coalesce(string_agg(assignment, E'\n        '), '') INTO assignments
  FROM (
    SELECT CASE
        WHEN attname = 'version' AND atttypid = 'integer'::regtype
          THEN $sql$NEW.version := CASE WHEN OLD.version OPERATOR(pg_catalog.<) 2147483647
          THEN OLD.version OPERATOR(pg_catalog.+) 1 ELSE 1 END;$sql$
        WHEN attname = 'updated_at' AND atttypid = 'timestamptz'::regtype
          THEN 'NEW.updated_at := pg_catalog.clock_timestamp();'
        WHEN attname = 'updated_at' AND atttypid = 'timestamp'::regtype
          THEN 'NEW.updated_at := pg_catalog.timezone(''UTC'', pg_catalog.clock_timestamp());'
      END AS assignment
    FROM pg_attribute
    WHERE attrelid = tracked."table" AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
  ) AS columns;
  EXECUTE format(
    $create$
      CREATE OR REPLACE FUNCTION sync.%I() RETURNS trigger
      LANGUAGE plpgsql
      AS %L
    $create$,
    version,
    format(
      $body$
      BEGIN
        %s
        RETURN NEW;
      END
      $body$,
      assignments
    )
  );

  -- With the rights of whoever owns schema sync, and no more, also when a superuser calls track.
  EXECUTE format('ALTER FUNCTION sync.%I() OWNER TO %s', capture, (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'sync'));
  EXECUTE format('COMMENT ON FUNCTION sync.%I() IS %L', capture, 'captures ' || sync.name_of(tracked."table"));
  EXECUTE format('COMMENT ON FUNCTION sync.%I() IS %L', version, 'keeps version and updated_at of ' || sync.name_of(tracked."table"));
  -- Whoever may execute a trigger function may hang it on a table of their own and write rows of their choice.
  EXECUTE format('REVOKE ALL ON FUNCTION sync.%I(), sync.%I() FROM PUBLIC', capture, version);
END
$$;

-- Captures every change of the table from the commit of this transaction on. Calling it again changes scope and excluded
-- columns. `scope` is the column the table is grouped by (the workspace); `exclude` names columns that never leave it.
CREATE FUNCTION sync.track(target regclass, scope text DEFAULT NULL, exclude text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
#variable_conflict use_variable
DECLARE
  tracked sync.tracked;
  trigger record;
BEGIN
  exclude := coalesce(exclude, '{}');
  PERFORM sync.check_trackable(target, scope, exclude);
  INSERT INTO sync.tracked AS t ("table", scope, exclude) VALUES (target, scope, exclude)
  ON CONFLICT ("table") DO UPDATE SET scope = EXCLUDED.scope, exclude = EXCLUDED.exclude
  RETURNING * INTO tracked;
  PERFORM sync.write_functions(tracked);

  -- Triggers of one kind fire in the order of their names. Capture first: before a trigger of the user's that writes the
  -- row once more, and before a foreign key's (RI_…) that goes on to other tables. The version last, so that what any
  -- other BEFORE trigger, or the writer, puts into it does not count. (CREATE TRIGGER waits for whoever is writing, and
  -- they for us: each row is captured in the old way or in the new one.)
  FOR trigger IN
    SELECT * FROM (VALUES
      ('!sync_capture',  'AFTER INSERT OR UPDATE OR DELETE', 'ROW',       'capture_' || tracked.id),
      ('!sync_truncate', 'AFTER TRUNCATE',                   'STATEMENT', 'capture_' || tracked.id),
      ('~sync_version',  'BEFORE UPDATE',                    'ROW',       'version_' || tracked.id)
    ) AS t (name, event, level, function)
  LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER %I %s ON %s FOR EACH %s EXECUTE FUNCTION sync.%I()',
      trigger.name, trigger.event, target, trigger.level, trigger.function);
  END LOOP;
  -- Also where a replica's apply or a restore writes (session_replication_role). All at once: sync.follow_ddl refuses one without.
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER "!sync_capture", ENABLE ALWAYS TRIGGER "!sync_truncate",
    ENABLE ALWAYS TRIGGER "~sync_version"', target);
END
$$;

-- Ends the capture of a table; of one that is not tracked, nothing. What is in the outbox stays.
CREATE FUNCTION sync.untrack(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
  tracked sync.tracked;
  name    text;
BEGIN
  SELECT * INTO tracked FROM sync.tracked WHERE "table" = target;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  DELETE FROM sync.tracked AS t WHERE t.id = tracked.id; -- First: sync.follow_ddl would refuse the rest.
  FOREACH name IN ARRAY ARRAY['!sync_capture', '!sync_truncate', '~sync_version'] LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', name, target);
  END LOOP;
  PERFORM sync.forget(tracked.id);
END
$$;

CREATE FUNCTION sync.forget(tracked_id integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
  DELETE FROM sync.tracked WHERE id = tracked_id;
  EXECUTE format('DROP FUNCTION sync.%I(), sync.%I()', 'capture_' || tracked_id, 'version_' || tracked_id);
END
$$;

-- The functions of a tracked table name its columns: without this, renaming its key would fail every later write. So
-- they are written anew after each change of a tracked table, and a change they cannot follow is refused where it is
-- made, with the way to make it.
CREATE FUNCTION sync.follow_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
  tracked sync.tracked;
  reason  text;
  remedy  text;
BEGIN
  FOR tracked IN SELECT * FROM sync.tracked AS t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t."table") LOOP
    PERFORM sync.forget(tracked.id);
  END LOOP;

  FOR tracked IN
    SELECT t.* FROM sync.tracked AS t JOIN pg_class AS c ON c.oid = t."table"
    -- A type that changes, or what goes with another object, may be of any table. (Not so DROP TABLE, which programs may do all day.)
    WHERE tg_tag IN ('ALTER TYPE', 'DROP DOMAIN', 'DROP EXTENSION', 'DROP FUNCTION', 'DROP OWNED', 'DROP SCHEMA', 'DROP TRIGGER', 'DROP TYPE')
    OR EXISTS (
      SELECT FROM pg_event_trigger_ddl_commands() AS command
      WHERE command.objid IN (c.oid, c.relnamespace)
        OR EXISTS (SELECT FROM pg_inherits WHERE c.oid IN (inhparent, inhrelid) AND command.objid IN (inhparent, inhrelid))
    )
  LOOP
    BEGIN
      PERFORM sync.check_trackable(tracked."table", tracked.scope, tracked.exclude);
      IF (SELECT count(*) FROM pg_trigger WHERE tgrelid = tracked."table" AND tgenabled = 'A'
            AND tgname IN ('!sync_capture', '!sync_truncate', '~sync_version')) < 3 THEN
        RAISE EXCEPTION 'a trigger of sync would be gone, disabled, or not ENABLE ALWAYS'
          USING ERRCODE = 'feature_not_supported', HINT = 'Leave the triggers of sync as they are: sync.untrack takes them away.';
      END IF;
      PERFORM sync.write_functions(tracked);
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT, remedy = PG_EXCEPTION_HINT;
      RAISE EXCEPTION 'this would break the capture of %: %', sync.name_of(tracked."table"), reason
        USING ERRCODE = SQLSTATE, DETAIL = remedy,
          HINT = 'In one transaction: sync.untrack the table, change it, sync.track it anew.';
    END;
  END LOOP;
END
$$;

-- ALTER TABLE may give rows other values (TYPE … USING …, SET EXPRESSION), for which no trigger of the table fires. It is told as if the
-- table had been emptied: clients read its rows anew.
CREATE FUNCTION sync.follow_rewrite() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
BEGIN
  INSERT INTO sync.outbox ("table", op)
  SELECT sync.nudging(sync.name_of("table")), 'T' FROM sync.tracked WHERE "table" = pg_event_trigger_table_rewrite_oid();
END
$$;

-- Event triggers are for superusers (and what managed services put in their place). Where there is none, whoever renames
-- a tracked table, its key, its scope or, when some are excluded, any column calls sync.track again in the same transaction.
-- ALWAYS, like the triggers: a table that is altered under session_replication_role = replica is written to afterwards, too.
DO $$
BEGIN
  CREATE EVENT TRIGGER sync_follow_ddl ON ddl_command_end
    WHEN TAG IN (
      'ALTER TABLE', 'ALTER SCHEMA', 'ALTER TYPE', 'ALTER INDEX', 'ALTER FOREIGN TABLE', 'CREATE TABLE', 'CREATE FOREIGN TABLE',
      'DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP TYPE', 'DROP DOMAIN', 'DROP EXTENSION', 'DROP FUNCTION', 'DROP TRIGGER')
    EXECUTE FUNCTION sync.follow_ddl();
  ALTER EVENT TRIGGER sync_follow_ddl ENABLE ALWAYS;
  CREATE EVENT TRIGGER sync_follow_rewrite ON table_rewrite EXECUTE FUNCTION sync.follow_rewrite();
  ALTER EVENT TRIGGER sync_follow_rewrite ENABLE ALWAYS;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'Only a superuser can have sync follow ALTER TABLE: call sync.track again after changing a tracked table.';
END
$$;

-- A fingerprint of the names and types of the columns that leave the table, in any order; '' where there is no such table.
CREATE FUNCTION sync.shape("table" text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
  SELECT coalesce(left(encode(sha256(convert_to(
    string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attname), 'UTF8')), 'hex'), 16), '')
  FROM pg_attribute a LEFT JOIN sync.tracked t ON t."table" = a.attrelid
  WHERE a.attrelid = sync.table_of($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (coalesce(t.exclude, '{}'))
$$;

REVOKE ALL ON SCHEMA sync FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA sync FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA sync FROM PUBLIC;
