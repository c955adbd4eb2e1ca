import { RemoteDecider, serveDecisions, type Ask, type Reply, type StartThread } from "../lib/decisions/remote";
import { VerifySession, type Answer, type Question, type WorkerCode } from "./session";

// Runs in a Web Worker made from a blob of this code: verification never blocks the page. A second worker of the same code
// recomputes policy decisions; it can be ended where it does not come to an end.
const DECIDER = "decider";
// Told by the page before all else: a worker of a page from disk may not read the blob that it was made from.
let code = "";

const start: StartThread = (answered, failed) => {
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { name: DECIDER });
  worker.addEventListener("message", (event: MessageEvent<Reply>) => answered(event.data));
  worker.addEventListener("error", failed);
  return { post: (message) => worker.postMessage(message), end: () => worker.terminate() };
};

if (self.name === DECIDER) {
  const serve = serveDecisions((reply) => self.postMessage(reply));
  self.addEventListener("message", (event: MessageEvent<Ask>) => void serve(event.data));
} else {
  const session = new VerifySession((answer: Answer) => self.postMessage(answer), new RemoteDecider(start));
  self.addEventListener("message", (event: MessageEvent<Question | WorkerCode>) => {
    if (event.data.kind === "code") code = event.data.code;
    else void session.ask(event.data);
  });
}
