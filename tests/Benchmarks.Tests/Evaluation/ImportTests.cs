using System.Text;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Import;
using Studio.Benchmarks.Evaluation.Tasks;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

public sealed class ImportTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("annotations");

    public void Dispose() => _folder.Delete(recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    [Fact]
    public void Csv_QuotesAndOptionColumns_MakeDocuments()
    {
        var task = new CustomSet("mine", "mine.csv");
        var file = Write("mine.csv", "\ufeffvideo,question,option_a,option_b,option_c,answer,start,end,category\r\nv.mp4,\"What, \"\"exactly\"\",\nfalls?\",cup,key,,KEY,1.5,4,fall\r\n\r\nw.mp4,Who?,,,,the cat,,,\n");
        var documents = task.ReadFile(AnnotationFile.Read(file), "");
        Assert.Equal(2, documents.Count);
        Assert.Equal(("What, \"exactly\",\nfalls?", 1, (1.5, 4.0)), (documents[0].Question, documents[0].Gold, documents[0].Clip!.Value));
        Assert.Equal(["cup", "key"], documents[0].Options);
        Assert.Empty(documents[1].Options);
        Assert.Equal(1, task.Score(documents[1], "A cat!").Corrected);
        Assert.Equal(0, task.Score(documents[1], "A dog").Corrected);
        var samples = documents.Zip(["B", "dog"], (d, a) => new ScoredSample(d, a, task.Score(d, a))).ToList();
        Assert.Equal(["overall 50", "category: fall 100"], task.Aggregate(samples).Select(r => $"{r.Name} {r.Corrected}"));
    }

    [Fact]
    public void JsonLines_MakeDocuments()
    {
        var task = new CustomSet("mine", "mine.jsonl");
        var file = Write("mine.jsonl", """
            {"id":"a","video":"v","question":"q","options":["cup","key"],"answer":"B"}

            {"id":"b","video":"v","question":"q","options":"cup | key","answer":"(a)"}
            """);
        Assert.Equal([1, 0], task.ReadFile(AnnotationFile.Read(file), "").Select(d => d.Gold!.Value));
    }

    [Theory]
    [InlineData("x.csv", "", "is empty")]
    [InlineData("x.csv", "video,question\nv\n", "1 fields, but 2 columns")]
    [InlineData("x.csv", "video,video\n", "twice")]
    [InlineData("x.csv", "video\n\"open\n", "no end")]
    [InlineData("x.jsonl", "{}\n{oops\n", "line 2")]
    [InlineData("x.json", "{oops", "no valid JSON")]
    [InlineData("x.xlsx", "", "no annotation format")]
    [InlineData("x.parquet", "PAR1 this is no such file", "no Parquet file")]
    public void Read_BadFile_SaysWhere(string name, string text, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => AnnotationFile.Read(Write(name, text))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"video":"v","question":"q","options":"cup|key","answer":"pen"}""", "neither a letter")]
    [InlineData("""{"video":"v","question":"q","options":"cup||key","answer":"cup"}""", "none empty")]
    [InlineData("""{"video":"v","question":"q","answer":" "}""", "'answer' is empty")]
    [InlineData("""{"video":"v","question":"q","answer":"x","start":3}""", "go together")]
    [InlineData("""{"video":"v","question":"q","answer":"x","start":3,"end":2}""", "is empty")]
    public void CustomSet_BadRow_IsRefused(string row, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => new CustomSet("mine", "f").Document(row)).Message, StringComparison.Ordinal);

    [Fact]
    public void CustomSet_SameId_IsRefused() => Assert.Contains("'a' stands in 2 rows", Assert.Throws<InvalidDataException>(() => new CustomSet("mine", "f").ReadFile(
        Json.Of("""[{"id":"a","video":"v","question":"q","answer":"x"},{"id":"a","video":"v","question":"q","answer":"y"}]"""), "")).Message, StringComparison.Ordinal);

    [Fact]
    public void Csv_TooManyColumns_AreRefused() => Assert.Contains("more than 100 columns", Assert.Throws<InvalidDataException>(
        () => CsvRows.Read(string.Join(',', Enumerable.Range(0, CsvRows.MaxColumns + 1)))).Message, StringComparison.Ordinal);

    [Fact]
    public void Snappy_LiteralsAndOverlappingCopies()
    {
        // "ab", then a copy of 6 bytes from 2 back: abababab.
        byte[] packed = [8, 1 << 2, (byte)'a', (byte)'b', ((6 - 4) << 2) | 1, 2];
        Assert.Equal("abababab", Encoding.ASCII.GetString(Snappy.Decompress(packed, 8)));
        Assert.Throws<InvalidDataException>(() => Snappy.Decompress(packed, 9));
        packed[^1] = 9; // from before the beginning
        Assert.Throws<InvalidDataException>(() => Snappy.Decompress(packed, 8));
        Assert.Throws<InvalidDataException>(() => Snappy.Decompress([0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 8));
    }

    [Fact]
    public void Thrift_DeepOrEndlessStructures_AreRefused()
    {
        var deep = Enumerable.Repeat((byte)0x1c, 1000).ToArray(); // a struct in a struct …
        Assert.Contains("too deeply", Assert.Throws<InvalidDataException>(() => new ThriftCompact(deep).ReadStruct()).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => new ThriftCompact([0x19, 0xf5, 0xff, 0xff, 0xff, 0x07]).ReadStruct());
    }

    /// <summary>Numbers without a sampled file: 1 is a first frame at least, whatever the clip.</summary>
    [Fact]
    public void FrameFolders_OrderAndRate()
    {
        Assert.Equal(["x.jpg", "f_2.png", "f_10.jpg"], FrameFolders.Order(["f_10.jpg", "x.jpg", "f_2.png"]));
        Assert.Equal((3, 1), (FrameFolders.Rate("a/TVQA/b"), FrameFolders.Rate("a/b")));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 6], FrameFolders.Choose(7, 1, null, 640).Indices);
    }

    [Fact]
    public void Parquet_OfVideoMme_WhereItIsThere()
    {
        var golden = Studio.Benchmarks.Evaluation.Verification.EvalVerifier.Locate(null, AppContext.BaseDirectory);
        var file = golden is null ? null : Path.GetFullPath(Path.Combine(golden, "..", "..", "annotations", "videomme", "test-00000-of-00001.parquet"));
        Assert.SkipUnless(File.Exists(file), $"no Video-MME annotations beside golden evaluation files above {AppContext.BaseDirectory}");
        var documents = new VideoMme().ReadFile(AnnotationFile.Read(file!), "");
        Assert.Equal((2700, 900), (documents.Count, documents.Select(d => d.Cluster).Distinct().Count()));
        Assert.All(documents, d => Assert.Equal(4, d.Options.Count));
        // A damaged file is refused, not misread: every 997th byte of the footer and the first pages.
        var bytes = File.ReadAllBytes(file!);
        var footer = bytes.Length - 8 - BitConverter.ToInt32(bytes, bytes.Length - 8);
        for (var at = footer; at < bytes.Length - 8; at += 97)
        {
            var copy = (byte[])bytes.Clone();
            copy[at] ^= 0x55;
            if (Record.Exception(() => ParquetRows.Read(copy)) is { } e) Assert.IsType<InvalidDataException>(e);
        }
    }
}
