using Studio.Hosting;
using Xunit;

namespace Studio.Tests.Hosting;

public sealed class StudioSettingsTests
{
    private static readonly StudioOptions s_defaults = new() { DataFolder = "data", RootFolder = "root" };

    [Fact]
    public void CommandLine_GoesBeforeVariable_GoesBeforeDefault()
    {
        var options = Read(new() { ["STUDIO_PORT"] = "1000", ["STUDIO_HOST"] = "0.0.0.0", ["STUDIO_IMPORT_FOLDER"] = "/a, /b", ["STUDIO_DATA"] = "/d" }, new() { ["port"] = ["2000"] });
        Assert.Equal((2000, "0.0.0.0", s_defaults.Device), (options.Port, options.Host, options.Device));
        Assert.Equal(["/a", "/b"], options.ImportFolders);
        Assert.Equal((SettingSource.CommandLine, SettingSource.Environment, SettingSource.Default, SettingSource.Environment), (
            options.Sources["port"], options.Sources["host"], options.Sources.GetValueOrDefault("device"), options.Sources["data"]));
    }

    [Theory]
    [InlineData("port", "x", "'x'")]
    [InlineData("port", "70000", "65535")]
    [InlineData("accounts", "maybe", "auto, on, off")]
    [InlineData("max-upload", "lots", "no size")]
    [InlineData("max-upload", "-5", "no size")]
    [InlineData("user-quota", "5 parsecs", "no size")]
    [InlineData("max-video-hours", "0", "0.001")]
    [InlineData("requests-per-minute", "0", "from 1")]
    [InlineData("results", "Host=h;Passwort=x", "Host=…")]
    [InlineData("log", "yaml", "text, json")]
    [InlineData("log-level", "loud", "trace")]
    public void UnusableValue_IsNamed_WithWhereItCameFrom(string name, string value, string named)
    {
        var setting = StudioSettings.All.Single(s => s.Name == name);
        var error = Assert.Throws<ArgumentException>(() => Read(new() { [setting.Variable] = value }, []));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(setting.Variable, error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => Read([], new() { [name] = [value] }));
        Assert.StartsWith($"--{name}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1048576", 1048576)]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("1.5G", 3L << 29)]
    [InlineData("16 GiB", 16L << 30)]
    [InlineData("2TB", 2_000_000_000_000)]
    public void Sizes_AreReadAsPeopleWriteThem(string text, long expected) => Assert.Equal(expected, StudioSettings.Bytes(text));

    [Fact]
    public void EverySetting_ShownAndGivenAgain_IsTheSame()
    {
        foreach (var setting in StudioSettings.All)
        {
            var shown = setting.Show(s_defaults);
            if (shown is "none" or "the built-in one") continue;
            Assert.Equal((setting.Name, shown), (setting.Name, setting.Show(setting.Apply(s_defaults, [shown]))));
        }
    }

    [Fact]
    public void Results_AreShownWithoutTheirPassword()
    {
        var setting = StudioSettings.All.Single(s => s.Name == "results");
        var options = setting.Apply(s_defaults, ["Host=db;Database=evals;Username=ada;Password=s3cret"]);
        Assert.Equal("PostgreSQL database evals at db", setting.Show(options));
        Assert.Contains("s3cret", options.Results, StringComparison.Ordinal);
    }

    [Fact]
    public void TrustedProxies_AreAddressesOrNetworks()
    {
        (s_defaults with { TrustedProxies = ["10.0.0.0/8", "::1", "192.0.2.7"] }).Validate();
        Assert.Contains("'proxy.example'", Assert.Throws<ArgumentException>(() => (s_defaults with { TrustedProxies = ["proxy.example"] }).Validate()).Message, StringComparison.Ordinal);
    }

    private static StudioOptions Read(Dictionary<string, string> variables, Dictionary<string, IReadOnlyList<string>> given) =>
        StudioSettings.Read(s_defaults, name => variables.GetValueOrDefault(name), given);
}
