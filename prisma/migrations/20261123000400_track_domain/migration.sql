SELECT sync.track('users');
SELECT sync.track('sessions', 'user_id');
SELECT sync.track('workspaces', 'id');
SELECT sync.track('members', 'workspace_id');
SELECT sync.track('tasks', 'workspace_id');
SELECT sync.track('comments', 'workspace_id');
