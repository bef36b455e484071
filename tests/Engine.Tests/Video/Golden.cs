using System.Runtime.InteropServices;
using System.Text.Json;

namespace Studio.Engine.Tests.Video;

/// <summary>Reads the reference numbers of one case folder.</summary>
internal sealed class Golden
{
    private readonly byte[] _data;
    private readonly JsonElement _header;
    private readonly int _start;

    private Golden(string folder)
    {
        Case = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json"))).RootElement;
        string tensors = Path.Combine(folder, "case.safetensors");
        _data = File.Exists(tensors) ? File.ReadAllBytes(tensors) : [2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}'];
        int length = (int)BitConverter.ToInt64(_data);
        _header = JsonDocument.Parse(_data.AsMemory(8, length)).RootElement;
        _start = 8 + length;
    }

    internal JsonElement Case { get; }

    internal static Golden Load(string name) => new(Tests.Golden.Folder(name));

    internal int[] Shape(string name) => [.. _header.GetProperty(name).GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];

    internal byte[] Bytes(string name)
    {
        JsonElement range = _header.GetProperty(name).GetProperty("data_offsets");
        return _data[(_start + range[0].GetInt32())..(_start + range[1].GetInt32())];
    }

    internal float[] Floats(string name) => MemoryMarshal.Cast<byte, float>(Bytes(name)).ToArray();
}
