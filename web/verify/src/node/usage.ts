/** A command line that can't be run; `usage` says how it should be. */
export class Usage extends Error {
  readonly usage: string;

  constructor(message: string, usage: string) {
    super(message);
    this.usage = usage;
  }
}

/** A file that can't be what it was given as. */
export class Unreadable extends Error {}

/** Control characters of hostile texts never reach the terminal. */
export const safe = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
