using System.Text.Json;
using Studio.Benchmarks.Verification;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Benchmarks.Tests.Verification;

public sealed class VerifierTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("golden");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("eval", "no check for this case yet")]
    [InlineData("vxl_new", "no check for this case yet")]
    [InlineData("vcf_tomes", "no check for this case yet")] // a name is matched whole, not by its start
    public void Run_UnknownCase_CountsAsFailedAndSaysSo(string name, string message)
    {
        _folder.CreateSubdirectory(name);
        var result = Verify();
        Assert.Equal((0, 1, 1), (result.Passed, result.Failed, result.ExitCode));
        Assert.Contains(message, Assert.Single(result.Cases).Worst.Message, StringComparison.Ordinal);
        Assert.EndsWith("0 passed, 1 failed\n", VerificationText.Render(result), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_SeveralCases_AreInOrderAndReportedAsTheyEnd()
    {
        Copy("vcf_sampling");
        Copy("tiny_tokenizer");
        _folder.CreateSubdirectory("unknown");
        var seen = new List<string>();
        var result = Verifier.Run(_folder.FullName, Device.CPU, ScalarType.Float32, c => seen.Add($"{c.Name} {c.Passed}"), TestContext.Current.CancellationToken);
        Assert.Equal(["tiny_tokenizer True", "unknown False", "vcf_sampling True"], seen);
        Assert.Equal("2 passed, 1 failed", VerificationText.Summary(result));
    }

    [Theory]
    [InlineData("vcf_lm_attention3", "prefill.stage1.kept_local", 8, "stage 1 kept rows")] // an index
    [InlineData("vcf_lm_none", "decode.token_ids", 1, "greedy tokens")]
    [InlineData("vcf_umt_interp64_f8", "video.features", 4, "clip features")]
    [InlineData("vcf_tome", "image81.size", 4, "image81 sizes")]
    [InlineData("vcf_preprocess", "f40x30_to64.resized_u8", 1, "f40x30_to64 bytes")]
    [InlineData("vcf_full_video", "logits_last", 4, "logits behind the prompt")]
    [InlineData("vcf_train", "stage1.kept_local.sample1", 8, "stage 1 kept rows of sample 1")]
    [InlineData("vcf_train", "grad.model.norm.weight", 4, "gradient of model.norm.weight")]
    public void Run_CorruptedExpectation_FailsThatRow(string name, string tensor, int bytes, string quantity)
    {
        var copy = Copy(name);
        Flip(Path.Combine(copy, "case.safetensors"), tensor, bytes);
        var one = Assert.Single(Verify().Cases);
        Assert.False(one.Passed);
        Assert.Contains(one.Rows, row => row.Quantity == quantity && !row.Passed);
        Assert.Contains($"FAIL  {quantity}: ", VerificationText.Case(one), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_CorruptedText_FailsThatRow()
    {
        var file = Path.Combine(Copy("tiny_tokenizer"), "encode_decode.json");
        var rows = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(file))!;
        rows["decode"]![5]!["text"] = "something else";
        File.WriteAllText(file, rows.ToJsonString());
        var one = Assert.Single(Verify().Cases);
        Assert.Equal(["decode (229 rows)"], one.Rows.Where(r => !r.Passed).Select(r => r.Quantity));
    }

    [Fact]
    public void Run_CaseThatThrows_IsOneFailedRowAndOthersGoOn()
    {
        File.Delete(Path.Combine(Copy("vcf_lm_none"), "model.safetensors"));
        File.WriteAllText(Path.Combine(Copy("vcf_tome"), "case.json"), "{ not json");
        Copy("vxl_sampling");
        var result = Verify();
        Assert.Equal([false, false, true], result.Cases.Select(c => c.Passed));
        Assert.Contains("model.safetensors", Assert.Single(result.Cases[0].Rows).Message, StringComparison.Ordinal);
        Assert.Contains("JsonReaderException", Assert.Single(result.Cases[1].Rows).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ExpectationThatNothingCompares_Fails()
    {
        var file = Path.Combine(Copy("vcf_umt_interp64_f8"), "case.json");
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(file))!;
        json["tensors"]!["video.patch_embed_2"] = new System.Text.Json.Nodes.JsonObject { ["role"] = "expected" };
        File.WriteAllText(file, json.ToJsonString());
        Assert.Contains("never compared: video.patch_embed_2", Assert.Single(Verify().Cases).Worst.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_NoFolderOrNoCases_NamesTheRemedy()
    {
        Assert.Contains("--golden", Assert.Throws<DirectoryNotFoundException>(() => Verify()).Message, StringComparison.Ordinal);
        _folder.Delete();
        Assert.Contains(Verifier.FolderVariable, Assert.Throws<DirectoryNotFoundException>(() => Verify()).Message, StringComparison.Ordinal);
        _folder.Create();
    }

    [Fact]
    public void Run_UnsupportedType_IsRefused() => Assert.Contains("int64", Assert.Throws<ArgumentException>(
        () => Verifier.Run(GoldenTests.Folder, Device.CPU, ScalarType.Int64, ct: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);

    [Fact]
    public void Run_Cancelled_Stops()
    {
        Copy("vxl_sampling");
        Assert.Throws<OperationCanceledException>(() => Verifier.Run(_folder.FullName, Device.CPU, ScalarType.Float32, ct: new(canceled: true)));
    }

    [Fact]
    public void Render_Json_HasEveryRowAndNullForNoNumber()
    {
        Copy("vcf_umt_interp64_f8");
        _folder.CreateSubdirectory("unknown");
        using var json = JsonDocument.Parse(VerificationJson.Render(Verify()));
        var root = json.RootElement;
        Assert.Equal(("cpu", "fp32", 1, 1), (root.GetProperty("device").GetString(), root.GetProperty("dtype").GetString(), root.GetProperty("passed").GetInt32(), root.GetProperty("failed").GetInt32()));
        Assert.Equal(_folder.FullName, root.GetProperty("folder").GetString());
        Assert.Equal(torch.Version, root.GetProperty("libtorch").GetString());
        var unknown = root.GetProperty("cases")[0];
        Assert.Equal(["name", "passed", "seconds", "rows"], unknown.EnumerateObject().Select(p => p.Name));
        Assert.Equal(JsonValueKind.Null, unknown.GetProperty("rows")[0].GetProperty("largestError").ValueKind);
        var row = root.GetProperty("cases")[1].GetProperty("rows")[4];
        Assert.Equal(["quantity", "largestError", "tolerance", "share", "passed", "informational", "message"], row.EnumerateObject().Select(p => p.Name));
        Assert.Equal("image features", row.GetProperty("quantity").GetString());
        Assert.InRange(row.GetProperty("largestError").GetDouble(), 0, 1e-4);
    }

    [Fact]
    public void Case_Verbose_ListsEveryRow()
    {
        Copy("vcf_umt_interp64_f8");
        var one = Assert.Single(Verify().Cases);
        Assert.DoesNotContain('\n', VerificationText.Case(one));
        Assert.Equal(one.Rows.Count, VerificationText.Case(one, verbose: true).Count(c => c == '\n'));
    }

    [Fact]
    public void Locate_GivenFolder_Wins()
    {
        Assert.Equal("/some/where", Verifier.Locate("/some/where", "/repository"));
        var named = Environment.GetEnvironmentVariable(Verifier.FolderVariable);
        Assert.Equal(string.IsNullOrEmpty(named) ? "/repository/tests/golden" : named, Verifier.Locate(null, "/repository"));
    }

    private VerificationResult Verify() => Verifier.Run(_folder.FullName, Device.CPU, ScalarType.Float32, ct: TestContext.Current.CancellationToken);

    private string Copy(string name)
    {
        var target = _folder.CreateSubdirectory(name).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(GoldenTests.Folder, name))) File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        return target;
    }

    /// <summary>Changes the first entry of a tensor: sign and high bits of a float, the lowest byte of an integer.</summary>
    private static void Flip(string path, string tensor, int entryBytes)
    {
        long at;
        using (var file = SafetensorsFile.Open(path)) at = file.Tensors[tensor].Offset + (entryBytes == 4 ? 3 : 0);
        using var stream = File.Open(path, FileMode.Open);
        stream.Position = at;
        var value = stream.ReadByte();
        stream.Position = at;
        stream.WriteByte((byte)(value ^ 0x41));
    }
}
