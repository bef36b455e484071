using System.Runtime.InteropServices;
using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_InPieces_ReadsBackExactly()
    {
        string path = _folder.File("model.safetensors");
        float[] values = [1, -2, 0.5f, float.MaxValue, 5, 6];
        ushort[] halves = [Bf16.FromSingle(1.5f), Bf16.FromSingle(-3)];
        using (var writer = SafetensorsWriter.Create(path,
            [new("z", SafetensorsDtype.F32, [2, 3]), new("empty", SafetensorsDtype.F32, [0]), new("a", SafetensorsDtype.BF16, [2])],
            new Dictionary<string, string> { ["made"] = "here" }))
        {
            writer.Write<float>("z", values.AsSpan(0, 1));
            writer.Write<float>("z", values.AsSpan(1));
            writer.Write<ushort>("a", halves);
            writer.Commit();
        }

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(values, MemoryMarshal.Cast<byte, float>(file.Bytes(file.Tensors["z"])).ToArray());
        Assert.Equal(halves, MemoryMarshal.Cast<byte, ushort>(file.Bytes(file.Tensors["a"])).ToArray());
        Assert.Equal([0L], file.Tensors["empty"].Shape);
        Assert.Equal("here", file.Metadata["made"]);
        Assert.Equal(0, file.Tensors["z"].Offset % 8);
    }

    [Fact]
    public void Dispose_WithoutCommit_LeavesNothingAndKeepsTheOldFile()
    {
        string path = _folder.File("model.safetensors");
        TestFiles.WriteZeros(path, ("old", [1]));
        byte[] before = File.ReadAllBytes(path);

        using (var writer = SafetensorsWriter.Create(path, [new("new", SafetensorsDtype.F32, [2])]))
        {
            writer.Write<float>("new", [1]);
            Assert.Contains("4 bytes left", Assert.Throws<InvalidOperationException>(writer.Commit).Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Write_OutOfTurnOrTooMuch_IsRefused()
    {
        using var writer = SafetensorsWriter.Create(
            _folder.File("m.safetensors"), [new("a", SafetensorsDtype.F32, [1]), new("b", SafetensorsDtype.F32, [1])]);

        Assert.Contains("turn of 'a'", Assert.Throws<InvalidOperationException>(() => writer.Write<float>("b", [1])).Message, StringComparison.Ordinal);
        Assert.Contains("4 bytes left", Assert.Throws<InvalidOperationException>(() => writer.Write<float>("a", [1, 2])).Message, StringComparison.Ordinal);
        writer.Write<float>("a", [1]);
        writer.Write<float>("b", [1]);
        Assert.Contains("all tensors are written", Assert.Throws<InvalidOperationException>(() => writer.Write<float>("b", [1])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 1)] // cannot be asked for
    [InlineData("__metadata__", 1)] // means something else to every reader
    [InlineData("a", 1)] // the second of that name
    [InlineData("b", -1)] // negative size
    public void Create_UnusableDeclaration_IsRefused(string name, long size) =>
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Create(
            _folder.File("m.safetensors"), [new("a", SafetensorsDtype.F32, [1]), new(name, SafetensorsDtype.F32, [size])]));

    [Theory]
    [InlineData(1.0f, 0x3F80)]
    [InlineData(1.00390625f, 0x3F80)] // half-way between 0x3F80 and 0x3F81: to even
    [InlineData(1.01171875f, 0x3F82)] // half-way between 0x3F81 and 0x3F82: to even
    [InlineData(float.MaxValue, 0x7F80)] // rounds up to infinity
    [InlineData(float.NaN, 0xFFC0)]
    [InlineData(-0f, 0x8000)]
    public void FromSingle_Value_RoundsToNearestEven(float value, ushort expected) => Assert.Equal(expected, Bf16.FromSingle(value));
}
