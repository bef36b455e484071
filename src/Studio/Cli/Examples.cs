using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Studio.Cli;

/// <summary>Prints a command's examples, or those of the command it belongs to, below its help; lists of commands show the first line of each description only.</summary>
internal sealed class Examples(SynchronousCommandLineAction help, IReadOnlyDictionary<Command, string[]> examples) : SynchronousCommandLineAction
{
    public static void Install(RootCommand root, IReadOnlyDictionary<Command, string[]> examples)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        option.Action = new Examples((SynchronousCommandLineAction)option.Action!, examples);
    }

    public override int Invoke(ParseResult parseResult)
    {
        var result = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command.Parents.Prepend(parseResult.CommandResult.Command).OfType<Command>().Select(examples.GetValueOrDefault).FirstOrDefault(l => l is not null) is { } lines)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var line in lines) output.WriteLine($"  {Terminal.ProgramName} {line}");
        }

        return result;
    }
}
