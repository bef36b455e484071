using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Studio.Engine.Training.Annotating;
using Studio.Engine.Video;

namespace Studio.Cli;

/// <summary>What <c>data vico</c> and <c>data longvid</c> have in common: options, captioner and writer, progress and summary.</summary>
internal sealed class AnnotationOptions
{
    private const string EndpointPrefix = "endpoint:";
    private const string Who = "model (the one --model names) or endpoint:NAME, a model of an OpenAI-compatible endpoint";

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly Argument<string> _videos = new("VIDEO-FOLDER") { Description = "Videos, also in its sub-folders." };
    private readonly Option<string> _out = new("--out") { Description = "Folder of the annotations; started again with it, a run goes on where it stopped.", Required = true };
    private readonly Option<string> _captioner = new("--captioner") { Description = $"Who describes clips: {Who}.", DefaultValueFactory = _ => "model" };
    private readonly Option<string> _writer = new("--writer") { Description = $"Who turns captions into events and questions: {Who}.", DefaultValueFactory = _ => "model" };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Another seed chooses other videos, sections and questions.", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _count = new("--videos") { Description = "Videos taken at most, chosen by the seed.", DefaultValueFactory = _ => AnnotationSettings.MaxVideos };
    private readonly Option<double> _clip;
    private readonly Option<double> _section;
    private readonly Option<int> _sections = new("--sections") { Description = "Sections taken of one video at most, chosen by the seed.", DefaultValueFactory = _ => 4 };
    private readonly Option<int> _frames = new("--frames", "-n") { Description = "Frames that the captioner sees of a clip.", DefaultValueFactory = _ => 8 };
    private readonly Option<int> _side = new("--side") { Description = "Longest side of a frame sent to an endpoint, pixels.", DefaultValueFactory = _ => 448 };
    private readonly Option<int> _questions;
    private readonly Option<string?> _kinds;
    private readonly Option<int> _jobs = new("--jobs", "-j") { Description = "Requests at once.", DefaultValueFactory = _ => 2 };
    private readonly Option<int> _tokens = new("--max-tokens") { Description = "Longest answer of captioner and writer, tokens.", DefaultValueFactory = _ => 2048 };
    private readonly Option<double> _timeout = new("--timeout") { Description = "Longest wait for an endpoint's answer, seconds.", DefaultValueFactory = _ => 120 };
    private readonly Option<int> _attempts = new("--attempts") { Description = "Attempts at an endpoint's answer; waits double in between.", DefaultValueFactory = _ => 5 };
    private readonly Option<bool> _asJson = new("--json") { Description = "Print the summary as one JSON object." };
    private readonly ModelOptions _model = new();

    public AnnotationOptions(Command command, IReadOnlyList<string> kinds, double clipSeconds, double sectionSeconds, int questions)
    {
        _clip = new("--clip-seconds") { Description = "Length of a clip.", DefaultValueFactory = _ => clipSeconds };
        _section = new("--section-seconds") { Description = "Length of the parts that longer videos are cut into.", DefaultValueFactory = _ => sectionSeconds };
        _questions = new("--questions") { Description = "Questions about a section at most.", DefaultValueFactory = _ => questions };
        _kinds = new("--kinds") { Description = $"Kinds of questions, separated by commas (default: all): {string.Join(", ", kinds)}." };
        command.Add(_videos);
        foreach (var option in new Option[] { _out, _captioner, _writer, _seed, _count, _clip, _section, _sections, _frames, _side, _questions, _kinds, _jobs, _tokens, _timeout, _attempts, _asJson }) command.Add(option);
        _model.AddTo(command);
    }

