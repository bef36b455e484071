using System.CommandLine;
using Studio.Engine.Training.Annotating;

namespace Studio.Cli;

/// <summary><c>data longvid VIDEO-FOLDER</c>: questions about long videos, as VideoChat-Flash's LongVid.</summary>
internal static class LongVideoCommand
{
    private const int DefaultQuestions = 8;

    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "data longvid talks --out annotations --captioner endpoint:my-vlm --writer endpoint:my-llm --jobs 8",
        "data longvid talks --out annotations --captioner model --model flash-mini --writer endpoint:my-llm --kinds grounding,counting",
    ];

    public static Command Create(Terminal console)
    {
        var task = new LongVideoTask();
        var command = new Command("longvid", "Makes questions about long videos: dense captions, timed events, then description, grounding, relations and counting. Goes on where it stopped; exit code 3 if something failed.");
        var options = new AnnotationOptions(command, task.Kinds, LongVideoTask.DefaultClipSeconds, LongVideoTask.DefaultSectionSeconds, DefaultQuestions);
        command.SetAction((parse, ct) => options.RunAsync(console, task, parse, ct));
        return command;
    }
}
