using System.CommandLine;
using Studio.Engine.Training.Annotating;

namespace Studio.Cli;

/// <summary><c>data vico VIDEO-FOLDER</c>: questions about the order of events, as Video-XL's VICO.</summary>
internal static class VicoCommand
{
    private const int DefaultQuestions = 5;

    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "data vico films --out annotations --captioner endpoint:my-vlm --writer endpoint:my-llm",
        "data vico films --out annotations --model flash-mini --kinds order,first,last --videos 100",
    ];

    public static Command Create(Terminal console)
    {
        var noBlind = new Option<bool>("--no-blind") { Description = "Keep questions that the writer answers without the video." };
        var command = new Command("vico", "Makes questions about the order of events: clips, captions, events that belong to one clip, their order confirmed, questions. Goes on where it stopped; exit code 3 if something failed.") { noBlind };
        var options = new AnnotationOptions(command, new VicoTask().Kinds, VicoTask.DefaultClipSeconds, VicoTask.DefaultSectionSeconds, DefaultQuestions);
        command.SetAction((parse, ct) => options.RunAsync(console, new VicoTask(blind: !parse.GetValue(noBlind)), parse, ct));
        return command;
    }
}
