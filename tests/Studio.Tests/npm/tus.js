// Uploads a file with tus-js-client as any Node program would. Arguments: one JSON object. Prints one JSON line at the end.
import { createReadStream, readFileSync, statSync } from "node:fs";
import { createHash } from "node:crypto";
import * as tus from "tus-js-client";

const { endpoint, user, file, storage, chunkSize, retryDelays = [0, 100, 300, 1000, 3000], checksum, damageFirst, stopAt } = JSON.parse(process.argv[2]);
const size = statSync(file).size;
const requests = [];
let damaged = false;

const finish = (result) => console.log(JSON.stringify({ requests, ...result }));

const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  chunkSize: chunkSize ?? Infinity,
  retryDelays,
  uploadSize: size,
  headers: { "Test-User": user },
  metadata: { filename: file.split("/").at(-1), filetype: "video/mp4" },
  urlStorage: new tus.FileUrlStorage(storage),
  storeFingerprintForResuming: true,
  onBeforeRequest(request) {
    if (!checksum || request.getMethod() !== "PATCH") return;
    const from = Number(request.getHeader("Upload-Offset"));
    const chunk = readFileSync(file).subarray(from, from + (chunkSize ?? size));
    const sum = createHash(checksum).update(damageFirst && !damaged ? Buffer.from("other bytes") : chunk).digest("base64");
    damaged = true;
    request.setHeader("Upload-Checksum", `${checksum} ${sum}`);
  },
  onAfterResponse(request, response) {
    requests.push({ method: request.getMethod(), status: response.getStatus(), offset: Number(request.getHeader("Upload-Offset") ?? -1) });
  },
  onShouldRetry(error) {
    const status = error.originalResponse?.getStatus() ?? 0;
    return status === 0 || status === 409 || status === 423 || status === 460 || status >= 500;
  },
  onProgress(sent) {
    if (stopAt && sent >= stopAt) upload.abort().then(() => { finish({ stopped: upload.url }); process.exit(0); });
  },
  onError: (error) => finish({ error: error.message, status: error.originalResponse?.getStatus() ?? 0, body: error.originalResponse?.getBody() ?? "" }),
  onSuccess: ({ lastResponse }) => finish({ url: upload.url, video: lastResponse.getHeader("Studio-Video") }),
});

const previous = await upload.findPreviousUploads();
if (previous.length > 0) upload.resumeFromPreviousUpload(previous[0]);
upload.start();
