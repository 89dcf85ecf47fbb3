import { createHmac } from 'node:crypto';
import { testJwtSecret } from '@sync-hub/dev/hub';

/** The same access token with another expiry, signed as the test hub signs: settings allow no token under five minutes. */
export function withExpiry(accessToken: string, expiresAt: Date): string {
  const [header = '', payload = ''] = accessToken.split('.');
  const exp = Math.floor(expiresAt.getTime() / 1_000);
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), exp, iat: exp - 600 };
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', testJwtSecret).update(signed).digest('base64url')}`;
}
