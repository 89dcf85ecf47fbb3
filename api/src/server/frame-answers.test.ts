import { describe, expect, test } from '@jest/globals';
import { GraphQLObjectType, GraphQLSchema, GraphQLString, parse } from 'graphql';
import type { Authority } from '../authority/authority.ts';
import type { Frame } from '../feed/frame.ts';
import type { FrameEvent } from '../feed/frame-queue.ts';
import { standingMark } from '../feed/shared-frame.ts';
import type { Context } from '../model/context.ts';
import { createErrorCoder } from './coded-errors.ts';
import { FrameAnswers } from './frame-answers.ts';

const frameType = new GraphQLObjectType<Frame, Context>({
  name: 'Frame',
  fields: {
    cursor: { type: GraphQLString, resolve: ({ cursor }) => cursor },
    title: { type: GraphQLString, resolve: () => 'é€😀' },
    viewer: { type: GraphQLString, resolve: async (_, __, { authority }) => (await authority()).viewerId },
    memberOf: {
      type: GraphQLString,
      resolve: async (_, __, { authority }) => [...(await authority()).memberships.keys()].join(),
    },
    loaded: {
      type: GraphQLString,
      resolve: async (_, __, context) => {
        const { memberships } = await context.authority();
        await whileLoading?.();
        whileLoading = null;
        return memberships.has('home') ? 'what is in it' : 'nothing';
      },
    },
    isFrame: { type: GraphQLString, resolve: (_, __, { isFrame }) => `${isFrame}` },
    broken: {
      type: GraphQLString,
      resolve() {
        throw new Error('a secret');
      },
    },
  },
});
/** What happens between reading what the viewer may read and reading it, once. */
let whileLoading: (() => void) | null = null;
const schema = new GraphQLSchema({
  query: frameType,
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      frames: {
        type: frameType,
        resolve: (event: FrameEvent) => ('frame' in event ? event.frame : null),
      },
    },
  }),
});
const frame: Frame = { cursor: `place.${standingMark}`, reset: false, upToDate: true, transaction: null, changes: [] };
const authorityOf = (viewerId: string): Authority => ({
  viewerId,
  isAdmin: false,
  memberships: new Map(),
  sharesWorkspaceWith: () => false,
});

function answersTo(text: string, { variables = {}, operationName = null as string | null } = {}) {
  const logged: object[] = [];
  const codeError = createErrorCoder({ log: { error: (fields) => logged.push(fields) }, suggestions: false });
  const memberships: object[] = [];
  let isAway = false;
  const query = async () => {
    if (isAway) throw new Error('timeout exceeded');
    return [{ viewerRole: 'MEMBER', viewerMembers: [...memberships] }];
  };
  const before = async () => authorityOf('whoever asks');
  const contextValue = { viewer: { userId: 'whoever asks' }, authority: before, services: { query } };
  const operation = {
    schema,
    document: parse(text),
    variableValues: variables,
    operationName,
    contextValue: contextValue as unknown as Context,
  };
  return {
    logged,
    answers: new FrameAnswers(operation, codeError),
    join: (workspaceId: string) => void memberships.push({ id: 'm', version: 1, workspaceId, role: 'EDITOR' }),
    leaveAll: () => void memberships.splice(0),
    goAway: () => {
      isAway = true;
    },
  };
}
/** As a client reads it. */
const payloadOf = (end: string) =>
  (JSON.parse(`{"id":"1"${Buffer.from(end, 'latin1').toString()}`) as { payload: { data: unknown; errors?: unknown } })
    .payload;

