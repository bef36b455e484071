// Sends chosen files of results to the API. A folder's files keep their folders; what no import reads stays here.
const kinds = /\.(jsonl?|zip)$/i;
const listed = 20; // runs that are named; the others are counted

let running = null;

export async function send(root) {
  const chosen = [...root.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
  const files = chosen.filter((file) => kinds.test(file.name));
  if (files.length === 0) return refused(chosen.length === 0 ? "Choose files or a folder first." : `“${chosen[0].name}” is no file of results; choose .json and .jsonl files, a .zip of them, or their folder.`);
  const form = new FormData();
  for (const file of files) form.append("files", file, file.webkitRelativePath || file.name);
  const stop = running = new AbortController();
  try {
    const answer = await fetch("/api/v1/eval/import", { method: "POST", body: form, signal: stop.signal });
    const body = await answer.json().catch(() => null);
    if (!answer.ok) return refused(body?.detail ?? body?.title ?? `The server answered with status ${answer.status}; try again.`);
    const runs = body.runs.map((r) => ({ id: r.run.id, task: r.run.task, model: r.run.model.slice(0, 100), samples: r.samples, wasThere: r.wasThere }));
    return { problem: null, added: runs.filter((r) => !r.wasThere).length, there: runs.filter((r) => r.wasThere).length, runs: runs.slice(0, listed) };
  } catch {
    return refused(stop.signal.aborted ? "Stopped. Runs that were read before are in the list." : "The connection broke, or a file was changed meanwhile; try again. What is in the database already stays as it is.");
  } finally {
    if (running === stop) running = null;
  }
}

export const stop = () => running?.abort();

const refused = (problem) => ({ problem, added: 0, there: 0, runs: [] });
