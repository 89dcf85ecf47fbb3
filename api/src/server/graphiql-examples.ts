/** What GraphiQL opens with: sign in, then copy the token into the headers of the other tabs. */
export const exampleTabs = [
  {
    query: `# 1. Sign in as a demo user, then copy the accessToken into the "Headers" of the other tabs:
#    { "Authorization": "Bearer …" }
mutation SignIn {
  signIn(input: { email: "ada@example.com", password: "correct horse battery staple" }) {
    ... on AuthPayload {
      accessToken
      accessTokenExpiresAt
      user { id name role }
    }
    ... on UserError { code message }
  }
}
`,
  },
  {
    query: `# 2. The tasks of your workspaces.
query Tasks {
  tasks(first: 20, orderBy: [{ field: STATUS }, { field: POSITION }]) {
    nodes { id version title status assignee { name } workspace { id name } }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    headers: '{ "Authorization": "Bearer " }',
  },
  {
    query: `# 3. Follow every change of a task that you may see. Leave this running, and change a task in the next tab.
subscription TaskChanges {
  taskChanges {
    cursor
    upToDate
    transaction { transactionId at actor { name } }
    changes { operation key changedFields row { title status version } previous { title status } }
  }
}
`,
    headers: '{ "Authorization": "Bearer " }',
  },
  {
    query: `# 4. What there is, and then every change of it. After a break, give the last cursor as \`after\`.
subscription Board($after: SyncCursor) {
  watchTasks(where: { status: { ne: DONE } }, after: $after) {
    cursor
    reset
    upToDate
    changes { operation key row { title status } }
  }
}
`,
    headers: '{ "Authorization": "Bearer " }',
  },
  {
    query: `# 5. Create a task in one of your workspaces (take its id from the second tab).
mutation CreateTask($workspaceId: ID!) {
  createTask(input: { workspaceId: $workspaceId, title: "Hello from GraphiQL" }) {
    ... on CreateTaskPayload { transactionId task { id title status } }
    ... on UserError { code message }
  }
}
`,
    variables: '{ "workspaceId": "" }',
    headers: '{ "Authorization": "Bearer " }',
  },
];
