-- The demo domain. Secrets live in tables of their own, which are never tracked.
-- Every synced row has: id, version, created_at, updated_at. Triggers of `sync.track` keep version and updated_at.
-- Texts that clients filter by are pinned to pg_unicode_fast (PostgreSQL 18), whose lower() is JavaScript's: the log and SELECT must agree.

CREATE TYPE user_role AS ENUM ('ADMIN', 'MEMBER');
CREATE TYPE member_role AS ENUM ('OWNER', 'EDITOR', 'VIEWER');
CREATE TYPE task_status AS ENUM ('TODO', 'DOING', 'DONE');

CREATE TABLE users (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  version    integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  email      text NOT NULL UNIQUE CHECK (email = lower(email)),
  name       text COLLATE "pg_unicode_fast" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  color      text NOT NULL CHECK (color ~ '^#[0-9a-f]{6}$'),
  role       user_role NOT NULL DEFAULT 'MEMBER'
);

CREATE TABLE user_secrets (
  user_id       uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  password_hash text NOT NULL
);

CREATE TABLE sessions (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  version    integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  user_agent text,
  expires_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3)
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

-- One row for each refresh token ever issued to a session (its family); only hashes are kept.
-- used_at is set when the token was exchanged: seen again later than the grace allows, the whole session is revoked.
CREATE TABLE refresh_tokens (
  hash       bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  used_at    timestamptz(3)
);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);

CREATE TABLE workspaces (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  version    integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  name       text COLLATE "pg_unicode_fast" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100)
);

CREATE TABLE members (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  version      integer NOT NULL DEFAULT 1,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  updated_at   timestamptz(3) NOT NULL DEFAULT now(),
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  role         member_role NOT NULL,
  UNIQUE (workspace_id, user_id)
);
CREATE INDEX members_user_id_idx ON members (user_id);

CREATE TABLE tasks (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  version       integer NOT NULL DEFAULT 1,
  created_at    timestamptz(3) NOT NULL DEFAULT now(),
  updated_at    timestamptz(3) NOT NULL DEFAULT now(),
  workspace_id  uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  title         text COLLATE "pg_unicode_fast" NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
  description   text NOT NULL DEFAULT '',
  status        task_status NOT NULL DEFAULT 'TODO',
  priority      integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 4),
  -- A fractional index, compared bytewise: the collation is pinned so that every database sorts alike.
  position      text COLLATE "C" NOT NULL DEFAULT 'a0',
  due_at        timestamptz(3),
  assignee_id   uuid REFERENCES users ON DELETE SET NULL,
  created_by_id uuid REFERENCES users ON DELETE SET NULL,
  UNIQUE (id, workspace_id)
);
CREATE INDEX tasks_workspace_id_status_position_idx ON tasks (workspace_id, status, position);
CREATE INDEX tasks_assignee_id_idx ON tasks (assignee_id);
CREATE INDEX tasks_created_by_id_idx ON tasks (created_by_id);

CREATE TABLE comments (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  version      integer NOT NULL DEFAULT 1,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  updated_at   timestamptz(3) NOT NULL DEFAULT now(),
  workspace_id uuid NOT NULL,
  task_id      uuid NOT NULL,
  author_id    uuid REFERENCES users ON DELETE SET NULL,
  body         text COLLATE "pg_unicode_fast" NOT NULL CHECK (char_length(body) BETWEEN 1 AND 10000),
  -- Composite, so that a comment's scope is always its task's: a task that moves takes its comments along.
  FOREIGN KEY (task_id, workspace_id) REFERENCES tasks (id, workspace_id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX comments_task_id_workspace_id_idx ON comments (task_id, workspace_id);
CREATE INDEX comments_workspace_id_idx ON comments (workspace_id);
CREATE INDEX comments_author_id_idx ON comments (author_id);

-- What a mutation with a mutationId answered, so that its retry writes nothing and answers the same.
CREATE TABLE mutation_claims (
  viewer_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  mutation_id    uuid NOT NULL,
  field          text NOT NULL,
  input_hash     bytea NOT NULL,
  result_id      uuid,
  transaction_id text,
  created_at     timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (viewer_id, mutation_id)
);
CREATE INDEX mutation_claims_created_at_idx ON mutation_claims (created_at);
