using Studio.Hosting;
using Xunit;

namespace Studio.Tests.Hosting;

/// <summary>The README's table of settings is the table in the code.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void Settings_AreThoseOfTheCode()
    {
        var lines = File.ReadAllLines(Path.Combine(Checkout(), "README.md")).SkipWhile(l => l != "<!-- settings -->").Skip(2).TakeWhile(l => l.Length > 0);
        var defaults = new StudioOptions { DataFolder = "data", RootFolder = "." };
        string[] expected =
        [
            "| option | variable | default | meaning |",
            "| --- | --- | --- | --- |",
            .. StudioSettings.All.Select(s => $"| `--{s.Name}` | `{s.Variable}` | {(s.Show(defaults) is { Length: > 0 } shown ? shown : "none")} | {s.Description} |"),
        ];
        Assert.Equal(expected, lines);
    }

    internal static string Checkout()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Studio.sln"))) return at.FullName;
        }

        throw new DirectoryNotFoundException("the tests run from a checkout: no Studio.sln above them");
    }
}
