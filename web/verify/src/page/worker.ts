import type { Bytes } from "../lib/bytes";
import { VerifySession, type Answer, type Question } from "./session";

// Runs in a Web Worker made from a blob of this code: verification never blocks the page.
const session = new VerifySession((answer: Answer) => self.postMessage(answer));
self.addEventListener("message", (event: MessageEvent<Question>) => void session.ask(event.data));
export type { Bytes };
