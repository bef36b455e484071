// The official client against a running studio: node client.mjs BASE_URL VIDEO_ID PICTURE. Prints "ok NAME" for each check.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import OpenAI from "openai";

const [base, videoId, picture] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${base}v1`, apiKey: "any", maxRetries: 0 });
const model = "tiny-random";
const image = `data:image/png;base64,${(await readFile(picture)).toString("base64")}`;
const about = (...urls) => [
  { role: "system", content: "Be brief." },
  { role: "user", content: [
    ...urls.map((url) => url.startsWith("video:") ? { type: "video_url", video_url: { url } } : { type: "image_url", image_url: { url } }),
    { type: "text", text: "What happens?" },
  ] },
];
const small = { model, max_tokens: 8, studio: { frames: 8 } };

const checks = {
  async models() {
    const list = await client.models.list();
    assert.ok(list.data.some((m) => m.id === model && m.object === "model"));
    assert.equal((await client.models.retrieve(model)).id, model);
    await assert.rejects(client.models.retrieve("none"), (e) => e instanceof OpenAI.NotFoundError && e.code === "model_not_found");
  },

  async text() {
    const answer = await client.chat.completions.create({ model, max_completion_tokens: 3, messages: [{ role: "user", content: "Hello" }] });
    assert.match(answer.id, /^chatcmpl-/);
    assert.equal(answer.choices.length, 1);
    assert.equal(answer.choices[0].message.role, "assistant");
    assert.ok(answer.choices[0].message.content.length > 0);
    assert.equal(answer.choices[0].finish_reason, "length");
    assert.equal(answer.usage.completion_tokens, 3);
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + 3);
  },

  async videoAndImage() {
    const answer = await client.chat.completions.create({ ...small, messages: about(`video:${videoId}`, image) });
    const { measures } = answer.studio;
    assert.equal(measures.visualTokens, 128 + 192); // 8 frames, and the picture in three views
    assert.equal(answer.usage.prompt_tokens, measures.visualTokens + measures.textTokens);
    const again = await client.chat.completions.create({ ...small, messages: about(`video:${videoId}`, image) });
    assert.equal(again.choices[0].message.content, answer.choices[0].message.content);
    assert.ok(again.usage.prompt_tokens_details.cached_tokens > 128);
  },

  async stream() {
    const request = { ...small, messages: about(`video:${videoId}`) };
    const whole = (await client.chat.completions.create(request)).choices[0].message.content;
    const stream = await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } });
    let text = "", reason, usage, role;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      role ??= chunk.choices[0]?.delta.role;
      reason ??= chunk.choices[0]?.finish_reason;
      usage ??= chunk.usage;
    }
    assert.equal(text.trimEnd(), whole);
    assert.equal(role, "assistant");
    assert.equal(reason, "length");
    assert.equal(usage.completion_tokens, 8);
  },

  async helperStream() {
    const stream = client.chat.completions.stream({ ...small, messages: about(`video:${videoId}`) });
    assert.ok((await stream.finalContent()).length > 0);
  },

  async compression() {
    const [full, less] = await Promise.all(["off", "uniform:2,4:1,0.5,0.25"].map((compress) =>
      client.chat.completions.create({ ...small, messages: about(`video:${videoId}`), studio: { frames: 8, compress } })));
    assert.deepEqual(full.studio.measures.stageTokens, [128]);
    assert.deepEqual(less.studio.measures.stageTokens, [128, 64, 32]);
    assert.ok(less.studio.measures.kvBytes < full.studio.measures.kvBytes);
  },

  async history() {
    const first = await client.chat.completions.create({ ...small, messages: about(`video:${videoId}`) });
    const second = await client.chat.completions.create({ ...small, messages: [...about(`video:${videoId}`), first.choices[0].message, { role: "user", content: "And then?" }] });
    assert.ok(second.usage.prompt_tokens > first.usage.prompt_tokens);
    assert.ok(second.usage.prompt_tokens_details.cached_tokens >= 128);
  },

  async sampling() {
    const ask = async (seed) => (await client.chat.completions.create({ ...small, temperature: 1.5, top_p: 0.95, seed, messages: about(`video:${videoId}`) })).choices[0].message.content;
    assert.equal(await ask(7), await ask(7));
    assert.notEqual(await ask(7), await ask(8));
  },

  async stop() {
    const request = { ...small, max_tokens: 24, messages: about(`video:${videoId}`) };
    const whole = (await client.chat.completions.create(request)).choices[0].message.content;
    const characters = [...whole], stop = characters.find((c, i) => i > 0 && !characters.slice(0, i).includes(c) && c.trim());
    const expected = whole.slice(0, whole.indexOf(stop)).trimEnd();
    const cut = await client.chat.completions.create({ ...request, stop: [stop] });
    assert.deepEqual([cut.choices[0].message.content, cut.choices[0].finish_reason], [expected, "stop"]);
    let streamed = "";
    for await (const chunk of await client.chat.completions.create({ ...request, stop, stream: true })) streamed += chunk.choices[0].delta.content ?? "";
    assert.equal(streamed.trimEnd(), expected);
  },

  async trace() {
    const answer = await client.chat.completions.create({ ...small, messages: about(`video:${videoId}`), studio: { frames: 8, trace: true } });
    const trace = await (await fetch(new URL(answer.studio.trace.url, base))).json();
    assert.equal(trace.media[0].tokens, 128);
    const conversation = await (await fetch(new URL(`/api/v1/conversations/${answer.studio.conversationId}`, base))).json();
    assert.deepEqual(conversation.messages.map((m) => m.text), ["What happens?", answer.choices[0].message.content]);
    assert.equal(conversation.messages[0].media[0].videoId, videoId);
  },

  async errors() {
    const refused = async (change, param, code, type = OpenAI.BadRequestError) =>
      assert.rejects(client.chat.completions.create({ ...small, messages: about(`video:${videoId}`), ...change }), (e) => {
        assert.ok(e instanceof type, e.constructor.name);
        assert.deepEqual([e.param, e.code], [param, code], e.message);
        return true;
      });
    await refused({ n: 2 }, "n", "unsupported_value");
    await refused({ tools: [{ type: "function", function: { name: "f" } }] }, "tools", "unsupported_value");
    await refused({ model: "gpt-x" }, "model", "model_not_found", OpenAI.NotFoundError);
    await refused({ messages: [] }, "messages", "invalid_value");
    await refused({ temperature: -1 }, "studio", "invalid_value");
    await refused({ studio: { framez: 8 } }, "studio.framez", "invalid_value");
    await refused({ studio: { compress: "uniform:99:1,0.5" } }, "studio.compress", "invalid_value");
    await refused({ messages: about("https://example.org/a.png") }, "messages[1].content[0].image_url", "unsupported_url");
    await refused({ messages: about("/etc/passwd") }, "messages[1].content[0].image_url", "unsupported_url");
    await refused({ messages: about("data:image/png;base64,####") }, "messages[1].content[0].image_url", "invalid_data_url");
    await refused({ messages: about(`data:image/png;base64,${btoa("no picture at all")}`) }, "messages", "answer_failed");
    await refused({ messages: about("video:00000000000000000000000000000000") }, "messages[1].content[0].video_url", "video_not_found", OpenAI.NotFoundError);
  },

  async abort() {
    const stop = new AbortController();
    const stream = await client.chat.completions.create({ ...small, max_tokens: 20000, messages: about(`video:${videoId}`), stream: true }, { signal: stop.signal });
    for await (const chunk of stream) {
      if (chunk.choices[0].delta.content) break;
    }
    stop.abort();
    for (let i = 0; ; i++) {
      if ((await (await fetch(new URL("/api/v1/queue", base))).json()).entries.length === 0) break;
      assert.ok(i < 500, "the answer of a client that went away still runs");
      await new Promise((done) => setTimeout(done, 20));
    }
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check();
  console.log(`ok ${name}`);
}
