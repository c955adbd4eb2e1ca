import { Malformed, type Bytes } from "../bytes";
import { CedarInstance, compileCedar, EngineFailure, type CedarModule } from "./cedar";
import { conclude, failed, type Decided } from "./conclusion";
import { readInput, type DecisionInput } from "./input";
import { readPolicyBundle, type PolicyBundle } from "./policy-bundle";
import { POLICIES, question, Refused, SCHEMA } from "./question";

/** What recomputing a decision gave: the decision, or why there is none. */
export type Answer = { readonly decided: Decided } | { readonly whyNot: "policy-unusable" | "engine-gave-up" };

/** Recomputes decisions. The engine's bytes are those of a digest that the verifier knows. */
export interface Decider {
  decide(engine: Bytes, policy: { readonly digest: string; readonly sealed: Bytes }, input: Bytes): Promise<Answer>;
}

/** Policy bundles that are held ready at once: an instance of the engine takes megabytes. */
const MOST_READY = 8;

interface Ready {
  readonly bundle: PolicyBundle;
  readonly instance: CedarInstance;
}

/** Recomputes decisions where it stands. A call to the engine is not interrupted: it ends when the engine has answered. */
export class LocalDecider implements Decider {
  readonly #modules = new Map<Bytes, Promise<CedarModule>>();
  readonly #ready = new Map<string, Ready | undefined>();

  async decide(engine: Bytes, policy: { readonly digest: string; readonly sealed: Bytes }, input: Bytes): Promise<Answer> {
    let module = this.#modules.get(engine);
    if (!module) this.#modules.set(engine, (module = compileCedar(engine)));
    try {
      const ready = await this.#open(await module, policy);
      return ready ? { decided: decide(ready, input) } : { whyNot: "policy-unusable" };
    } catch (error) {
      if (!(error instanceof EngineFailure)) throw error;
      // Nobody knows what state a failed call left; the next decision gets a fresh instance.
      this.#ready.delete(policy.digest);
      return { whyNot: "engine-gave-up" };
    }
  }

  async #open(cedar: CedarModule, policy: { readonly digest: string; readonly sealed: Bytes }): Promise<Ready | undefined> {
    if (this.#ready.has(policy.digest)) return this.#ready.get(policy.digest);
    const oldest = this.#ready.keys().next();
    if (this.#ready.size >= MOST_READY && !oldest.done) this.#ready.delete(oldest.value);
    const ready = await open(cedar, policy.sealed);
    this.#ready.set(policy.digest, ready);
    return ready;
  }
}

/** Undefined for what is no policy bundle that could have been used. */
async function open(cedar: CedarModule, sealed: Bytes): Promise<Ready | undefined> {
  let bundle: PolicyBundle;
  try {
    bundle = readPolicyBundle(sealed, await CedarInstance.create(cedar.module), cedar.version);
  } catch (error) {
    // An engine that gives up on reading it can't have decided by it either.
    if (error instanceof Malformed || error instanceof EngineFailure) return undefined;
    throw error;
  }
  const instance = await CedarInstance.create(cedar.module);
  prepare(instance, "preparseSchema", SCHEMA, JSON.stringify(bundle.schema));
  const policies = Object.fromEntries([...bundle.policies.values()].map(({ id, text }) => [id, text]));
  prepare(instance, "preparsePolicySet", POLICIES, JSON.stringify({ staticPolicies: policies }));
  return { bundle, instance };
}

function prepare(instance: CedarInstance, name: string, as: string, json: string): void {
  if ((JSON.parse(instance.call(name, json, as)) as { type: string }).type !== "success") throw new EngineFailure(`the engine did not take what it had read: ${name}`);
}

function decide({ bundle, instance }: Ready, bytes: Bytes): Decided {
  let input: DecisionInput;
  try {
    input = readInput(bytes);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return failed(bundle, ["the input is no decision's input document (docs/spec/policy-bundle.md §5)"]);
  }
  if (input.refused !== undefined) return failed(bundle, [input.refused]);
  if (!bundle.actions.has(input.type)) return failed(bundle, [`the bundle's schema has no action ${input.type}`]);
  let asked: string;
  try {
    asked = question(bundle, input);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return failed(bundle, [error.message]);
  }
  return conclude(bundle, input, instance.call("statefulIsAuthorized", asked));
}
