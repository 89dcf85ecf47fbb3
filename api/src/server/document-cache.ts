import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';

/** What a parsed document holds for each of its tokens: 280 to 300 were measured. */
const bytesPerToken = 320;
/** Of its text: two a character at most, and it is held twice, as key and as source. */
const bytesPerCharacter = 4;

export interface DocumentCache {
  get(text: string): DocumentNode | undefined;
  set(text: string, document: DocumentNode): void;
  forget(document: DocumentNode): void;
  /** What it holds, roughly. */
  readonly bytes: number;
}

/**
 * What is kept of the documents that clients send, so that each is parsed and validated once. Whoever sends ever new ones
 * pushes out those that were not asked for the longest. (Yoga's own keeps a thousand of any size, which would be
 * gigabytes.)
 *
 * Only what follows from the text is kept. What an operation costs depends on its variables, and is counted each time it
 * runs.
 *
 * @param maxBytes  a document of more than a sixteenth of it is not kept, or a few would push out all others.
 */
export function createDocumentCache(maxBytes: number): DocumentCache {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: maxBytes,
    maxEntrySize: Math.floor(maxBytes / 16),
    sizeCalculation: (document, text) =>
      Math.max(text.length * bytesPerCharacter + (document.tokenCount ?? 0) * bytesPerToken, 1),
  });
  return {
    get bytes() {
      return documents.calculatedSize;
    },
    get: (text) => documents.get(text),
    set: (text, document) => void documents.set(text, document),
    forget(document) {
      const text = document.loc?.source.body;
      if (text !== undefined && documents.peek(text) === document) documents.delete(text);
    },
  };
}

/**
 * Has Yoga keep documents in this cache, and tells those of them that it has found valid. What is not valid is not kept: its
 * errors, up to a hundred of 5 KB each, would hang on to it, and no client means to send it again.
 */
export function cacheDocuments(documents: DocumentCache) {
  const valid = new WeakSet<DocumentNode>();
  const noteValidity: Plugin = {
    onValidate:
      ({ params: { documentAST } }) =>
      ({ valid: isValid }) => {
        if (isValid) valid.add(documentAST);
        else documents.forget(documentAST);
      },
  };
  const known = (text: string) => {
    const document = documents.get(text);
    return document !== undefined && valid.has(document) ? document : undefined;
  };
  const errorCache = { get: () => undefined, set: () => {} };
  return { parserAndValidationCache: { documentCache: documents, errorCache }, noteValidity, known };
}
