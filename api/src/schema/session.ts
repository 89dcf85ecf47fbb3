import { admin, anyOf, nobody, own } from '../authority/rules.ts';
import { dateTime, reference, text } from '../model/field.ts';
import { defineModel } from '../model/model.ts';

/** One sign-in of a user, on one device. It is made by signing in and ended by revoking it. */
export const session = defineModel({
  name: 'Session',
  // `sessions` is the viewer's own, all of them, with the live ones first: sessions.ts.
  plural: 'allSessions',
  watch: 'watchSessions',
  table: 'sessions',
  description: 'One sign-in of a user, on one device.',
  fields: {
    userId: reference('User', { filter: true }),
    userAgent: text({ nullable: true, max: 256 }),
    expiresAt: dateTime({ filter: true, order: true }),
    revokedAt: dateTime({ nullable: true, filter: true }),
  },
  policy: {
    read: anyOf(own('userId'), admin),
    create: nobody,
    update: nobody,
    delete: anyOf(own('userId'), admin),
  },
  mutations: [],
});
