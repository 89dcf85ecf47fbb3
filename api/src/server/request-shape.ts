import { isAsyncIterable, type Plugin, processRegularResult } from 'graphql-yoga';
import { codedError } from '../errors.ts';

const answerTypes = ['application/json', 'application/graphql-response+json', 'text/event-stream', 'multipart/mixed'];
const bodyType = /^application\/(graphql\+)?json *(;|,|$)/i;

/**
 * Refuses, before anything is executed, requests that Yoga would answer without a word, or execute although they are no JSON: with
 * 400, 406 or 415. What it refuses by itself createErrorCoder gives a code.
 */
export const refuseOtherShapes: Plugin = {
  onRequestParse({ request, requestParser, setRequestParser }) {
    const { method, headers } = request;
    if (!isAnswerable(headers.get('accept') || '*/*'))
      throw refusal(406, `Accept has to name one of ${answerTypes.join(', ')}.`);
    if (method === 'POST' && !bodyType.test(headers.get('content-type') ?? ''))
      throw refusal(415, 'The body has to be JSON, sent as application/json.');
    if (method !== 'GET' || requestParser === undefined) return;
    setRequestParser(async (sent) => {
      try {
        return await requestParser(sent);
      } catch {
        throw refusal(400, 'The parameters `variables` and `extensions` have to be JSON.');
      }
    });
  },
  /** Yoga has found nothing in Accept that it can write this result as. */
  onResultProcess({ result, resultProcessor, setResult, setResultProcessor }) {
    if (resultProcessor !== undefined) return;
    if (isAsyncIterable(result)) {
      void result[Symbol.asyncIterator]().return?.();
      setResult({ errors: [refusal(406, 'A subscription is answered as text/event-stream: Accept has to name it.')] });
    }
    setResultProcessor(processRegularResult, 'application/json');
  },
};

function isAnswerable(accept: string): boolean {
  return accept.split(',').some((range) => {
    const asked = range.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    return asked === '*/*' || answerTypes.some((type) => asked === type || asked === `${type.split('/', 1)[0]}/*`);
  });
}

function refusal(status: number, message: string) {
  return codedError('BAD_USER_INPUT', message, { http: { status } });
}
