using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Studio.Engine.Compression.Views;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Tests.Inspect;

public sealed class InspectApiTests(InspectServer server) : IClassFixture<InspectServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Dropped => server.Answers[1];

    private TraceShape Shape => TraceShape.Of(server.Traces[1]);

    [Fact]
    public async Task Overview_TellsMediaStagesAndCosts()
    {
        var json = await GetAsync(Dropped, "overview");
        Assert.Equal((Dropped, "tiny-random", InspectSeed.Dropping, 8, 6), (json.Text("answerId"), json.Text("model"), json.Text("settings"), json.Number("frames"), json.Number("layers")));
        Assert.Equal(["none", "uniform", "attention"], json.GetProperty("stages").EnumerateArray().Select(s => s.Text("method")));
        var media = Assert.Single(json.GetProperty("media").EnumerateArray());
        Assert.Equal((server.VideoId, "shapes.mp4", true, 8), (media.Text("videoId"), media.Text("name"), media.GetProperty("hasGroups").GetBoolean(), media.Number("endFrame")));
        Assert.Equal(server.Traces[1].Costs.Select(c => c.Stage), json.GetProperty("costs").EnumerateArray().Select(c => c.Text("stage")));
        var frames = await GetAsync(Dropped, "frames");
        Assert.Equal(server.Traces[1].Media[0].FrameTimes, frames.GetProperty("times").EnumerateArray().Select(t => t.GetDouble()));
        Assert.Equal(server.Traces[1].Media[0].FrameIndices, frames.GetProperty("indices").EnumerateArray().Select(t => t.GetInt64()));
    }

    [Theory]
    [InlineData("patches", SurvivalMeasure.Patches)]
    [InlineData("tokens", SurvivalMeasure.Tokens)]
    public async Task Survival_InAllThreeForms_SaysTheSame(string name, SurvivalMeasure measure)
    {
        var matrix = SurvivalMatrix.Of(Shape, measure);
        var json = await GetAsync(Dropped, $"survival?measure={name}&from=1&to=6&width=100");
        Assert.Equal([1, 2, 3, 4, 5, 6], json.GetProperty("edges").EnumerateArray().Select(e => e.GetInt32()));
        var last = json.GetProperty("stages")[2].GetProperty("mean").EnumerateArray().Select(v => v.GetDouble()).ToArray();
        Assert.Equal(Enumerable.Range(1, 5).Select(c => matrix.Share(5, c)), last);

        using var request = new HttpRequestMessage(HttpMethod.Get, Address(Dropped, $"survival?measure={name}"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/octet-stream"));
        var bytes = await (await server.Client.SendAsync(request, Ct)).Content.ReadAsByteArrayAsync(Ct);
        Assert.Equal(8u, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)));
        var values = Enumerable.Range(0, 8).Select(c => (int)BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(SurvivalBytes.HeaderBytes + 12 + (2 * ((3 * 8) + c)))));
        Assert.Equal(matrix.Counts(2), values);

        var lines = await CsvAsync(Dropped, $"survival.csv?measure={name}&from=1&to=6&width=100");
        Assert.Equal(6, lines.Length);
        Assert.StartsWith("first_frame,end_frame,media,start_seconds,end_seconds,layers_0_to_1_mean", lines[0], StringComparison.Ordinal);
        Assert.Equal(last[0], double.Parse(lines[1].Split(',')[11], System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Patches_OfAFrame_AreTheTraces()
    {
        var json = await GetAsync(Dropped, "patches?frame=3&layer=5");
        var view = PatchView.Of(Shape, 3, 5);
        Assert.Equal(view.Owners!.Select(o => (int)o), json.GetProperty("owners").EnumerateArray().Select(o => o.GetInt32()));
        Assert.Equal(view.Tokens.Select(t => t.Alive), json.GetProperty("tokens").EnumerateArray().Select(t => t.GetProperty("alive").GetBoolean()));
        Assert.Equal(server.Traces[1].Media[0].FrameIndices[3], json.Number("index"));
        Assert.Equal(1 + view.Tokens.Sum(t => Math.Max(1, t.Rankings.Count)), (await CsvAsync(Dropped, "patches.csv?frame=3&layer=5")).Length);
    }

    [Theory]
    [InlineData("sparsity", 6)]
    [InlineData("attention", 12)] // 6 layers, 2 clips
    [InlineData("counterfactual", 8)] // 2 drops, 4 ways
    public async Task Csv_ByAddressOrByAccept_HasARowAnEntry(string view, int rows)
    {
        var lines = await CsvAsync(Dropped, view + ".csv");
        Assert.Equal(rows + 1, lines.Length);
        Assert.All(lines, l => Assert.Equal(lines[0].Split(',').Length, l.Split(',').Length));
        using var request = new HttpRequestMessage(HttpMethod.Get, Address(Dropped, view));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/csv"));
        var response = await server.Client.SendAsync(request, Ct);
        Assert.Equal("text/csv", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(lines, Lines(await response.Content.ReadAsStringAsync(Ct)));
        Assert.Equal($"attachment; filename=\"{view}.csv\"", response.Content.Headers.ContentDisposition!.ToString());
    }

    [Fact]
    public async Task Counterfactual_SameSeed_SameDraw_AndUniformOverlapsAsComputed()
    {
        var one = await GetAsync(Dropped, "counterfactual?seed=9&basis=run");
        Assert.Equal(one.ToString(), (await GetAsync(Dropped, "counterfactual?seed=9&basis=run")).ToString());
        var expected = Counterfactual.Of(Shape, CounterfactualBasis.Run, 9);
        Assert.Equal(expected.Select(s => s.Uniform.Shared), one.GetProperty("stages").EnumerateArray().Select(s => s.GetProperty("uniform").Number("shared")));
        Assert.Equal(expected.Select(s => s.Random.Shared), one.GetProperty("stages").EnumerateArray().Select(s => s.GetProperty("random").Number("shared")));
        Assert.Empty((await GetAsync(server.Answers[0], "counterfactual")).GetProperty("stages").EnumerateArray());
    }

    [Fact]
    public async Task Compare_WithASibling_StandsOnOneScale()
    {
        var json = await GetAsync(server.Answers[0], $"compare?with={Dropped}");
        Assert.Equal(("off", InspectSeed.Dropping), (json.Text("firstSettings"), json.Text("secondSettings")));
        var layers = json.GetProperty("comparison").GetProperty("layers").EnumerateArray().ToArray();
        Assert.Equal([1, 1, 0.5, 0.5, 0.25, 0.25], layers.Select(l => l.GetProperty("second").Number("visualTokens") / (double)l.GetProperty("first").Number("visualTokens")));
        Assert.Equal(7, (await CsvAsync(server.Answers[0], $"compare.csv?with={Dropped}")).Length);
        Assert.Contains(await CsvAsync(server.Answers[0], $"compare.csv?with={Dropped}&part=stages"), l => l.StartsWith("prefill,", StringComparison.Ordinal));
        Assert.Equal(server.Traces[1].Costs.Count + 1, (await CsvAsync(Dropped, "costs.csv")).Length);
        var others = await GetAsync(server.Answers[0], "others");
        Assert.Equal([(Dropped, true)], others.EnumerateArray().Select(o => (o.Text("id"), o.GetProperty("sameQuestion").GetBoolean())));
    }

    [Fact]
    public async Task FrameImage_IsTheFrameThatTheModelSaw()
    {
        var response = await server.Client.GetAsync(Address(Dropped, "frames/4.png?size=1024"), Ct);
        Assert.Equal("image/png", response.Content.Headers.ContentType!.MediaType);
        var file = Path.Combine(server.Folders.Uploads, "frame.png");
        await File.WriteAllBytesAsync(file, await response.Content.ReadAsByteArrayAsync(Ct), Ct);
        var tools = MediaTools.Locate();
        var seen = await new ImageReader(tools).ReadAsync(file, Ct);
        var info = await new VideoProbe(tools).ProbeAsync(InspectServer.Sample, cancellationToken: Ct);
        await foreach (var frame in new FrameReader(tools).ReadAsync(info, new FrameSelection(info, [server.Traces[1].Media[0].FrameIndices[4]]), Ct))
        {
            using (frame) Assert.Equal(frame.Rgb.ToArray(), seen.Rgb.ToArray());
        }

        var small = await server.Client.GetByteArrayAsync(Address(Dropped, "frames/4.png?size=64"), Ct);
        Assert.Equal((64, 36), (BinaryPrimitives.ReadInt32BigEndian(small.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(small.AsSpan(20))));
    }

    [Fact]
    public async Task Media_IsTheFile_InParts()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Address(Dropped, "media/0"));
        request.Headers.Range = new(10, 19);
        var response = await server.Client.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal((await File.ReadAllBytesAsync(InspectServer.Sample, Ct))[10..20], await response.Content.ReadAsByteArrayAsync(Ct));
    }

    [Theory]
    [InlineData("survival?measure=loud", 400, "loud")]
    [InlineData("survival?width=0", 400, "0 bins")]
    [InlineData("survival?width=20001", 400, "20001")]
    [InlineData("survival?from=5&to=5", 400, "5")]
    [InlineData("survival?from=-1", 400, "-1")]
    [InlineData("patches?frame=8&layer=0", 400, "frames 0 to 7")]
    [InlineData("patches?frame=0&layer=6", 400, "layers 0 to 5")]
    [InlineData("attention?bins=0", 400, "0 bins")]
    [InlineData("counterfactual?basis=x", 400, "'x'")]
    [InlineData("compare", 400, "with=ID")]
    [InlineData("compare?with=nobody", 404, "nobody")]
    [InlineData("frames/8.png", 400, "frames 0 to 7")]
    [InlineData("frames/0.png?size=5000", 400, "5000")]
    [InlineData("media/7", 404, "video")]
    public async Task BadRequest_NamesTheValue(string view, int status, string named)
    {
        var response = await server.Client.GetAsync(Address(Dropped, view), Ct);
        Assert.Equal(status, (int)response.StatusCode);
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct)).RootElement;
        Assert.Contains(named, problem.Text("detail"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("overview")]
    [InlineData("survival")]
    [InlineData("patches")]
    [InlineData("sparsity")]
    [InlineData("attention")]
    [InlineData("counterfactual")]
    [InlineData("costs")]
    [InlineData("others")]
    [InlineData("frames")]
    [InlineData("frames/0.png")]
    [InlineData("media/0")]
    public async Task UnknownAnswer_Is404(string view)
    {
        foreach (var id in new[] { new string('0', 32), "..%2F..%2Fetc", "x" })
        {
            var response = await server.Client.GetAsync(Address(id, view), Ct);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }

    [Fact]
    public async Task AnswerWithoutTrace_Is404_AndSaysSo()
    {
        var response = await server.Client.GetAsync(Address(server.Answers[2], "overview"), Ct);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("no trace", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DamagedTrace_Is422_AndSaysWhatToDo()
    {
        var ids = await server.Seed.AddAnswersAsync("local", null, [server.Traces[1], server.Traces[1] with { Layers = [] }]);
        await server.Seed.WriteAsync(ids[0], "{\"version\":2");
        foreach (var id in ids)
        {
            var response = await server.Client.GetAsync(Address(id, "sparsity"), Ct);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
            Assert.Contains("ask the question again", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task DeletedVideo_LosesItsPictures_AndKeepsItsViews()
    {
        var video = await server.Seed.AddVideoAsync(InspectServer.Sample, "deleted");
        var id = (await server.Seed.AddAnswersAsync("local", video, [server.Traces[1]]))[0];
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync(Address(id, "frames/0.png?size=64"), Ct)).StatusCode);
        await using (var db = await server.Databases.CreateDbContextAsync(Ct)) _ = await db.Videos.Where(v => v.Id == video).ExecuteDeleteAsync(Ct);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.GetAsync(Address(id, "frames/0.png?size=64"), Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.GetAsync(Address(id, "media/0"), Ct)).StatusCode);
        Assert.Equal(JsonValueKind.Null, (await GetAsync(id, "overview")).GetProperty("media")[0].GetProperty("videoId").ValueKind);
    }

    private static string Address(string answer, string view) => $"api/v1/answers/{answer}/trace/{view}";

    private async Task<JsonElement> GetAsync(string answer, string view)
    {
        var response = await server.Client.GetAsync(Address(answer, view), Ct);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(Ct)}");
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct)).RootElement;
    }

    private async Task<string[]> CsvAsync(string answer, string view)
    {
        var response = await server.Client.GetAsync(Address(answer, view), Ct);
        Assert.Equal("text/csv", response.Content.Headers.ContentType!.MediaType);
        return Lines(await response.Content.ReadAsStringAsync(Ct));
    }

    private static string[] Lines(string csv) => csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
}

internal static class JsonAccess
{
    public static string Text(this JsonElement json, string name) => json.GetProperty(name).GetString()!;

    public static int Number(this JsonElement json, string name) => json.GetProperty(name).GetInt32();
}
