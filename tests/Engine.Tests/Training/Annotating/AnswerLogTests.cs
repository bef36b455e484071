using Studio.Engine.Training.Annotating;
using Xunit;

namespace Studio.Engine.Tests.Training.Annotating;

public sealed class AnswerLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("answers-").FullName;

    private string LogPath => Path.Combine(_folder, "log.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Find_AfterReopening_GivesTheLastAnswerOfEachKey()
    {
        using (var log = new AnswerLog(LogPath))
        {
            log.Append(Answer("a", "first"));
            log.Append(Answer("b", "ünï\n\"quoted\" 日本"));
            log.Append(Answer("a", "second"));
            Assert.Equal("second", log.Find("a")!.Text);
        }

        using var again = new AnswerLog(LogPath);
        Assert.Equal(2, again.Count);
        Assert.Equal(Answer("a", "second"), again.Find("a"));
        Assert.Equal(Answer("b", "ünï\n\"quoted\" 日本"), again.Find("b"));
        Assert.Null(again.Find("c"));
    }

    [Fact]
    public void Open_HalfWrittenLastLine_IsDroppedWhereverItWasCut()
    {
        using (var log = new AnswerLog(LogPath))
        {
            log.Append(Answer("a", "whole"));
            log.Append(Answer("b", "日本"));
        }

        byte[] all = File.ReadAllBytes(LogPath);
        int first = Array.IndexOf(all, (byte)'\n') + 1;
        for (int cut = first; cut < all.Length; cut++)
        {
            File.WriteAllBytes(LogPath, all[..cut]);
            using (var log = new AnswerLog(LogPath))
            {
                Assert.Equal(1, log.Count);
                log.Append(Answer("b", "日本"));
            }

            Assert.Equal(all, File.ReadAllBytes(LogPath));
        }
    }

    [Fact]
    public void Open_DamagedLastLine_IsDroppedAndAnEarlierOneNamed()
    {
        using (var log = new AnswerLog(LogPath))
        {
            log.Append(Answer("a", "whole"));
        }

        string good = File.ReadAllText(LogPath);
        File.WriteAllText(LogPath, good + "\0\0\0\n");
        using (var log = new AnswerLog(LogPath))
        {
            Assert.Equal(1, log.Count);
        }

        Assert.Equal(good, File.ReadAllText(LogPath));
        File.WriteAllText(LogPath, good + "{}\n" + good);
        Assert.Contains("Line 2 of", Assert.Throws<InvalidDataException>(() => new AnswerLog(LogPath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Append_AboveTheBounds_IsRefused()
    {
        using (var log = new AnswerLog(LogPath, most: 2))
        {
            log.Append(Answer("a", "1"));
            log.Append(Answer("b", "2"));
            log.Append(Answer("a", "3")); // no further key
            Assert.Contains("holds 2 answers, which is the most", Assert.Throws<InvalidDataException>(() => log.Append(Answer("c", "4"))).Message, StringComparison.Ordinal);
            Assert.Contains("have at most 262144", Assert.Throws<InvalidDataException>(() => log.Append(Answer("a", new string('x', AnswerLog.MaxLineBytes)))).Message, StringComparison.Ordinal);
            Assert.Equal("3", log.Find("a")!.Text);
        }

        Assert.Throws<InvalidDataException>(() => new AnswerLog(LogPath, most: 1));
        File.AppendAllText(LogPath, new string('x', AnswerLog.MaxLineBytes + 1));
        Assert.Contains("more than 262144 bytes", Assert.Throws<InvalidDataException>(() => new AnswerLog(LogPath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_LongLog_IsReadInPieces()
    {
        using (var log = new AnswerLog(LogPath))
        {
            for (int i = 0; i < 12; i++)
            {
                log.Append(Answer($"k{i}", new string((char)('a' + i), 100_000 + i))); // more than the reader's buffer in all
            }
        }

        using var again = new AnswerLog(LogPath);
        Assert.All(Enumerable.Range(0, 12), i => Assert.Equal(new string((char)('a' + i), 100_000 + i), again.Find($"k{i}")!.Text));
    }

    [Fact]
    public void Open_Twice_IsRefused()
    {
        using var log = new AnswerLog(LogPath);
        Assert.Contains("open in another process", Assert.Throws<IOException>(() => new AnswerLog(LogPath)).Message, StringComparison.Ordinal);
    }

    private static LoggedAnswer Answer(string key, string text) => new(key, "caption", "v 0-14", "me", text);
}
