using System.ComponentModel;
using System.Diagnostics;

namespace Studio.Benchmarks.Machine;

/// <summary>What became of asking a program something.</summary>
public enum ToolState
{
    /// <summary>Not on the path.</summary>
    Missing,

    /// <summary>Exit status 0.</summary>
    Works,

    /// <summary>Another exit status, or no answer in time.</summary>
    Fails,
}

/// <param name="Text">Standard output where it works, else what went wrong.</param>
public sealed record ToolAnswer(ToolState State, string Text)
{
    public static readonly ToolAnswer Missing = new(ToolState.Missing, "");

    /// <summary>The first line that says something.</summary>
    public string FirstLine => Text.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 0) ?? "";
}

/// <summary>Runs a short-lived program under a time limit, with bounded output.</summary>
public static class ProcessRunner
{
    /// <summary>Characters kept of each output stream; the rest is read and dropped, so that the program never blocks.</summary>
    public const int MaxOutput = 64 * 1024;

    public static ToolAnswer Run(string program, IReadOnlyList<string> arguments, TimeSpan limit)
    {
        using var process = new Process { StartInfo = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true } };
        try
        {
            _ = process.Start();
        }
        catch (Win32Exception)
        {
            return ToolAnswer.Missing; // also: not executable, which is as good as missing
        }

        process.StandardInput.Close();
        var (output, errors) = (ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        // The streams count too: a child that inherits them can outlive the program itself.
        if (!process.WaitForExit(limit) || !Task.WaitAll([output, errors], limit))
        {
            try
            {
                process.Kill(entireProcessTree: true);
            }
            catch (InvalidOperationException)
            {
                // It ended between the two lines.
            }

            return new(ToolState.Fails, $"{program} did not answer within {limit.TotalSeconds:0.#} s");
        }

        if (process.ExitCode == 0) return new(ToolState.Works, output.Result);
        var said = new ToolAnswer(ToolState.Fails, errors.Result + "\n" + output.Result).FirstLine;
        return new(ToolState.Fails, $"{program} ended with status {process.ExitCode}{(said.Length > 0 ? $": {said}" : "")}");
    }

    private static async Task<string> ReadAsync(StreamReader reader)
    {
        var (buffer, kept) = (new char[4096], new System.Text.StringBuilder());
        while (await reader.ReadAsync(buffer).ConfigureAwait(false) is var n and > 0)
        {
            _ = kept.Append(buffer, 0, Math.Min(n, MaxOutput - kept.Length));
        }

        return kept.ToString();
    }
}
