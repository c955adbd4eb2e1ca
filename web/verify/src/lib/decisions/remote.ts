import type { Bytes } from "../bytes";
import { LocalDecider, type Answer, type Decider } from "./decider";

/**
 * Decisions recomputed in another thread, which is ended where it takes too long: Cedar always comes to an end, but an emitter can
 * write policies and inputs for which that is tomorrow, and WebAssembly can't be interrupted from inside.
 */

/** Another thread that runs {@link serveDecisions}. */
export interface Thread {
  post(message: Ask): void;
  end(): void;
}

/** Starts a thread; what it answers, or that it failed, is told to the two functions. */
export type StartThread = (answered: (reply: Reply) => void, failed: () => void) => Thread;

export interface Ask {
  /** The engine, with the thread's first question. */
  readonly engine: Bytes | undefined;
  readonly digest: string;
  /** The policy bundle, with the first question about it. */
  readonly sealed: Bytes | undefined;
  readonly input: Bytes;
}

export type Reply = Answer | "failed";

/** Milliseconds that one question may take; the first one compiles the engine. */
const LONGEST = 20_000;
/** Threads that are ended for one verification before no more is asked. */
const MOST_ENDED = 3;
/** Milliseconds that a decision takes at most as a rule, and that all may take beyond this together before no more is asked. */
const USUAL = 100;
const MOST_BEYOND = 60_000;

export class RemoteDecider implements Decider {
  readonly #start: StartThread;
  readonly #longest: number;
  readonly #given = new Set<string>();
  readonly #hopeless = new Set<string>();
  readonly #local = new LocalDecider();
  #thread: Thread | undefined;
  #engine: Bytes | undefined;
  #answered: ((reply: Reply) => void) | undefined;
  #ended = 0;
  #answers = 0;
  #beyond = 0;

  constructor(start: StartThread, longest = LONGEST) {
    this.#start = start;
    this.#longest = longest;
  }

  async decide(engine: Bytes, policy: { readonly digest: string; readonly sealed: Bytes }, input: Bytes): Promise<Answer> {
    if (this.#ended >= MOST_ENDED || this.#beyond > MOST_BEYOND || this.#hopeless.has(policy.digest)) return { whyNot: "engine-gave-up" };
    if (engine !== this.#engine) this.end();
    this.#engine = engine;
    const began = performance.now(), reply = await this.#ask(engine, policy, input);
    this.#beyond += Math.max(0, performance.now() - began - USUAL);
    if (reply !== "failed") {
      this.#answers++;
      return reply;
    }
    this.end();
    // A browser that has no threads for this page has none from the start.
    if (this.#answers === 0 && this.#ended === 0) return this.#local.decide(engine, policy, input);
    return { whyNot: "engine-gave-up" };
  }

  #ask(engine: Bytes, { digest, sealed }: { readonly digest: string; readonly sealed: Bytes }, input: Bytes): Promise<Reply> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#ended++;
        this.#hopeless.add(digest);
        this.end();
        resolve({ whyNot: "engine-gave-up" });
      }, this.#longest);
      this.#answered = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
      let thread = this.#thread;
      try {
        const made: Thread = (thread ??= this.#start((reply) => made === this.#thread && this.#answered?.(reply), () => made === this.#thread && this.#answered?.("failed")));
        const first = this.#thread === undefined;
        this.#thread = made;
        made.post({ engine: first ? engine : undefined, digest, sealed: this.#given.has(digest) ? undefined : sealed, input });
        this.#given.add(digest);
      } catch {
        this.#answered("failed");
      }
    });
  }

  /** Ends the thread; another question starts one anew. */
  end(): void {
    this.#thread?.end();
    this.#thread = undefined;
    this.#given.clear();
  }
}

/** What a thread does: answers questions, one after another. */
export function serveDecisions(answer: (reply: Reply) => void): (question: Ask) => Promise<void> {
  const decider = new LocalDecider(), policies = new Map<string, Bytes>();
  let engine: Bytes | undefined;
  return async (question) => {
    engine = question.engine ?? engine;
    if (question.sealed) policies.set(question.digest, question.sealed);
    answer(await decider.decide(engine!, { digest: question.digest, sealed: policies.get(question.digest)! }, question.input));
  };
}
