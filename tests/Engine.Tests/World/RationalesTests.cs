using System.Globalization;
using System.Text.RegularExpressions;
using Studio.Engine.Training;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

/// <summary>What a reply says before its answer must be true, and must lead to that answer and no other.</summary>
public sealed partial class RationalesTests
{
    private static readonly string[] s_ordinals = ["first", "second", "third", "last"];

    private static readonly string[] s_ways = ["left", "right", "up", "down"];

    [Theory]
    [InlineData(WorldKind.Order)]
    [InlineData(WorldKind.When)]
    [InlineData(WorldKind.Count)]
    [InlineData(WorldKind.Direction)]
    [InlineData(WorldKind.Chain)]
    [InlineData(WorldKind.Describe)] // many further questions
    public void Rationale_OfEveryKind_LeadsToTheAnswer(WorldKind kind)
    {
        var checkedKinds = new Dictionary<WorldKind, int>();
        for (ulong seed = 0; seed < 80; seed++)
        {
            foreach (int seconds in (int[])[8, 16, 17, 40])
            {
                WorldScript script = WorldRendererTests.Compose(kind, WorldSplit.Train, seed, seconds);
                WorldQuestion[] asked = [WorldQuestions.Main(script, seed)];
                foreach (WorldQuestion question in asked.Concat(AlbumQuestions.More(script, seed, 6, asked)).Concat(RelationQuestions.Ask(script, seed, 8, asked)))
                {
                    if (question.Rationale is { } rationale)
                    {
                        Check(script, question, rationale);
                        checkedKinds[question.Kind] = checkedKinds.GetValueOrDefault(question.Kind) + 1;
                    }
                    else
                    {
                        Assert.False(IsDue(script, question), $"{question.Text} has no rationale.");
                    }
                }
            }
        }

        Assert.True(kind == WorldKind.Describe || checkedKinds[kind] >= 50, $"{checkedKinds.GetValueOrDefault(kind)} rationales of {kind}.");
    }

    [Fact]
    public void Copies_OfAnAlbum_AreNumberedInTheOrderOfReading()
    {
        int seen = 0;
        for (ulong seed = 0; seed < 200; seed++)
        {
            WorldScript album = AlbumMaker.Compose(WorldSplit.Train, seed, 4, 80);
            foreach (WorldQuestion question in AlbumQuestions.Ask(album, seed, 6).Where(q => q.Kind == WorldKind.Count))
            {
                Check(album, question, question.Rationale!);
                seen++;
            }
        }

        Assert.True(seen > 20);
    }

    [Theory]
    [InlineData("kite, bell. Answer: bell", "bell")]
    [InlineData("bell", "bell")]
    [InlineData("Answer: kite. No. answer:  bell \n", "bell")]
    [InlineData("kite, bell. Answer:", "")]
    public void Stated_Reply_IsWhatStandsBehindTheLastMark(string reply, string stated)
    {
        Assert.Equal(stated, WorldQuestion.Stated(reply));
        Assert.Equal(stated == "bell", new WorldQuestion { Kind = WorldKind.Order, Form = WorldForm.Open, Text = "?", Answer = "bell", Evidence = [] }.IsRight(reply));
    }

