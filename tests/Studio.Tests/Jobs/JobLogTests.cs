using Studio.Jobs;
using Studio.Jobs.Running;
using Xunit;

namespace Studio.Tests.Jobs;

public sealed class JobLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("studio-job-log-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private JobLog Open(JobLimits? limits = null) => new(_folder, "job", limits ?? new(), TimeProvider.System);

    [Fact]
    public void Read_GivesTheLatestLines_AndSaysWhatIsMissing()
    {
        var log = Open();
        for (var i = 0; i < 10; i++) log.Add($"line {i}");
        Assert.Equal(["line 8", "line 9"], log.Read(2).Lines.Select(l => l[20..]));
        Assert.True(log.Read(2).IsCut);
        Assert.Equal((10, false), (Open().Read(100).Lines.Count, Open().Read(100).IsCut));
    }

    [Fact]
    public void Add_BeyondTheBound_DropsTheOldestLines()
    {
        var log = Open(new() { MaxLogBytes = 4000 });
        for (var i = 0; i < 500; i++) log.Add($"line {i}");
        Assert.InRange(Directory.GetFiles(_folder).Sum(f => new FileInfo(f).Length), 1000, 4000);
        var read = log.Read(5000);
        Assert.True(read.IsCut);
        Assert.Equal("line 499", read.Lines[^1][20..]);
        var numbers = read.Lines.Select(l => int.Parse(l[25..], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(Enumerable.Range(numbers[0], numbers.Count), numbers); // whole lines, none missing in between
        log.Delete();
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Add_LongLinesAndControlCharacters_StayOneBoundedLine()
    {
        var log = Open(new() { MaxLogLine = 10 });
        log.Add("one\ntwo\u001b[31m three four");
        Assert.Equal("one two [3 …", Assert.Single(log.Read(10).Lines)[20..]);
    }
}