describe('the answer to a frame', () => {
  test('is executed as one: what its subscription asks for was counted when that began', () => {
    const { answers } = answersTo('subscription { frames { isFrame } }');
    expect(payloadOf(answers.write(frame) as string)).toEqual({ data: { frames: { isFrame: 'true' } } });
  });

  test('is the rest of a `next` message, at once when nothing has to be waited for', () => {
    const { answers } = answersTo('subscription { frames { title } }');
    expect(answers.write(frame)).not.toBeInstanceOf(Promise);
    expect(payloadOf(answers.write(frame) as string)).toEqual({ data: { frames: { title: 'é€😀' } } });
  });

  test('for a group has a gap wherever the client asks for its cursor, also twice and under other names', async () => {
    const { answers } = answersTo('subscription { frames { title a: cursor b: cursor } }');
    const pieces = await answers.writeShared(frame, authorityOf('ada'));
    expect(pieces).toHaveLength(3);
    expect(payloadOf(pieces.join('mine'))).toEqual({
      data: { frames: { title: 'é€😀', a: 'place.mine', b: 'place.mine' } },
    });
    const without = answersTo('subscription { frames { title } }').answers;
    expect(await without.writeShared(frame, authorityOf('ada'))).toHaveLength(1);
  });

  test('for a group is read with what all of it may read, one’s own with what its viewer may', async () => {
    const { answers } = answersTo('subscription { frames { viewer } }');
    expect(payloadOf((await answers.writeShared(frame, authorityOf('the group'))).join(''))).toEqual({
      data: { frames: { viewer: 'the group' } },
    });
    expect(payloadOf(await answers.write(frame))).toEqual({ data: { frames: { viewer: 'whoever asks' } } });
  });

  test('of one’s own is read with what its viewer may read by then, not when another frame was answered', async () => {
    const { answers, join } = answersTo('subscription { frames { memberOf } }');
    for (const workspaceId of ['home', 'elsewhere']) {
      join(workspaceId);
      const { data } = payloadOf(await answers.write(frame));
      expect(data).toEqual({ frames: { memberOf: expect.stringContaining(workspaceId) } });
    }
  });

  test('of one’s own is executed again when its viewer lost what it was loaded by: it may have been written after', async () => {
    const { answers, join, leaveAll } = answersTo('subscription { frames { loaded } }');
    join('home');
    expect(payloadOf(await answers.write(frame)).data).toEqual({ frames: { loaded: 'what is in it' } });
    whileLoading = leaveAll;
    expect(payloadOf(await answers.write(frame)).data).toEqual({ frames: { loaded: 'nothing' } });
  });

  test('of one’s own is an error when it cannot be known whether its viewer lost that', async () => {
    const { answers, join, goAway } = answersTo('subscription { frames { loaded } }');
    join('home');
    whileLoading = goAway;
    const { data, errors } = payloadOf(await answers.write(frame));
    expect(data).toEqual({ frames: { loaded: null } });
    expect(errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE' } }]);
  });

  test('is what its own variables and operation say', async () => {
    const text = `
      subscription A($no: Boolean = false) { frames { title @include(if: $no) viewer @skip(if: $no) } }
      subscription B { frames { title } }`;
    const data = async (asked: Parameters<typeof answersTo>[1]) =>
      payloadOf((await answersTo(text, asked).answers.writeShared(frame, authorityOf('ada'))).join('')).data;
    expect(await data({ operationName: 'A' })).toEqual({ frames: { viewer: 'ada' } });
    expect(await data({ operationName: 'A', variables: { no: true } })).toEqual({ frames: { title: 'é€😀' } });
    expect(await data({ operationName: 'B' })).toEqual({ frames: { title: 'é€😀' } });
  });

  test('of a field that fails holds all others, with a coded error that tells nothing; logged once for the group', async () => {
    const { answers, logged } = answersTo('subscription { frames { cursor broken } }');
    const pieces = await answers.writeShared(frame, authorityOf('ada'));
    const { data, errors } = payloadOf(pieces.join('mine'));
    expect(data).toEqual({ frames: { cursor: 'place.mine', broken: null } });
    expect(errors).toMatchObject([{ path: ['frames', 'broken'], extensions: { code: 'INTERNAL' } }]);
    expect(JSON.stringify(errors)).not.toContain('secret');
    expect(logged).toHaveLength(1);
  });

  test('of what cannot be executed at all is an error too', async () => {
    const { answers } = answersTo('subscription ($given: Boolean!) { frames { title @skip(if: $given) } }');
    expect(payloadOf(await answers.write(frame)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });
});
