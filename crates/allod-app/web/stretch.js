// A worker for one task: makes the key of a backup in the app's own code, away from the page, answers with it, and is ended.
import { stretch } from "/app.js";

addEventListener("message", (event) => postMessage(stretch(event.data)));
postMessage("ready");
