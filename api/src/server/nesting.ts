import { Lexer, Source, TokenKind } from 'graphql';
import { codedError } from '../errors.ts';

/** Levels of brackets, objects and lists. What is worth asking has a fifth of it; what overflows the stack has a hundred times as many. */
export const maxNesting = 100;

const opening = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * Refuses a document before it is parsed, which takes some of the stack for each level of it.
 *
 * @param maxTokens  what comes after so many will not be parsed.
 * @throws BAD_USER_INPUT, or a syntax error.
 */
export function refuseDeepDocument(source: string | Source, maxTokens: number) {
  const lexer = new Lexer(typeof source === 'string' ? new Source(source) : source);
  let depth = 0;
  for (let count = 0; count < maxTokens && lexer.advance().kind !== TokenKind.EOF; count += 1) {
    const { kind } = lexer.token;
    if (opening.has(kind)) depth += 1;
    else if (closing.has(kind)) depth -= 1;
    if (depth > maxNesting) throw tooDeep('document');
  }
}

/** @throws BAD_USER_INPUT */
export function refuseDeepVariables(variables: unknown) {
  if (isDeeperThan(maxNesting, variables)) throw tooDeep('variables');
}

/** Goes no deeper than that itself. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

function tooDeep(what: 'document' | 'variables') {
  return codedError('BAD_USER_INPUT', `The ${what} may be nested ${maxNesting} levels deep, no deeper.`);
}
