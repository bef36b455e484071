using System.CommandLine;
using System.Text.RegularExpressions;
using Studio.Api;
using Studio.Engine.Checkpoints;
using Studio.Engine.Checkpoints.Hub;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.Training.Annotating;
using Studio.Engine.Video;

namespace Studio.Cli;

/// <summary>
/// The command line: <c>studio NOUN [VERB]</c>. Data goes to standard output, progress and messages to standard error.
/// </summary>
internal static partial class CommandLine
{
    /// <summary>Parses and runs, without arguments the server; never throws.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, TextReader input, string? data = null)
    {
        StudioPaths.Use(data);
        var console = new Terminal(output, error, input);
        var root = Root(console);
        var parsed = root.Parse(args.Length == 0 ? ["serve"] : args);
        if (parsed.Errors.Count > 0 && parsed.Action is not Examples) // help is shown whatever is missing
        {
            foreach (var problem in parsed.Errors) await error.WriteLineAsync($"error: {problem.Message}");
            await error.WriteLineAsync($"Try: {Terminal.ProgramName} {CommandPath(parsed)}--help");
            return ExitCodes.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = ListensToSignals(parsed.CommandResult.Command) ? null : TimeSpan.FromSeconds(2),
            });
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("cancelled");
            return ExitCodes.Cancelled;
        }
        catch (Exception e) when (Explain(e) is { } message)
        {
            await error.WriteLineAsync($"error: {message}");
            return ExitCodes.BadInput;
        }
        catch (Exception e)
        {
            await error.WriteLineAsync($"internal error, please report it: {e}");
            return ExitCodes.Internal;
        }
    }

    internal static RootCommand Root(Terminal console)
    {
        var root = new RootCommand("Studio: long video with multimodal language models. Ask a video a question, see what compression keeps, measure what it costs.");
        (Command Command, string[] Samples)[] commands =
        [
            (ServeCommand.Create(console), ServeCommand.Samples),
            (ChatCommand.Create(console), ChatCommand.Samples),
            (PlanCommand.Create(console), PlanCommand.Samples),
            (VideosCommand.Create(console), VideosCommand.Samples),
            (ConversationsCommand.Create(console), ConversationsCommand.Samples),
            (TraceCommand.Create(console), TraceCommand.Samples),
            (ModelsCommand.Create(console), ModelsCommand.Samples),
            (TrainCommand.Create(console), TrainCommand.Samples),
            (DataCommand.Create(console), DataCommand.Samples),
            (WorldCommand.Create(console), WorldCommand.Samples),
            (AccountsCommand.Create(console), AccountsCommand.Samples),
            (VerifyCommand.Create(console), VerifyCommand.Samples),
            (EvalCommand.Create(console), EvalCommand.Samples),
            (BenchCommand.Create(console), BenchCommand.Samples),
            (DoctorCommand.Create(console), DoctorCommand.Samples),
        ];
        foreach (var (command, _) in commands) root.Add(command);
        Examples.Install(root, commands.ToDictionary(c => c.Command, c => c.Samples));
        return root;
    }

    /// <summary>The message of a failure that the user can mend; null for ours.</summary>
    internal static string? Explain(Exception e) => e switch
    {
        TypeInitializationException { InnerException: { } inner } => Explain(inner),
        AggregateException { InnerExceptions.Count: 1 } a => Explain(a.InnerExceptions[0]),
        RequestException or MediaException or CheckpointException or ModelStoreException or HubException or TorchException or TrainingException or AnnotatorException or ArgumentException or InvalidOperationException
            or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException or IOException or InvalidDataException
            or NotSupportedException or HttpRequestException or System.Text.Json.JsonException or TimeoutException => Plain(e.Message),
        _ => null,
    };

    /// <summary>Without the name of a parameter, which is the program's own; the value that was given is told once.</summary>
    private static string Plain(string message) => ActualValue().Replace(ParameterName().Replace(message, ""), m =>
        m.Groups["before"].Value + (m.Groups["before"].Value.Contains(m.Groups["value"].Value, StringComparison.Ordinal) ? "" : $" ({m.Groups["value"].Value} was given)"));

    [GeneratedRegex(@" \(Parameter '[^']*'\)", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();

    [GeneratedRegex(@"\A(?<before>.*?)\r?\nActual value was (?<value>.*?)\.(?=\s|\z)", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex ActualValue();

    /// <summary>A training ends at the next good place, however long that takes; other commands are cut short.</summary>
    private static bool ListensToSignals(Command command) => command.Name == TrainCommand.Name && command.Parents.All(p => p is RootCommand);

    /// <summary>The names of the sub-commands that were reached, each followed by a space.</summary>
    private static string CommandPath(ParseResult parsed)
    {
        var path = "";
        for (var at = parsed.CommandResult; at.Parent is System.CommandLine.Parsing.CommandResult parent; at = parent) path = $"{at.Command.Name} {path}";
        return path;
    }
}