    /// <summary>Makes the annotations and prints what came of it; exit code 3 when something failed and should be tried again.</summary>
    public async Task<int> RunAsync(Terminal console, IAnnotationTask task, ParseResult parse, CancellationToken ct)
    {
        var settings = Settings(parse, task);
        settings.Validate(task.Kinds); // before a model is loaded
        var tools = MediaTools.Locate();
        var disposables = new List<IDisposable>(); // at most four
        try
        {
            var model = new Lazy<ModelAnnotator>(() => Load(console, parse, disposables));
            ICaptioner captioner = Endpoint(parse, _captioner, "CAPTIONER", disposables) is { } seeing ? new EndpointCaptioner(seeing, tools, parse.GetValue(_side)) : model.Value;
            IAnnotationWriter writer = Endpoint(parse, _writer, "WRITER", disposables) is { } writing ? new EndpointWriter(writing) : model.Value;
            var maker = new AnnotationMaker(parse.GetValue(_videos)!, parse.GetValue(_out)!, task, captioner, writer, tools);
            var watch = Stopwatch.StartNew();
            var summary = await maker.MakeAsync(settings, p => console.Progress(Line(p, watch.Elapsed)), ct);
            console.ClearProgress();
            Print(console, summary, maker, parse.GetValue(_asJson));
            return summary.Failed == 0 ? ExitCodes.Ok : ExitCodes.CheckFailed;
        }
        finally
        {
            foreach (var one in disposables.AsEnumerable().Reverse()) one.Dispose();
        }
    }

    private AnnotationSettings Settings(ParseResult parse, IAnnotationTask task) => new()
    {
        Seed = parse.GetValue(_seed),
        Videos = parse.GetValue(_count),
        ClipSeconds = parse.GetValue(_clip),
        SectionSeconds = parse.GetValue(_section),
        Sections = parse.GetValue(_sections),
        Frames = parse.GetValue(_frames),
        Questions = parse.GetValue(_questions),
        Kinds = parse.GetValue(_kinds)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? task.Kinds,
        Jobs = parse.GetValue(_jobs),
    };

    private EndpointClient? Endpoint(ParseResult parse, Option<string> option, string role, List<IDisposable> disposables)
    {
        var who = parse.GetValue(option)!;
        if (who == "model") return null;
        if (!who.StartsWith(EndpointPrefix, StringComparison.Ordinal) || who.Length == EndpointPrefix.Length) throw new ArgumentException($"{option.Name} {who}: give {Who}.");
        var client = new EndpointClient(EndpointOptions.FromEnvironment(role, who[EndpointPrefix.Length..], Environment.GetEnvironmentVariable) with
        {
            MaxTokens = parse.GetValue(_tokens),
            Timeout = TimeSpan.FromSeconds(Math.Clamp(parse.GetValue(_timeout), -1, 1e6)),
            MaxAttempts = parse.GetValue(_attempts),
        });
        disposables.Add(client);
        return client;
    }

    private ModelAnnotator Load(Terminal console, ParseResult parse, List<IDisposable> disposables)
    {
        var model = ModelLoader.Load(console, _model, parse);
        disposables.Add(model);
        var annotator = new ModelAnnotator(model, ModelLoader.Encoder(noDisk: true), parse.GetValue(_tokens)); // a clip is looked at once
        disposables.Add(annotator);
        return annotator;
    }

    private static string Line(AnnotationProgress p, TimeSpan elapsed)
    {
        var left = p.Asked == 0 ? "" : $", {elapsed / p.Done * (p.Sections - p.Done):hh\\:mm\\:ss} left";
        return string.Create(CultureInfo.InvariantCulture, $"{p.Done} of {p.Sections} sections, {p.Asked} answers ({p.Reused} kept, {p.Failed} failed){left}");
    }

    private static void Print(Terminal console, AnnotationSummary summary, AnnotationMaker maker, bool json)
    {
        var failed = $"{summary.Failed} failed; the reasons are in {maker.FailedPath}. Start again to try them anew.";
        if (json)
        {
            console.Output.WriteLine(JsonSerializer.Serialize(summary, s_json));
            if (summary.Failed > 0) console.Say(failed);
            return;
        }

        console.Output.WriteLine($"{summary.Records} records of {summary.Sections} sections in {summary.Videos} videos: {summary.File}");
        if (summary.ByKind.Count > 0) console.Output.WriteLine(string.Join(", ", summary.ByKind.Select(k => $"{k.Key} {k.Value}")));
        console.Output.WriteLine($"{summary.Asked} answers asked for, {summary.Reused} kept from before, {summary.LeftOut} left out on purpose");
        if (summary.Failed > 0) console.Say(failed);
    }
}
