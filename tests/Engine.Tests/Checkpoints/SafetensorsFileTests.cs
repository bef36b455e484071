using System.Runtime.InteropServices;
using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_GoldenFile_GivesNamesShapesAndValues()
    {
        using var file = SafetensorsFile.Open(TestFiles.Golden("vcf_tome", "model.safetensors"));

        Assert.Equal(
            ["model.mm_projector.mlp.0.bias", "model.mm_projector.mlp.0.weight", "model.mm_projector.mlp.2.bias", "model.mm_projector.mlp.2.weight"],
            file.Tensors.Keys.Order(StringComparer.Ordinal));
        TensorEntry weight = file.Tensors["model.mm_projector.mlp.0.weight"];
        Assert.Equal([48L, 32L], weight.Shape);
        Assert.Equal(SafetensorsDtype.F32, weight.Dtype);
        Assert.Equal(48 * 32, weight.ElementCount);
        Assert.Equal("pt", file.Metadata["format"]);
        float[] values = MemoryMarshal.Cast<byte, float>(file.Bytes(weight)).ToArray();
        // The golden weights are stored so that bf16 holds them exactly.
        Assert.All(values, value => Assert.Equal(value, Bf16.ToSingle(Bf16.FromSingle(value))));
        Assert.True(values.Distinct().Count() > 100);
    }

    // One row per way a header can lie; the comment of each row is why it must be refused.
    public static TheoryData<string, int, string> WrongHeaders => new()
    {
        { "", 8, "header length" }, // an empty header cannot even be {}
        { "xy", 0, "starts with '{'" }, // some other binary file
        { """{"a":""", 0, "valid JSON" }, // cut inside
        { """{} x""", 0, "valid JSON" }, // text after the object
        { """{"a":1}""", 0, "an object with dtype" }, // entry is no object
        { """{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "an empty name" }, // cannot be asked for
        { """{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4, "a dtype" }, // size unknown
        { """{"a":{"dtype":"F32","data_offsets":[0,4]}}""", 4, "a shape" }, // size unknown
        { """{"a":{"dtype":"F32","shape":[1]}}""", 4, "data_offsets" }, // place unknown
        { """{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}""", 4, "found 'F31'" }, // no such type
        { """{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}""", 4, "found 'f32'" }, // spelling is exact
        { """{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", 4, "a.dtype" }, // type is no string
        { """{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}""", 4, "a.dtype: expected one entry" }, // which one holds?
        { """{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}""", 4, "a.shape: expected one entry" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_offsets":[0,4]}}""", 4, "a.data_offsets: expected one entry" },
        { """{"a":{"dtype":"F32","shape":4,"data_offsets":[0,4]}}""", 4, "an array of whole numbers" }, // bare number
        { """{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "found -1" }, // negative size
        { """{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "found 1.5" }, // fraction
        { """{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", 4, "JSON String" }, // text for number
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "two numbers" }, // no end
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "byte range inside" }, // backwards
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "byte range inside" }, // beyond the file
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}""", 4, "2^63" }, // no 64-bit number
        { """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,4]}}""", 4, "expected 12 bytes for F32 [3], found 4" }, // shape larger than range
        { """{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}""", 4, "below 2^63" }, // product overflows to 0
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "a: expected one entry in the header, found two" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6, "an overlap" }, // same bytes twice
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[5,9]}}""", 9, "a hole" }, // a byte nobody owns
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "a hole" }, // hole at the start
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "file length" }, // surplus byte at the end
        { """{"__metadata__":3}""", 0, "an object of strings" },
        { """{"__metadata__":{"k":1}}""", 0, "__metadata__.k" },
        { """{"__metadata__":{"k":"a","k":"b"}}""", 0, "__metadata__.k: expected one entry" },
        { """{"__metadata__":{},"__metadata__":{}}""", 0, "__metadata__: expected one entry" },
    };

    [Theory]
    [MemberData(nameof(WrongHeaders))]
    public void Open_WrongHeader_IsRefusedNamingFileAndReason(string header, int dataBytes, string reason)
    {
        string path = _folder.File("wrong.safetensors");
        TestFiles.WriteRaw(path, header, dataBytes);

        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Equal(path, Assert.Single(error.Problems).File);
    }

    [Theory]
    [InlineData(100_000_001UL, "2 to 100000000")] // one past the format's limit
    [InlineData(ulong.MaxValue, "2 to 100000000")] // negative when read as signed
    [InlineData(64UL, "truncated")] // longer than the file, within the limit
    public void Open_HeaderLengthLies_IsRefused(ulong stated, string reason)
    {
        string path = _folder.File("lies.safetensors");
        TestFiles.WriteRaw(path, "{}", 0, stated);

        Assert.Contains(reason, Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_EveryTruncation_IsRefused()
    {
        byte[] whole = File.ReadAllBytes(TestFiles.Golden("vcf_tome", "model.safetensors"));
        string path = _folder.File("cut.safetensors");
        foreach (int length in new[] { 0, 1, 7, 8, 9, 100, 407, 408, 409, whole.Length - 4, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
        }
    }

    [Fact]
    public void Open_MissingFileOrFolder_IsOneClearError()
    {
        Assert.Contains("absent.safetensors", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.File("absent.safetensors"))).Message, StringComparison.Ordinal);
        Assert.Contains(_folder.Path, Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoTensors_IsAnEmptyFile()
    {
        string path = _folder.File("none.safetensors");
        TestFiles.WriteRaw(path, "{}", 0);

        using var file = SafetensorsFile.Open(path);

        Assert.Empty(file.Tensors);
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void Open_ScalarsEmptyTensorsUnknownFieldsAndPadding_AreFine()
    {
        string path = _folder.File("odd.safetensors");
        TestFiles.WriteRaw(path,
            """{"scalar":{"dtype":"I64","shape":[],"data_offsets":[0,8],"note":{"x":[1]}},"empty":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[8,8]},"flag":{"dtype":"BOOL","shape":[3],"data_offsets":[8,11]}}     """, 11);

        using var file = SafetensorsFile.Open(path);

        Assert.Equal(1, file.Tensors["scalar"].ElementCount);
        Assert.Equal(0, file.Tensors["empty"].ByteLength);
        Assert.Equal(0, file.Bytes(file.Tensors["empty"]).Length);
        Assert.Equal(SafetensorsDtype.Bool, file.Tensors["flag"].Dtype);
    }

    [Fact]
    public unsafe void DataPointer_WrittenTo_NeverChangesTheFile()
    {
        string path = _folder.File("private.safetensors");
        TestFiles.WriteZeros(path, ("a", [1024]));
        byte[] before = File.ReadAllBytes(path);
        // Weights are often installed read-only; a private mapping needs no right to write.
        File.SetAttributes(path, FileAttributes.ReadOnly);

        using (var file = SafetensorsFile.Open(path))
        {
            var values = (float*)file.DataPointer(file.Tensors["a"]);
            values[1023] = 7;
            Assert.Equal(7, MemoryMarshal.Cast<byte, float>(file.Bytes(file.Tensors["a"]))[1023]);
        }

        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public unsafe void DataPointer_BeyondTwoGigabytes_ReachesTheLastByte()
    {
        // A sparse file: three gigabytes long, a few kilobytes on disk.
        const long Elements = 3_000_000_000;
        string path = _folder.File("large.safetensors");
        TestFiles.WriteRaw(path, """{"big":{"dtype":"U8","shape":[N],"data_offsets":[0,N]}}""".Replace("N", $"{Elements}", StringComparison.Ordinal), 0);
        using (FileStream stream = File.OpenWrite(path))
        {
            stream.SetLength(stream.Length + Elements);
            stream.Seek(-1, SeekOrigin.End);
            stream.WriteByte(42);
        }

        using var file = SafetensorsFile.Open(path);
        TensorEntry big = file.Tensors["big"];

        Assert.Equal(42, ((byte*)file.DataPointer(big))[Elements - 1]);
        Assert.Contains("DataPointer", Assert.Throws<ArgumentException>(() => file.Bytes(big)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void Dispose_WithOutstandingReference_KeepsTheMapping()
    {
        string path = _folder.File("kept.safetensors");
        TestFiles.WriteZeros(path, ("a", [4]));
        var file = SafetensorsFile.Open(path);
        MappedFile mapping = file.Mapping;
        mapping.AddReference();
        nint data = file.DataPointer(file.Tensors["a"]);

        file.Dispose();
        file.Dispose();

        Assert.False(mapping.IsReleased);
        Assert.Equal(0f, *(float*)data);
        mapping.Release();
        Assert.True(mapping.IsReleased);
        Assert.Throws<ObjectDisposedException>(mapping.AddReference);
        Assert.Throws<ObjectDisposedException>(() => mapping.Address);
        Assert.Throws<InvalidOperationException>(mapping.Release);
    }

    [Fact]
    public void AddReferenceAndRelease_FromManyThreads_EndReleasedExactlyOnce()
    {
        string path = _folder.File("threads.safetensors");
        TestFiles.WriteZeros(path, ("a", [4]));
        MappedFile mapping = MappedFile.Open(path);

        Parallel.For(0, 20_000, _ =>
        {
            mapping.AddReference();
            mapping.Release();
        });

        Assert.False(mapping.IsReleased);
        mapping.Release();
        Assert.True(mapping.IsReleased);
    }

    [Fact]
    public void Mapping_FileReplacedByRename_StillShowsTheOldContent()
    {
        string path = _folder.File("replaced.safetensors");
        TestFiles.WriteZeros(path, ("old", [4]));
        using var file = SafetensorsFile.Open(path);

        TestFiles.WriteZeros(path, ("new", [8]));

        Assert.Equal(16, file.Bytes(file.Tensors["old"]).Length);
        using var again = SafetensorsFile.Open(path);
        Assert.True(again.Tensors.ContainsKey("new"));
    }

    [Fact]
    public void DataPointer_EntryOfAnotherFile_IsRefused()
    {
        string path = _folder.File("one.safetensors");
        TestFiles.WriteZeros(path, ("a", [4]));
        using var one = SafetensorsFile.Open(path);
        using var two = SafetensorsFile.Open(path);

        Assert.Throws<ArgumentException>(() => one.DataPointer(two.Tensors["a"]));
    }
}
