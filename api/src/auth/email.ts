/** RFC 5321, section 4.5.3.1, less the angle brackets of a path. */
const maxEmailLength = 254;
const maxLocalPartLength = 64;

/**
 * What browsers take for `<input type="email">`, in lower case, with a dot in the domain.
 *
 * ASCII alone: there JavaScript's and Postgres's lower() agree under every locale (the column is checked against
 * `lower(email)`), and no two addresses look alike.
 *
 * @see https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
 */
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const email = new RegExp(`^[a-z0-9.!#$%&'*+/=?^_\`{|}~-]{1,${maxLocalPartLength}}@${label}(?:\\.${label})+$`);

export const emailHint =
  'is not an e-mail address that can be used here: name@example.com, in ASCII, at most 254 characters.';

/** The e-mail as it is stored and compared: without spaces around it, in lower case. Null when it is not one. */
export function parseEmail(text: string): string | null {
  const trimmed = text.length > 2 * maxEmailLength ? '' : text.trim();
  // Before lowering: U+212A (the Kelvin sign) is not ASCII, but its lower case is.
  const lowered = ascii.test(trimmed) ? trimmed.toLowerCase() : '';
  return lowered.length <= maxEmailLength && email.test(lowered) ? lowered : null;
}

const ascii = /^[\x21-\x7e]*$/;