    [Fact]
    public void Sample_WithRationales_SaysThemForTheKindsGivenAlone()
    {
        var data = new TrainingData
        {
            World = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Order] = 1, [WorldKind.Count] = 1 }, Seconds = [8], Form = WorldForm.Lettered },
            Reply = LetteredReply.Words,
            Sketched = 1,
        };
        var (plain, said) = (new WorldSource(data, 5), new WorldSource(data with { Rationales = [WorldKind.Order, WorldKind.Count] }, 5));
        var some = new WorldSource(data with { Rationales = [WorldKind.Order] }, 5);
        int orders = 0;
        for (int i = 0; i < 40; i++)
        {
            (TrainingExample without, TrainingExample with, TrainingExample ordered) = (plain.Sample(i), said.Sample(i), some.Sample(i));
            bool isOrder = !CountText().IsMatch(without.Turns[0].Text);
            orders += isOrder ? 1 : 0;
            Assert.Equal(without.Turns[0], with.Turns[0]);
            Assert.EndsWith($". {WorldQuestion.AnswerMark} {without.Turns[1].Text}", with.Turns[1].Text, StringComparison.Ordinal);
            Assert.Equal(isOrder ? with.Turns[1] : without.Turns[1], ordered.Turns[1]);

            // A sketch does not hold how many stand in one place: such a sample is shown.
            Assert.True(Sketched(without) && Sketched(ordered));
            Assert.Equal(isOrder, Sketched(with));
        }

        Assert.InRange(orders, 10, 30);
        var files = new TrainingData { Annotations = [new AnnotationFile("a.json")], Rationales = [WorldKind.Order] };
        Assert.Contains("data.rationales", Assert.Throws<ArgumentException>(files.Validate).Message, StringComparison.Ordinal);

        static bool Sketched(TrainingExample sample) => Assert.IsType<DrawnVideo>(sample.Video).IsSketched;
    }

    private static void Check(WorldScript script, WorldQuestion question, string rationale)
    {
        Assert.Equal($"{rationale} Answer: {question.Answer}", question.AnswerWithRationale());
        Assert.True(question.IsRight(question.AnswerWithRationale()));
        Assert.EndsWith(".", rationale, StringComparison.Ordinal);
        string[] parts = rationale[..^1].Split(", ");
        switch (question.Kind)
        {
            case WorldKind.Order:
                // Four things and perhaps the one that is named, each where it is in time.
                Assert.Equal(parts.Length, parts.Distinct().Count());
                Assert.All(question.Options ?? [], o => Assert.Contains(o, parts));
                int[] starts = [.. parts.Select(p => script.Segments.OfType<WorldShot>().First(s => s.Actors.Any(a => a.Instance.Thing.Name == p)).StartMs)];
                Assert.Equal(starts.Order(), starts);
                int at = Array.IndexOf(parts, question.Answer);
                string? named = parts.FirstOrDefault(p => !(question.Options ?? []).Contains(p) && question.Text.Contains($"after the {p}", StringComparison.Ordinal));
                Assert.True(question.Text.Contains("first", StringComparison.Ordinal) ? at == 0
                    : question.Text.Contains("last", StringComparison.Ordinal) ? at == parts.Length - 1
                    : named is null ? question.Text.Contains($"before the {parts[at + 1]}", StringComparison.Ordinal) : parts[at - 1] == named, $"{question.Text} {rationale} {question.Answer}");
                break;
            case WorldKind.Count:
                Assert.Equal(question.Answer, parts.Length.ToString(CultureInfo.InvariantCulture));
                int[] cells = [.. parts.Select((p, i) => Cell(p[$"{i + 1} ".Length..]))];
                Assert.Equal(cells.Order(), cells);
                break;
            case WorldKind.Direction:
                string[] ends = rationale[..^1]["from ".Length..].Split(" to ");
                (int from, int to) = (Cell(ends[0]), Cell(ends[1]));
                int across = (to % 3) - (from % 3), down = (to / 3) - (from / 3);
                Assert.Equal(question.Answer, s_ways[Math.Abs(across) >= Math.Abs(down) ? (across < 0 ? 0 : 1) : down < 0 ? 2 : 3]);
                break;
            case WorldKind.When:
                Assert.InRange(script.LengthMs, 1, Rationales.LongestWalkMs);
                bool quarter = question.Answer.StartsWith("the ", StringComparison.Ordinal);
                string[] sentences = rationale.Split(". ");
                (string Thing, string When)[] walk = [.. sentences[0].Split(", ").Select(p => (p[..p.LastIndexOf(' ')], p[(p.LastIndexOf(' ') + 1)..]))];
                string answer = quarter ? question.Answer["the ".Length..^" quarter".Length] : question.Answer;
                (string thing, string when) = Assert.Single(walk, w => w.When == answer);
                Assert.Contains($"the {thing} ", question.Text.Replace('?', ' '), StringComparison.Ordinal);
                Assert.Single(walk, w => w.Thing == thing); // no other part is said to show it
                Assert.Equal($"{thing} {when}.", Assert.Single(sentences[1..]));
                Assert.Equal(quarter ? s_ordinals : [.. walk.Select(w => w.When).Order(StringComparer.Ordinal)], walk.Select(w => w.When));
                Assert.Equal(WorldQuestions.Options, walk.Length);
                break;
            case WorldKind.Chain:
                Assert.Equal(question.Chain, parts);
                break;
            default:
                Assert.Fail($"{question.Kind} has a rationale: {rationale}");
                break;
        }
    }

    private static bool IsDue(WorldScript script, WorldQuestion question) => question.Kind switch
    {
        WorldKind.Order or WorldKind.Direction or WorldKind.Chain => true,
        WorldKind.When => script.LengthMs <= Rationales.LongestWalkMs,
        WorldKind.Count => script.Variant != EventMaker.OverTime,
        _ => false,
    };

    private static int Cell(string name)
    {
        int cell = Enumerable.Range(0, WorldGrid.Cells).FirstOrDefault(c => WorldGrid.Names[c] == name, -1);
        Assert.True(cell >= 0, $"'{name}' is no part of the picture.");
        return cell;
    }

    [GeneratedRegex("How many|How often|What is the number")]
    private static partial Regex CountText();
}
