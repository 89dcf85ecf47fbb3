type Write = (fields: object, message: string) => void;

/** The part of a pino logger that a stream writes to. */
export interface StreamLog {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}
