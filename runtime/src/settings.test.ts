import { describe, expect, test } from '@jest/globals';
import { boolean, bytes, integer, list, oneOf, port, text, url } from './setting-kinds.ts';
import { describeSettings, readSettings, SettingsError, type SettingsSpec } from './settings.ts';

const spec = {
  DATABASE_URL: url({ protocols: ['postgres:'], doc: 'The database.' }),
  PORT: port({ default: 4000, doc: 'The port.' }),
  POLL_MS: integer({ default: 250, min: 10, max: 60_000, unit: 'ms', doc: 'How often to poll.' }),
  FRAME_BYTES: bytes({ default: 256 * 1024, doc: 'The largest frame.' }),
  SSL: boolean({ default: false, doc: 'Whether to use TLS.' }),
  MODE: oneOf(['fast', 'safe'], { default: 'safe', doc: 'How to run.' }),
  BROKERS: list({ default: [], each: { form: /^\w+:\d+$/, name: 'host:port' }, doc: 'Where to connect.' }),
  SECRET: text({ minBytes: 32, doc: 'Signs tokens.' }),
  NOTE: text({ optional: true, doc: 'Anything.' }),
};
const right = { DATABASE_URL: 'postgres://u:p@h:1/d', SECRET: 's'.repeat(32) };

test('settings that are not set have their defaults, and those that are set have their own types', () => {
  expect(readSettings(spec, right)).toEqual({
    ...right,
    PORT: 4000,
    POLL_MS: 250,
    FRAME_BYTES: 262_144,
    SSL: false,
    MODE: 'safe',
    BROKERS: [],
    NOTE: undefined,
  });
  const set = { PORT: '0', FRAME_BYTES: '4 MiB', SSL: 'true', BROKERS: 'a:1, b:2', NOTE: ' hello ', MODE: 'fast' };
  expect(readSettings(spec, { ...right, ...set })).toMatchObject({
    PORT: 0,
    FRAME_BYTES: 4_194_304,
    SSL: true,
    BROKERS: ['a:1', 'b:2'],
    NOTE: 'hello',
    MODE: 'fast',
  });
});

test('an empty variable counts as unset', () => {
  expect(readSettings(spec, { ...right, PORT: '', NOTE: '  ' })).toMatchObject({ PORT: 4000, NOTE: undefined });
  expect(() => readSettings(spec, { ...right, SECRET: '' })).toThrow('SECRET must be set: Signs tokens.');
});

test('one message names every variable that is wrong, and repeats no secret', () => {
  const env = {
    DATABASE_URL: 'mysql://root:hunter2@h/d',
    PORT: '99999',
    POLL_MS: '5',
    FRAME_BYTES: '4 megabytes',
    SSL: 'yes',
    MODE: 'quick',
    BROKERS: 'a:1,b',
    SECRET: 'hunter2',
  };
  const message = messageOf(() => readSettings(spec, env));
  expect(message).toBe(
    `8 settings are wrong (see .env.example):
  DATABASE_URL must be a URL that starts with postgres://
  PORT must be a whole number from 0 to 65535, not '99999'
  POLL_MS must be a whole number from 10 to 60000 (ms), not '5'
  FRAME_BYTES must be an amount from 1 to 1024GiB, such as '4MiB', not '4 megabytes'
  SSL must be true or false, not 'yes'
  MODE must be one of fast, safe, not 'quick'
  BROKERS must be a comma-separated list, each host:port; 'b' is not
  SECRET must be at least 32 bytes long, and has 7
`,
  );
});

test.each(['1e3', '0x10', '1.5', '12abc', 'Infinity', '--1', '99999999999999999'])(
  '%s is not a whole number',
  (value) => {
    expect(() => readSettings(spec, { ...right, POLL_MS: value })).toThrow('POLL_MS must be a whole number');
  },
);

test('rules between settings are asked when each is right by itself', () => {
  const check = ({ PORT }: { PORT: number }) => (PORT === 1 ? ['PORT must not be 1 today'] : []);
  expect(() => readSettings(spec, { ...right, PORT: '1' }, check)).toThrow('PORT must not be 1 today');
  expect(messageOf(() => readSettings(spec, { PORT: '1' }, check))).not.toContain('today');
  expect(readSettings(spec, { ...right, PORT: '2' }, check).PORT).toBe(2);
});

test('settings cannot be changed after they were read', () => {
  expect(Object.isFrozen(readSettings(spec, right))).toBe(true);
});

describe('.env.example', () => {
  const linesOf = (one: SettingsSpec) => describeSettings(one);

  test('tells what each setting means, its unit and its default', () => {
    expect(linesOf({ POLL_MS: spec.POLL_MS })).toEqual([
      '# How often to poll. Unit: ms. Default: 250.',
      '#POLL_MS=250',
      '',
    ]);
    expect(linesOf({ FRAME_BYTES: spec.FRAME_BYTES })).toEqual([
      '# The largest frame. Default: 256KiB.',
      '#FRAME_BYTES=256KiB',
      '',
    ]);
    expect(linesOf({ NOTE: spec.NOTE })).toEqual(['# Anything. Unset by default.', '#NOTE=', '']);
    expect(linesOf({ SECRET: spec.SECRET })).toEqual(['# Signs tokens. Must be set.', 'SECRET=', '']);
  });

  test('a default written there means the same when it is read back', () => {
    const env = Object.fromEntries(
      linesOf(spec).flatMap((line) => {
        const [, name, value] = /^#(\w+)=(.*)$/.exec(line) ?? [];
        return name === undefined ? [] : [[name, value]];
      }),
    );
    expect(readSettings(spec, { ...right, ...env })).toEqual(readSettings(spec, right));
  });
});

function messageOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error('nothing was wrong');
}
