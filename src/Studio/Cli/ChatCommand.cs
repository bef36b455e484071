using System.CommandLine;
using System.Globalization;
using Studio.Conversations;
using Studio.Engine.Chat;

namespace Studio.Cli;

/// <summary><c>chat VIDEO [QUESTION]</c>: one answer, or a conversation when no question is given.</summary>
internal static class ChatCommand
{
    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        """chat data/samples/cards.mp4 "Which number is on the card?" --stats""",
        """chat talk.mp4 "Who speaks at the end?" --start 3000 --fps 1 --compress balanced""",
        """chat a.mp4 "What differs?" --with b.mp4 --json --trace trace.json""",
    ];

    public static Command Create(Terminal console)
    {
        var video = new Argument<string>("VIDEO") { Description = "A video or image file." };
        var question = new Argument<string?>("QUESTION") { Description = "What to ask; without it, questions are read line by line.", Arity = ArgumentArity.ZeroOrOne };
        var with = new Option<string[]>("--with") { Description = "Further videos or images for the same question; may be repeated." };
        var system = new Option<string?>("--system") { Description = "The system line (default: the published one)." };
        var json = new Option<bool>("--json") { Description = "One JSON object an answer on standard output." };
        var trace = new Option<string?>("--trace") { Description = "Write the compression trace of the (last) answer to this file, as JSON." };
        var stats = new Option<bool>("--stats") { Description = "Print what was measured, on standard error." };
        var noCache = new Option<bool>("--no-cache") { Description = "Neither read nor write visual tokens on disk." };
        var (model, media, generation) = (new ModelOptions(), new MediaOptions(), new GenerationOptions());
        var command = new Command("chat", "Answers a question about a video.") { video, question, with, system, json, trace, stats, noCache };
        model.AddTo(command);
        media.AddTo(command);
        generation.AddTo(command);
        command.SetAction((parse, ct) => Task.Run(() =>
        {
            using var loaded = ModelLoader.Load(console, model, parse);
            using var conversation = new Conversation(loaded, ModelLoader.Encoder(parse.GetValue(noCache)), parse.GetValue(system) ?? Engine.Tokenization.ChatMl.DefaultSystem);
            conversation.Attach(parse.GetValue(video)!);
            foreach (var more in parse.GetValue(with) ?? []) conversation.Attach(more);
            var settings = generation.Apply(parse, media.Apply(parse, new())).For(loaded, trace: parse.GetValue(trace) is not null);
            var session = new Session(console, loaded.Name, conversation, settings, parse.GetValue(json), parse.GetValue(stats), parse.GetValue(trace));
            if (parse.GetValue(question) is { } asked) return session.Ask(asked, ct);
            return session.Talk(ct);
        }, CancellationToken.None));
        return command;
    }

    private sealed class Session(Terminal console, string model, Conversation conversation, AskSettings settings, bool json, bool stats, string? trace)
    {
        public int Ask(string question, CancellationToken ct)
        {
            var answer = conversation.Ask(question, settings, Show, ct);
            console.ClearProgress();
            if (json) console.Output.WriteLine(AnswerJson.Write(question, answer.Text, AnswerMeasures.From(model, settings, answer)));
            else console.Output.WriteLine();
            foreach (var warning in answer.Warnings) console.Say($"warning: {warning}");
            if (stats) console.Error.Write(AnswerText.Statistics(answer));
            if (trace is not null)
            {
                var temporary = trace + ".part";
                File.WriteAllText(temporary, answer.Trace!.ToJson());
                File.Move(temporary, trace, overwrite: true);
                console.Say($"trace written to {trace}");
            }

            return answer.StopReason == StopReason.Cancelled ? ExitCodes.Cancelled : ExitCodes.Ok;
        }

        public int Talk(CancellationToken ct)
        {
            console.Say("Ask about the video. /attach FILE adds another, /quit ends.");
            while (!ct.IsCancellationRequested)
            {
                if (console.IsInteractive) console.Error.Write("> ");
                var line = console.Input.ReadLine()?.Trim();
                if (line is null or "/quit" or "/exit") return ExitCodes.Ok;
                if (line.Length == 0) continue;
                try
                {
                    if (line.StartsWith("/attach ", StringComparison.Ordinal)) conversation.Attach(line[8..].Trim());
                    else if (line.StartsWith('/')) console.Say($"unknown command '{line.Split(' ')[0]}'; there are /attach FILE and /quit");
                    else if (Ask(line, ct) == ExitCodes.Cancelled) return ExitCodes.Cancelled;
                }
                catch (Exception e) when (e is not OperationCanceledException && CommandLine.Explain(e) is not null)
                {
                    console.Say($"error: {CommandLine.Explain(e)}"); // the conversation goes on as it was
                }
            }

            return ExitCodes.Cancelled;
        }

        private void Show(AnswerEvent e)
        {
            switch (e)
            {
                case AnswerEvent.Progress { Stage: "prefill" } p:
                    console.Progress(string.Create(CultureInfo.InvariantCulture, $"reading {p.Total} tokens"));
                    break;
                case AnswerEvent.Progress p:
                    console.Progress(string.Create(CultureInfo.InvariantCulture, $"{p.Name}: {p.Done} of {p.Total} frames"));
                    break;
                case AnswerEvent.Text text when !json:
                    console.ClearProgress();
                    console.Output.Write(text.Delta);
                    console.Output.Flush();
                    break;
            }
        }
    }
}
