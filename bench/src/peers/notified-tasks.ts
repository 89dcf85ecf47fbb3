import { connect } from '../connect.ts';

/** The type of the task that peers with a schema tell: what `createNotifyTable` puts into a payload. */
export const taskTypeDefs = /* GraphQL */ `
  type Query {
    hello: String
  }
  type Task {
    id: ID!
    title: String!
    status: String!
    version: Int!
  }
`;

/** Calls with the payload of each NOTIFY: a task as JSON. */
export async function listenToTasks(
  { databaseUrl, channel }: { readonly databaseUrl: string; readonly channel: string },
  onTask: (payload: string) => void,
): Promise<void> {
  const listener = await connect(databaseUrl);
  listener.on('notification', ({ payload = '{}' }) => onTask(payload));
  await listener.query(`LISTEN ${channel}`);
}
