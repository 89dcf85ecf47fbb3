import type { Grant } from '../auth/grant.ts';
import type { ModelTypes } from '../model/add-model.ts';
import { builder } from '../model/builder.ts';
import { type Context, signedInViewer } from '../model/context.ts';
import { readIdOf, writeGlobalId } from '../model/global-id.ts';
import { rowFromFields } from '../model/record-row.ts';
import {
  addResultUnion,
  BadCredentialsErrorType,
  ConflictErrorType,
  NotFoundErrorType,
  RateLimitedErrorType,
  ValidationErrorType,
} from '../model/result-union.ts';
import { personal } from '../model/selection.ts';
import { session } from './session.ts';
import { user } from './user.ts';

const signUpInput = builder.inputType('SignUpInput', {
  fields: (t) => ({
    email: t.string({ required: true }),
    name: t.string({ required: true }),
    password: t.string({ required: true, description: '12 to 200 characters.' }),
  }),
});
const signInInput = builder.inputType('SignInInput', {
  fields: (t) => ({ email: t.string({ required: true }), password: t.string({ required: true }) }),
});
const refreshSessionInput = builder.inputType('RefreshSessionInput', {
  fields: (t) => ({ refreshToken: t.string({ required: true }) }),
});
const revokeSessionInput = builder.inputType('RevokeSessionInput', {
  fields: (t) => ({ id: t.id({ required: true }) }),
});
const changePasswordInput = builder.inputType('ChangePasswordInput', {
  fields: (t) => ({ currentPassword: t.string({ required: true }), newPassword: t.string({ required: true }) }),
});

/** `me`, `sessions` and the mutations that open, renew and end sessions. */
export function addSessions(types: { readonly user: ModelTypes; readonly session: ModelTypes }): void {
  builder.objectField(types.session.row, 'current', (t) =>
    t.boolean({
      nullable: false,
      description: 'Whether it is the session that asks. (This field depends on the viewer.)',
      extensions: personal,
      resolve: (row, _, { viewer }) => row['current'] === true || row['id'] === viewer?.sessionId,
    }),
  );
  builder.queryField('me', (t) =>
    t.field({
      type: types.user.row,
      nullable: true,
      resolve: (_, __, context) => context.rows.visible(user, signedInViewer(context).userId),
    }),
  );
  builder.queryField('sessions', (t) =>
    t.field({
      type: [types.session.row],
      nullable: { list: true, items: false },
      description: "The viewer's own, live ones first.",
      resolve: async (_, __, context) => {
        const sessions = await context.services.sessions.list(signedInViewer(context));
        return sessions.map((found) => rowFromFields(session, found));
      },
    }),
  );
  addOpening(types);
  addEnding();
}

function addOpening(types: { readonly user: ModelTypes; readonly session: ModelTypes }) {
  const AuthPayload = builder.objectRef<Grant>('AuthPayload').implement({
    fields: (t) => ({
      accessToken: t.string({ nullable: false, resolve: (grant) => grant.accessToken }),
      accessTokenExpiresAt: t.field({
        type: 'DateTime',
        nullable: false,
        resolve: (grant) => grant.accessTokenExpiresAt,
      }),
      refreshToken: t.string({ nullable: false, resolve: (grant) => grant.refreshToken }),
      user: t.field({ type: types.user.row, nullable: false, resolve: (grant) => rowFromFields(user, grant.user) }),
      session: t.field({
        type: types.session.row,
        nullable: false,
        // Whoever just signed in has no viewer yet: this session is his.
        resolve: (grant) => ({ ...rowFromFields(session, grant.session), current: true }),
      }),
    }),
  });
  const signUp = addResultUnion('SignUpResult', AuthPayload, [
    ValidationErrorType,
    ConflictErrorType,
    RateLimitedErrorType,
  ]);
  const signIn = addResultUnion('SignInResult', AuthPayload, [BadCredentialsErrorType, RateLimitedErrorType]);
  const refresh = addResultUnion('RefreshSessionResult', AuthPayload, [BadCredentialsErrorType, RateLimitedErrorType]);
  const changePassword = addResultUnion('ChangePasswordResult', AuthPayload, [
    ValidationErrorType,
    BadCredentialsErrorType,
    RateLimitedErrorType,
  ]);

  builder.mutationFields((t) => ({
    signUp: t.field({
      type: signUp.union,
      args: { input: t.arg({ type: signUpInput, required: true }) },
      resolve: (_, { input }, { services, client }) => signUp.answer(() => services.sessions.signUp(input, client)),
    }),
    signIn: t.field({
      type: signIn.union,
      args: { input: t.arg({ type: signInInput, required: true }) },
      resolve: (_, { input }, { services, client }) => signIn.answer(() => services.sessions.signIn(input, client)),
    }),
    refreshSession: t.field({
      type: refresh.union,
      args: { input: t.arg({ type: refreshSessionInput, required: true }) },
      resolve: (_, { input }, { services, client }) =>
        refresh.answer(() => services.sessions.refresh(input.refreshToken, client)),
    }),
    changePassword: t.field({
      type: changePassword.union,
      description: 'Ends every other session.',
      args: { input: t.arg({ type: changePasswordInput, required: true }) },
      resolve: (_, { input }, context) => {
        const viewer = signedInViewer(context);
        const { services, client } = context;
        return changePassword.answer(() => services.sessions.changePassword(viewer, input, client));
      },
    }),
  }));
}

function addEnding() {
  const sessionId = (id: string) => writeGlobalId('Session', id);
  const SignOutPayload = builder.objectRef<{ id: string }>('SignOutPayload').implement({
    fields: (t) => ({ sessionId: t.id({ nullable: false, resolve: ({ id }) => sessionId(id) }) }),
  });
  const RevokeSessionPayload = builder.objectRef<{ id: string }>('RevokeSessionPayload').implement({
    fields: (t) => ({ sessionId: t.id({ nullable: false, resolve: ({ id }) => sessionId(id) }) }),
  });
  const RevokeOtherSessionsPayload = builder.objectRef<{ ids: string[] }>('RevokeOtherSessionsPayload').implement({
    fields: (t) => ({ sessionIds: t.idList({ nullable: false, resolve: ({ ids }) => ids.map(sessionId) }) }),
  });
  const signOut = addResultUnion('SignOutResult', SignOutPayload, []);
  const revoke = addResultUnion('RevokeSessionResult', RevokeSessionPayload, [NotFoundErrorType]);
  const revokeOthers = addResultUnion('RevokeOtherSessionsResult', RevokeOtherSessionsPayload, []);

  builder.mutationFields((t) => ({
    signOut: t.field({
      type: signOut.union,
      resolve: (_, __, context) => signOut.answer(() => endOwn(context)),
    }),
    revokeSession: t.field({
      type: revoke.union,
      args: { input: t.arg({ type: revokeSessionInput, required: true }) },
      resolve: (_, { input }, context) =>
        revoke.answer(async () => {
          const id = readIdOf('Session', input.id);
          await context.services.sessions.revoke(signedInViewer(context), id);
          return { id };
        }),
    }),
    revokeOtherSessions: t.field({
      type: revokeOthers.union,
      resolve: (_, __, context) =>
        revokeOthers.answer(async () => ({
          ids: await context.services.sessions.revokeOthers(signedInViewer(context)),
        })),
    }),
  }));

  async function endOwn(context: Context) {
    const viewer = signedInViewer(context);
    await context.services.sessions.signOut(viewer);
    return { id: viewer.sessionId };
  }
}
