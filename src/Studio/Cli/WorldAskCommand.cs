using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Studio.Benchmarks.Exams;

namespace Studio.Cli;

/// <summary><c>world ask FOLDER</c>: a model answers the questions of a folder that <c>world make</c> filled.</summary>
internal static class WorldAskCommand
{
    public static Command Create(Terminal console)
    {
        var folder = new Argument<string>("FOLDER") { Description = "Filled by world make." };
        var record = new Option<string?>("--record") { Description = "File of the answers (default: one for each model and setting, in FOLDER/answers). Started again, the exam goes on there." };
        var blind = new Option<bool>("--blind") { Description = "Ask without the videos: what the questions alone give away." };
        var limit = new Option<int>("--limit") { Description = "Questions at most, from the first.", DefaultValueFactory = _ => WorldExam.MaxQuestions };
        var by = new Option<string>("--by") { Description = "Rows of the table: kind, form, length, or kind-form.", DefaultValueFactory = _ => "kind" };
        _ = by.AcceptOnlyFromAmong("kind", "form", "length", "kind-form");
        var json = new Option<bool>("--json") { Description = "Print the rows as one JSON object." };
        var (model, media, generation) = (new ModelOptions(), new MediaOptions(), new GenerationOptions());
        var command = new Command("ask", "Asks a model those questions and marks its answers.") { folder, record, blind, limit, by, json };
        model.AddTo(command);
        media.AddTo(command);
        generation.AddTo(command);
        command.SetAction((parse, ct) => Task.Run(() =>
        {
            using var loaded = ModelLoader.Load(console, model, parse);
            var answer = generation.Apply(parse, media.Apply(parse, new()));
            var settings = new ExamSettings { Ask = answer.For(loaded, trace: false), IsBlind = parse.GetValue(blind), Limit = parse.GetValue(limit) };
            var path = parse.GetValue(record) ?? Path.Combine(parse.GetValue(folder)!, "answers", Name(loaded.Name, answer, settings.IsBlind));
            var exam = new WorldExam(parse.GetValue(folder)!, loaded, ModelLoader.Encoder(noDisk: true), TimeProvider.System);
            var (done, right) = (0, 0);
            var answers = exam.Run(settings, path, (a, of) =>
            {
                (done, right) = (done + 1, right + (a.IsRight == true ? 1 : 0));
                console.Progress(string.Create(CultureInfo.InvariantCulture, $"question {a.Line + 1} of {of}, {right} of {done} right"));
            }, ct);
            console.ClearProgress();
            Func<ExamAnswer, string> group = parse.GetValue(by) switch
            {
                "form" => a => a.Form,
                "length" => a => string.Create(CultureInfo.InvariantCulture, $"{a.Seconds:0} s"),
                "kind-form" => a => $"{a.Kind}, {a.Form}",
                _ => a => a.Kind,
            };
            var rows = ExamReport.Rows(answers, group);
            if (parse.GetValue(json)) console.Output.WriteLine(JsonSerializer.Serialize(new { model = loaded.Name, record = path, rows = rows.Select(r => new { r.Name, r.Questions, r.Right, r.Unasked, r.Chance }) }, JsonSerializerOptions.Web));
            else console.Output.Write(ExamReport.Table(rows, parse.GetValue(by)!));
            console.Say($"answers in {path}");
            return ExitCodes.Ok;
        }, CancellationToken.None));
        return command;
    }

    /// <summary>A file name that two settings do not share.</summary>
    private static string Name(string model, Conversations.AnswerSettings settings, bool isBlind)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(settings);
        return $"{model}-{(isBlind ? "blind-" : "")}{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(text))[..12]}.jsonl";
    }
}
